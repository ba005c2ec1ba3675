"""Cells of the matrix that have no case, each with its reason. A reason that is not needed fails the run."""

REASONS = [
]
