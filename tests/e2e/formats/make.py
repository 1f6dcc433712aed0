#!/usr/bin/env python3
"""Makes the data folder that `host_job.py` opens with the version of today: run beside a binary of the version whose format
it is to be, as `make.py NUMBER`, with CARGO_TARGET_DIR naming the folder of that binary.

Writes `format-NUMBER.tar.xz`, without what is compiled or indexed again, and `format-NUMBER.json`, what a client saw.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "power")]

from kamld import Kamld  # noqa: E402
from session import Session  # noqa: E402
from world import look  # noqa: E402


def main():
    number = int(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="kamld-format-") as base:
        data = pathlib.Path(base) / "data"
        with Kamld(data) as server:
            session = Session(server)
            for name, step, _ in session.steps:
                print(name, flush=True)
                step()
            facts = look(server, session.tagged, session.uploads)
            assert server.stop() == 0
        uploads = {url: address for url, (address, _) in session.uploads.items()}
        sizes = {url: len(data) for url, (_, data) in session.uploads.items()}
        # What an admin decided about a plug-in stays, whatever a newer binary brings.
        decided = ["grant of kamld/samples", "grant of kamld/preview-table", "plug-in kamld/preview-table",
                   "plug-in kamld/preview-image"]
        told = {"decided": decided, "facts": facts, "tagged": session.tagged, "uploads": uploads, "sizes": sizes}
        (HERE / f"format-{number}.json").write_text(json.dumps(told, indent=1, sort_keys=True) + "\n")
        subprocess.run(["tar", "-cJf", HERE / f"format-{number}.tar.xz", "--exclude=./cache", "--exclude=./index",
                        "--exclude=./lock", "-C", data, "."], check=True)


main()
