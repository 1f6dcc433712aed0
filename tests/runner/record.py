"""What passed on this machine, by the key of its inputs: $KAMLD_CACHE/green/JOB/KEY.json.

Only what passed is written, whole and then renamed, so that two runs at once never leave half a record.
"""

import json
import os
import pathlib
import re
import tempfile

from .job import Outcome

# How many keys of a job are kept: enough for a few clones and branches side by side.
KEPT = 20


class Record:
    def __init__(self, cache):
        self.folder = pathlib.Path(cache) / "green"

    def place(self, job):
        return self.folder / re.sub(r"[^\w.-]+", "-", job.name)

    def find(self, job, key):
        """The outcome of when the job last passed with these inputs."""
        try:
            kept = json.loads((self.place(job) / f"{key}.json").read_text())
            return Outcome(kept["passed"], 0, kept["skipped"], kept["seconds"])
        except (OSError, ValueError, KeyError):
            return None

    def seconds(self, job):
        """How long the job took when it last passed; None when it never did."""
        for path in self.newest(job)[:1]:
            try:
                return json.loads(path.read_text())["seconds"]
            except (OSError, ValueError, KeyError):
                pass
        return None

    def newest(self, job):
        def age(path):
            try:
                return path.stat().st_mtime
            except OSError:
                return 0
        return sorted(self.place(job).glob("*.json"), key=age, reverse=True)

    def keep(self, job, key, outcome):
        folder = self.place(job)
        folder.mkdir(parents=True, exist_ok=True)
        content = {"job": job.name, "passed": outcome.passed, "skipped": outcome.skipped, "seconds": round(outcome.seconds, 1)}
        with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".partial", delete=False) as file:
            json.dump(content, file)
        os.replace(file.name, folder / f"{key}.json")
        for old in self.newest(job)[KEPT:]:
            old.unlink(missing_ok=True)
