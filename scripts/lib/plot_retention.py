"""Draws the samples of `scripts/bench retention` as an SVG: what the data folder takes beside what it retains, and memory.

Usage: plot_retention.py SAMPLES.csv DRAWING.svg
"""

import csv
import sys

WIDTH, PANEL, LEFT, RIGHT, TOP, GAP, BOTTOM = 860, 260, 70, 170, 46, 56, 46
GIB, MIB = 1 << 30, 1 << 20
SEGMENT_BYTES = 256 * MIB  # of a full one
# The bound of docs/operations.md: what is retained and a fifth of it, and two segments.
BOUND_FACTOR, BOUND_SEGMENTS = 1.2, 2


def steps(highest):
    """A few round numbers from 0 to beyond the highest."""
    step = 1.0
    while highest / step > 6:
        step *= 2 if str(step)[0] in "15" else 2.5
    while highest / step < 2.5:
        step /= 2
    count = int(highest / step) + 1
    return [step * i for i in range(count + 1)]


def line(points, colour, dashed=False):
    text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<polyline fill="none" stroke="{colour}" stroke-width="1.6"{dash} points="{text}"/>'


def panel(top, title, unit, times, series):
    """One diagram: series are (name, colour, dashed, values)."""
    out = [f'<text x="{LEFT}" y="{top - 12}" class="title">{title}</text>']
    marks = steps(max(max(values) for _, _, _, values in series))
    right, last = WIDTH - RIGHT, max(times[-1], 1)
    x = lambda second: LEFT + (right - LEFT) * second / last
    y = lambda value: top + PANEL - PANEL * value / marks[-1]
    for mark in marks:
        out.append(f'<line x1="{LEFT}" x2="{right}" y1="{y(mark):.1f}" y2="{y(mark):.1f}" class="grid"/>')
        out.append(f'<text x="{LEFT - 8}" y="{y(mark) + 4:.1f}" text-anchor="end">{mark:g} {unit}</text>')
    for second in steps(last):
        if second <= last:
            out.append(f'<text x="{x(second):.1f}" y="{top + PANEL + 18}" text-anchor="middle">{second:g} s</text>')
    for number, (name, colour, dashed, values) in enumerate(series):
        out.append(line([(x(t), y(v)) for t, v in zip(times, values)], colour, dashed))
        at = top + 10 + 18 * number
        out.append(line([(right + 14, at), (right + 38, at)], colour, dashed))
        out.append(f'<text x="{right + 44}" y="{at + 4}">{name}</text>')
    return out


def draw(rows):
    times = [int(row["seconds"]) for row in rows]
    column = lambda name, unit: [int(row[name]) / unit for row in rows]
    retained = column("retained_bytes", GIB)
    bound = [BOUND_FACTOR * value + BOUND_SEGMENTS * SEGMENT_BYTES / GIB for value in retained]
    written = int(rows[-1]["written_bytes"]) / GIB
    height = TOP + PANEL + GAP + PANEL + BOTTOM
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
        "<style>.grid{stroke:#ddd} .title{font-size:14px;font-weight:bold}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        *panel(TOP, f"{written:.1f} GiB through one data folder: disk", "GiB", times,
               [("on the disk", "#c0392b", False, column("disk_bytes", GIB)),
                ("retained", "#2471a3", False, retained),
                ("bound", "#888888", True, bound)]),
        *panel(TOP + PANEL + GAP, "Resident memory of the process", "MiB", times,
               [("resident", "#1e8449", False, column("resident_bytes", MIB))]),
        "</svg>",
    ]
    return "\n".join(out) + "\n"


def main():
    samples, drawing = sys.argv[1:]
    with open(samples, newline="", encoding="ascii") as file:
        rows = list(csv.DictReader(file))
    with open(drawing, "w", encoding="ascii") as file:
        file.write(draw(rows))


if __name__ == "__main__":
    main()
