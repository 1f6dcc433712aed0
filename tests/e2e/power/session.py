"""What the recorded server is asked to do, step by step, and what it holds after each acknowledgement.

Must not live here: looking (`world.py`), cutting (`disk.py`).
"""

import base64
import io
import pathlib
import random
import tarfile

from kamld import BINARY
from world import TUS, append, command, get

ASSET = "p/a"


def bytes_of(name, size):
    """Bytes that are the same in each run."""
    return random.Random(name).randbytes(size)


class Session:
    """The steps in order. A step is one request that is acknowledged; `same` marks those that change nothing that can
    be seen."""

    def __init__(self, server):
        self.server = server
        self.tagged = [f"{ASSET}/small.txt", f"{ASSET}/batch/03.txt"]
        self.uploads = {}  # url -> (address, all bytes)
        self.names = {}    # a name for the upload in this script -> url
        self.steps = []    # (name, function, whether something must be seen to change)
        self._script()

    def step(self, name, function, *arguments, same=False, **named):
        self.steps.append((name, lambda: function(*arguments, **named), not same))

    def run(self, *words, **arguments):
        self.step(" ".join(words), lambda: command(self.server, *words, **arguments))

    def put(self, path, size, at=ASSET):
        data = bytes_of(path + str(size), size)
        self.step(f"put {at}/{path} ({size} bytes)", get, self.server, f"/api/v1/objects/{at}/{path}", "PUT", data)

    def batch(self, names, size):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as tar:
            for name in names:
                entry = tarfile.TarInfo(name)
                entry.size, entry.mtime = size, 1_700_000_000
                tar.addfile(entry, io.BytesIO(bytes_of(name, size)))
        self.step(f"put {len(names)} files in a batch", get, self.server, f"/api/v1/batches/{ASSET}", "POST",
                  file.getvalue(), {"Content-Type": "application/x-tar"})

    def upload(self, name, address, size):
        def begin():
            metadata = "address " + base64.b64encode(address.encode()).decode()
            status, headers, body = self.server.http("POST", "/api/v1/uploads", b"", TUS | {
                "Upload-Length": str(size), "Upload-Metadata": metadata})
            assert status == 201, (status, body)
            url = headers["Location"].removeprefix(self.server.url)
            self.names[name], self.uploads[url] = url, (address, bytes_of(name, size))
        self.step(f"upload {name}: begin", begin)

    def piece(self, name, start, end):
        def send():
            url = self.names[name]
            assert append(self.server, url, start, self.uploads[url][1][start:end]) == end
        self.step(f"upload {name}: bytes {start} to {end}", send)

    def plugin(self, what, plugin, method="POST", below="", body=b"", headers=()):
        path = f"/api/v1/plugins/{plugin}{below}" if plugin else f"/api/v1/plugins{below}"
        self.step(f"plug-in {what}", lambda: get(self.server, path, method, body() if callable(body) else body, headers))

    def narrower(self, plugin):
        """The grant of a plug-in without its last table."""
        text = get(self.server, f"/api/v1/plugins/{plugin}/grant").decode()
        return text[:text.rindex("[[grant.allow]]")].encode()

    def collect(self):
        """Garbage collection, when this binary has it."""
        try:
            offered = "gc" in self.server.run("storage", "--help")
        except Exception:  # no such command is no fault here
            offered = False
        if offered:
            self.step("storage gc", self.server.run, "storage", "gc", "--grace", "0s", same=True)

    def _script(self):
        self.run("project", "create", name="p", title="A project")
        self.run("asset", "create", asset=ASSET)
        self.put("small.txt", 3_000)
        self.put("large.bin", 300_000)
        self.batch([f"batch/{n:02}.txt" for n in range(20)], 1_500)
        self.upload("one", f"{ASSET}/uploaded.bin", 700_000)
        self.piece("one", 0, 250_000)
        self.run("commit", asset=ASSET, message="first")
        self.piece("one", 250_000, 400_000)
        self.piece("one", 400_000, 700_000)
        self.put("small.txt", 3_100)
        self.run("version", "create", asset=ASSET, name="v1")
        self.run("tag", "add", address=ASSET, tag=["raw", "checked"])
        self.run("tag", "add", address=f"{ASSET}/batch/03.txt", tag=["third"])
        self.run("query", "save", name="count", query="select 1 as one", project="p")
        self.run("branch", "create", asset=ASSET, name="try")
        self.put("tried.txt", 2_000, at=f"{ASSET}@try")
        self.run("commit", asset=f"{ASSET}@try", message="tried")
        self.run("mv", **{"from": f"{ASSET}/batch/01.txt", "to": f"{ASSET}/moved/one.txt"})
        self.run("cp", **{"from": f"{ASSET}/batch/", "to": f"{ASSET}/copied/"})
        self.run("rm", address=[f"{ASSET}/batch/05.txt", f"{ASSET}/batch/06.txt"])
        self.run("commit", asset=ASSET, message="second")
        self.run("restore", asset=ASSET, ref="v1")
        self.run("tag", "remove", address=ASSET, tag=["raw"])
        self.run("query", "save", name="long", query="select '" + "x" * 20_000 + "'", project="p")
        self.run("query", "remove", name="count")
        self.plugin("grant", "kamld/samples", "PUT", "/grant", lambda: self.narrower("kamld/samples"))
        self.plugin("revoke", "kamld/preview-table", "PUT", "/grant")
        self.plugin("disable", "kamld/preview-image", below="/disable")
        self.plugin("remove", "kamld/preview-text", "DELETE", body=None)
        package = pathlib.Path(BINARY).parent / "plugins" / "kamld-preview-text.wasm"
        self.plugin("install", "", below="?grant=needs", body=lambda: package.read_bytes(),
                    headers={"Content-Type": "application/wasm"})
        self.run("branch", "remove", asset=ASSET, name="try", force=True)
        self.upload("two", f"{ASSET}/half.bin", 500_000)
        self.piece("two", 0, 180_000)
        self.upload("three", f"{ASSET}/never.bin", 400_000)
        self.piece("three", 0, 70_000)
        self.step("upload three: abort", lambda: get(self.server, self.names["three"], "DELETE", None, TUS))
        self.run("project", "create", name="q")
        self.run("asset", "create", asset="q/x", kind="model")
        self.put("weights.bin", 200_000, at="q/x")
        self.run("asset", "remove", asset="q/x")
        self.run("project", "remove", name="q")
        self.collect()
        self.put("last.txt", 4_000)
        self.run("commit", asset=ASSET, message="third")


class FirstStart(Session):
    """What a person does in the first minute with a new data folder."""

    def _script(self):
        self.run("project", "create", name="p")
        self.run("asset", "create", asset=ASSET)
        self.upload("one", f"{ASSET}/uploaded.bin", 300_000)
        self.piece("one", 0, 100_000)
        self.put("small.txt", 3_000)
        self.put("large.bin", 300_000)
        self.piece("one", 100_000, 300_000)
        self.run("commit", asset=ASSET, message="first")
        self.run("tag", "add", address=ASSET, tag=["raw"])
        self.run("query", "save", name="count", query="select 1 as one", project="p")
        self.plugin("disable", "kamld/preview-image", below="/disable")
