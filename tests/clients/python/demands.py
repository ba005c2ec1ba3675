"""What the scripts of this folder demand of errors, as boto3 raises them."""

from botocore.exceptions import ClientError
from steps import check, equal


def expect_error(error, what, call, **arguments):
    """Calls, and demands the error, which it returns: a class of the client's exceptions, or the code of one it has no
    class for."""
    try:
        call(**arguments)
    except ClientError as caught:
        code = caught.response["Error"]["Code"]
        matches = code == error if isinstance(error, str) else isinstance(caught, error)
        check(matches, f"{what}: expected {error}, got {code}: {caught}")
        equal(caught.response["ResponseMetadata"]["HTTPStatusCode"], 400, f"HTTP status of {what}")
        return caught
    check(False, f"{what}: expected {error}, got an answer")
