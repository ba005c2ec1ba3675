"""Signature Version 4 of a request to `POST /`, from the standard library alone."""

import hashlib
import hmac
import time


def _sha256(content):
    return hashlib.sha256(content).hexdigest()


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def sign(credentials, region, headers, body, now=None):
    """What a request with these headers (a dict, Host among them) needs beside them; `credentials` is a tuple of access
    key, secret key and session token, the last one None for keys that do not run out."""
    access_key, secret_key, token = credentials
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now if now is not None else time.time()))
    extra = {"X-Amz-Date": date}
    if token is not None:
        extra["X-Amz-Security-Token"] = token
    signed = {name.lower(): value.strip() for name, value in (headers | extra).items()}
    names = ";".join(sorted(signed))
    canonical = "\n".join(["POST", "/", "", *(f"{name}:{signed[name]}" for name in sorted(signed)), "", names,
                           _sha256(body)])
    scope = f"{date[:8]}/{region}/kinesis/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", date, scope, _sha256(canonical.encode())])
    key = ("AWS4" + secret_key).encode()
    for part in (date[:8], region, "kinesis", "aws4_request"):
        key = _hmac(key, part)
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    extra["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}, "
                              f"Signature={signature}")
    return extra
