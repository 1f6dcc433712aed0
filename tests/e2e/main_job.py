"""The main job of a newcomer on real files, by command line and HTTP; `data_job.py`, `host_job.py` and
`stranger_job.py` are its parts."""

import os
import pathlib
import sys
import tempfile
import traceback

from data_job import DataJob
from host_job import HostJob
from kamld import Kamld, Skipped
from stranger_job import StrangerJob


class Journey(DataJob, HostJob, StrangerJob):
    """One server and one folder of a person, through all tests in the order of their numbers."""


def back_end():
    """The embedded defaults, or the S3 that KAMLD_TEST_S3 names (URL,KEY,SECRET,BUCKET)."""
    if "KAMLD_TEST_S3" not in os.environ:
        return []
    url, key, secret, bucket = os.environ["KAMLD_TEST_S3"].split(",")
    settings = {"backend": "s3", "s3.endpoint": url, "s3.access_key": key, "s3.secret_key": secret, "s3.bucket": bucket,
                "s3.prefix": "journey"}
    return [word for name, value in settings.items() for word in ("--set", f"storage.{name}={value}")]


def main():
    only = sys.argv[1:]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kamld-e2e-"))
    passed = failed = 0
    with Kamld(folder / "data", *back_end()) as server:
        journey = Journey(server, folder)
        for name in sorted(n for n in dir(journey) if n.startswith("test_")):
            if only and not any(word in name for word in only):
                continue
            try:
                getattr(journey, name)()
                passed += 1
                print(f"ok    {name}", flush=True)
            except Skipped as why:
                print(f"skipped: {name}: {why}", flush=True)
            except Exception as error:  # each test is reported, whatever it raised
                failed += 1
                print(f"FAIL  {name}", flush=True)
                traceback.print_exception(error)
                if server.process.poll() is not None:
                    print("".join(server.output[-40:]))
                    server.start()
    print(f"{passed} passed, {failed} failed")
    sys.exit(bool(failed))


main()
