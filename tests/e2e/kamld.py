"""A running kamld for tests: start, stop, kill, command line and HTTP."""

import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
BINARY = TARGET / "debug" / "kamld"


class Skipped(Exception):
    """A test that cannot run here, and why; counted by name, never as passed."""


class Refused(Exception):
    """A command that ended with an error: its exit code and what it said."""

    def __init__(self, code, stderr):
        super().__init__(f"exit {code}: {stderr}")
        self.code, self.stderr = code, stderr


def environment():
    """The environment without a person's own settings of kamld."""
    return {k: v for k, v in os.environ.items() if not k.startswith("KAMLD_")} | {"NO_COLOR": "1"}


class Kamld:
    """One server on one data folder."""

    def __init__(self, data, *arguments, **variables):
        self.data, self.arguments, self.variables, self.process = pathlib.Path(data), arguments, variables, None
        self.url = self.token = None
        self.output = []

    def start(self, timeout=600):
        self.process = subprocess.Popen(
            [BINARY, "up", "--data", self.data, "--listen", "127.0.0.1:0", "--no-browser", *self.arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=environment() | self.variables)
        ready = threading.Event()
        self.output, self.url = [], None

        def follow(stream):
            for line in stream:
                self.output.append(line)
                found = re.search(r"ready (https?://\S+?)/\?token=(\S+)", line)
                if found:
                    self.url, self.token = found.groups()
                    ready.set()
            ready.set()

        threading.Thread(target=follow, args=(self.process.stdout,), daemon=True).start()
        if not ready.wait(timeout) or self.url is None or self.process.poll() is not None:
            raise AssertionError("kamld did not get ready:\n" + "".join(self.output))
        return self

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self if self.process else self.start()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()

    def run(self, *words, stdin=None, **settings):
        """The command line; answers what it printed, or raises Refused."""
        done = subprocess.run([BINARY, *map(str, words)], capture_output=True, input=stdin,
                              env=environment() | {"KAMLD_DATA": str(self.data)} | settings, timeout=300)
        if done.returncode:
            raise Refused(done.returncode, done.stderr.decode())
        return done.stdout.decode()

    def json(self, *words, **settings):
        return json.loads(self.run(*words, "--json", **settings))

    def sql(self, query, project):
        text = self.run("sql", query, "--project", project, "--format", "jsonl")
        return [json.loads(line) for line in text.splitlines()]

    def http(self, method, path, body=None, headers=(), timeout=60):
        """(status, headers, bytes); an HTTP error is an answer too."""
        request = urllib.request.Request(self.url + path, data=body, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        for name, value in dict(headers).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()
