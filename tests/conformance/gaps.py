"""Cells of the matrix that have no case, each with its reason. A reason that is not needed fails the run."""

_OWN_FAULT = "the service's own failure, which no request causes"
_KEYS = "needs an encryption key in that state, and keys belong to another service"
_ACCESS = "needs credentials with fewer rights than the suite's own"
_READS = "reads are answered in every state"

REASONS = [
    ("*", "InternalFailureException", _OWN_FAULT),
    ("*", "AccessDeniedException", _ACCESS),
    *(("*", error, _KEYS) for error in (
        "KMSDisabledException", "KMSInvalidStateException", "KMSAccessDeniedException", "KMSNotFoundException",
        "KMSOptInRequired", "KMSThrottlingException")),
    *((operation, "InvalidArgumentException", "its only argument is an ARN, and one that names nothing is not found")
      for operation in ("GetResourcePolicy", "DeleteResourcePolicy", "ListTagsForResource")),
    ("GetResourcePolicy", "ResourceInUseException", _READS),
    ("ListTagsForResource", "ResourceInUseException", _READS),
    ("ListShards", "LimitExceededException", "a thousand calls a second are more than this client makes"),
    ("SubscribeToShard", "LimitExceededException", "counts calls that were accepted, which begin a subscription"),
    ("UpdateAccountSettings", "InvalidArgumentException",
     "its one member has two values, and the constraints refuse all others"),
]
