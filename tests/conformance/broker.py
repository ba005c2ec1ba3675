"""A broker as a process: started on a free port, and ended."""

import os
import re
import subprocess
import tempfile
import threading

START_SECONDS_MAX = 30


ENGINES = ("memory", "embedded")


class Broker:
    """On the memory engine or the embedded one, whose folder goes with the broker."""

    def __init__(self, binary, options=(), engine="memory"):
        self._folder = tempfile.TemporaryDirectory(prefix="millrace-test-")
        # A machine that runs tests may have less left than the default reserve.
        own = ["--data-dir", self._folder.name, "--disk-reserve", "0"] if engine == "embedded" else []
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MILLRACE_")}
        self.process = subprocess.Popen([binary, "serve", "--port", "0", "--engine", engine, *own, *options], env=environment, text=True,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.lines, self.endpoint, self._ready = [], None, threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(START_SECONDS_MAX) or self.endpoint is None:
            self.stop()
            raise RuntimeError("the broker did not start: " + "; ".join(self.lines[-3:]))

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))
            found = re.search(r"127\.0\.0\.1:(\d+)", line)
            if found and self.endpoint is None:
                self.endpoint = f"http://127.0.0.1:{found.group(1)}"
            if line == "Ready.\n":
                self._ready.set()
        self._ready.set()

    def stop(self):
        """Its exit status; 0 is that of a broker that was asked to end."""
        self.process.terminate()
        try:
            code = self.process.wait(START_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self._reader.join(START_SECONDS_MAX)
        self.process.stderr.close()
        self._folder.cleanup()
        return code
