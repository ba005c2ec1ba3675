"""Runs the suite of this folder with a DynamoDB stand-in beside it, which the library keeps its leases in.

Usage: run.py JAVA [ARGUMENT...] ENDPOINT        (what starts the Java program, and the endpoint of the broker)
"""

import logging
import os
import subprocess
import sys

for name, value in (("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_DEFAULT_REGION", "us-east-1")):
    os.environ.setdefault(name, value)

from moto.server import ThreadedMotoServer  # noqa: E402  (reads the environment when it is imported)

LIMIT_SECONDS = 380


def main():
    *java, endpoint = sys.argv[1:]
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    leases = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    leases.start()
    try:
        host, port = leases.get_host_and_port()
        return subprocess.run([*java, endpoint, f"http://{host}:{port}"], timeout=LIMIT_SECONDS, check=False).returncode
    finally:
        leases.stop()


if __name__ == "__main__":
    sys.exit(main())
