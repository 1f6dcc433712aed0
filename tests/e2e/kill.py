"""kill -9 at random moments during puts, uploads, commits, restores and tagging.

After each kill the server starts again on the same data folder, and everything that it had acknowledged is looked
for: objects with their bytes, offsets of unfinished uploads, commits, versions, tags. `storage check` must find
every ref pointing at what is there. KAMLD_KILLS rounds, 200 by default, on two servers side by side: one of them mostly
waits for its disk or for the moment of its kill. KAMLD_SEED repeats a run.
"""

import base64
import hashlib
import json
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import threading
import time
import urllib.error

from kamld import Kamld

ROUNDS = int(os.environ.get("KAMLD_KILLS", "200"))
SEED = int(os.environ.get("KAMLD_SEED", str(random.randrange(1 << 32))))
LANES = 2
ASSET = "crash/test"
ERRORS = (urllib.error.URLError, ConnectionError, OSError, TimeoutError, EOFError)


class Truth:
    """What the server acknowledged. A write that was sent and not answered may be there or not."""

    def __init__(self):
        self.objects = {}   # path -> set of acceptable sha256, None for absent
        self.commits = {}   # id -> {path: sha256} is too much to keep; the root is checked by `storage check`
        self.versions = {}  # name -> commit
        self.tags = set()
        self.maybe_tags = set()
        self.uploads = {}   # url -> (acknowledged offset, bytes, path)


def sha(data):
    return hashlib.sha256(data).hexdigest()


def command(server, words, arguments):
    status, _, body = server.http("POST", "/api/v1/commands/" + "/".join(words),
                                  json.dumps(arguments).encode(), {"Content-Type": "application/json"})
    return status, json.loads(body) if body else None


def writer(server, truth, rng, stop):
    """Writes until the server is gone. One writer, so that what it last heard is the truth."""
    while not stop.is_set():
        action = rng.random()
        path = f"f{rng.randrange(40)}.bin"
        try:
            if action < 0.45:
                data = rng.randbytes(rng.choice([0, 10, 3000, 90_000, 300_000]))
                before = truth.objects.get(path, {None})
                truth.objects[path] = before | {sha(data)}
                status, _, body = server.http("PUT", f"/api/v1/objects/{ASSET}/{path}", data)
                assert status in (200, 201), (status, body)
                truth.objects[path] = {sha(data)}
            elif action < 0.55:
                before = truth.objects.get(path, {None})
                if before == {None}:
                    continue
                truth.objects[path] = before | {None}
                status, body = command(server, ["rm"], {"address": f"{ASSET}/{path}"})
                assert status in (200, 404), (status, body)
                truth.objects[path] = {None}
            elif action < 0.70:
                status, body = command(server, ["commit"], {"asset": ASSET, "message": "m"})
                assert status in (200, 400), (status, body)
                if status == 200:
                    truth.commits[body["data"]["id"]] = dict(truth.objects)
            elif action < 0.76 and truth.commits:
                name = f"v{rng.randrange(1 << 30)}x"
                commit = rng.choice(list(truth.commits))
                status, body = command(server, ["version", "create"], {"asset": ASSET, "name": name, "ref": commit})
                assert status == 200, (status, body)
                truth.versions[name] = commit
            elif action < 0.84 and len(truth.maybe_tags) >= 200:
                # An asset carries at most 256 tags: take some away again, which can be cut short too.
                taken = rng.sample(sorted(truth.tags), min(50, len(truth.tags)))
                truth.tags -= set(taken)
                status, body = command(server, ["tag", "remove"], {"address": ASSET, "tag": taken})
                assert status == 200, (status, body)
                truth.maybe_tags -= set(taken)
            elif action < 0.84:
                tag = f"t{rng.randrange(1 << 30)}"
                truth.maybe_tags.add(tag)
                status, body = command(server, ["tag", "add"], {"address": ASSET, "tag": [tag]})
                assert status == 200, (status, body)
                truth.tags.add(tag)
            elif action < 0.90 and truth.commits:
                commit = rng.choice(list(truth.commits))
                after = truth.commits[commit]
                paths = set(after) | set(truth.objects)
                before = dict(truth.objects)
                for p in paths:
                    truth.objects[p] = before.get(p, {None}) | after.get(p, {None})
                status, body = command(server, ["restore"], {"asset": ASSET, "ref": commit})
                assert status == 200, (status, body)
                for p in paths:
                    truth.objects[p] = set(after.get(p, {None}))
            else:
                upload(server, truth, rng)
        except ERRORS:
            return


def upload(server, truth, rng):
    data = rng.randbytes(rng.randrange(200_000, 1_500_000))
    path = f"u{rng.randrange(20)}.bin"
    metadata = "address " + base64.b64encode(f"{ASSET}/{path}".encode()).decode()
    tus = {"Tus-Resumable": "1.0.0"}
    status, headers, body = server.http("POST", "/api/v1/uploads", b"",
                                        tus | {"Upload-Length": str(len(data)), "Upload-Metadata": metadata})
    assert status == 201, (status, body)
    url = headers["Location"].removeprefix(server.url)
    truth.uploads[url] = (0, data, path)
    resume(server, truth, url, rng)


def resume(server, truth, url, rng):
    acknowledged, data, path = truth.uploads[url]
    tus = {"Tus-Resumable": "1.0.0"}
    status, headers, body = server.http("HEAD", url, headers=tus)
    if status in (404, 410):
        # Finished, and the answer was lost with the connection: then the object is there.
        assert sha(data) in truth.objects.get(path, set()), f"upload {url} of {path} is lost at {acknowledged}"
        del truth.uploads[url]
        return
    assert status in (200, 204), (status, body)
    offset = int(headers["Upload-Offset"])
    assert offset >= acknowledged, f"upload {url} was acknowledged up to {acknowledged} and is at {offset}"
    while offset < len(data):
        piece = data[offset:offset + rng.randrange(50_000, 400_000)]
        if offset + len(piece) == len(data):
            truth.objects[path] = truth.objects.get(path, {None}) | {sha(data)}
        status, headers, body = server.http("PATCH", url, piece, tus | {
            "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"})
        assert status == 204, (status, body)
        offset = int(headers["Upload-Offset"])
        truth.uploads[url] = (offset, data, path)
    truth.objects[path] = {sha(data)}
    del truth.uploads[url]


def verify(server, truth, rng):
    listed, after = {}, ""
    while True:
        status, _, body = server.http("GET", f"/api/v1/listing/{ASSET}?limit=1000&after={after}")
        assert status == 200, (status, body)
        page = json.loads(body)
        listed |= {o["path"]: o["hash"] for o in page["objects"]}
        after = page.get("next")
        if not after:
            break
    for path, acceptable in truth.objects.items():
        assert listed.get(path) in acceptable, f"{path} is {listed.get(path)}, acknowledged was {acceptable}"
        truth.objects[path] = {listed.get(path)}
    assert not set(listed) - set(truth.objects), f"never written: {set(listed) - set(truth.objects)}"
    for path in rng.sample(sorted(listed), min(5, len(listed))):
        status, _, body = server.http("GET", f"/api/v1/objects/{ASSET}/{path}")
        assert status == 200 and sha(body) == listed[path], f"{path} reads as {sha(body)} ({status})"
    status, body = command(server, ["version", "list"], {"asset": ASSET})
    assert status == 200, (status, body)
    named = {v["name"]: v["commit"] for v in body["data"]["versions"]}
    for name, commit in truth.versions.items():
        assert named.get(name) == commit, f"version {name} is {named.get(name)}, acknowledged was {commit}"
    status, body = command(server, ["show"], {"address": ASSET})
    assert status == 200, (status, body)
    tags = set(body["data"]["tags"])
    assert truth.tags <= tags, f"lost tags: {truth.tags - tags}"
    assert tags <= truth.maybe_tags, f"tags nobody gave: {tags - truth.maybe_tags}"
    # What was not answered before the kill is settled now.
    truth.tags, truth.maybe_tags = set(tags), set(tags)
    for url in list(truth.uploads):
        resume(server, truth, url, rng)


def lane(number, rounds, seed):
    """Kills one server so many times; whether nothing was lost."""
    rng = random.Random(seed)
    folder = tempfile.mkdtemp(prefix="kamld-kill-")
    truth, started = Truth(), time.monotonic()
    server = Kamld(folder).start()
    try:
        for words, arguments in ((["project", "create"], {"name": "crash"}), (["asset", "create"], {"asset": ASSET})):
            status, body = command(server, words, arguments)
            assert status == 200, (status, body)
        for round_ in range(rounds):
            stop = threading.Event()
            thread = threading.Thread(target=writer, args=(server, truth, rng, stop))
            failures = []
            thread.run = guarded(thread.run, failures)
            thread.start()
            # The moment of the kill is the random thing under test, not a wait for something.
            stop.wait(rng.uniform(0.02, 0.6))
            server.kill()
            stop.set()
            thread.join()
            assert not failures, failures[0]
            server = Kamld(folder).start()
            verify(server, truth, rng)
            if round_ % 20 == 19:
                check = server.http("POST", "/api/v1/storage/check", b"", timeout=300)[2].decode().strip().splitlines()
                last = json.loads(check[-1])
                assert not last.get("damaged"), last
                print(f"server {number}: {round_ + 1} kills, {len(truth.commits)} commits, {len(truth.versions)} "
                      f"versions, {len(truth.tags)} tags, {time.monotonic() - started:.0f} s", flush=True)
        server.stop()
        acknowledged = len(truth.objects) + len(truth.versions) + len(truth.tags) + len(truth.commits)
        print(f"server {number}: nothing acknowledged was lost in {rounds} kills ({acknowledged} things acknowledged)")
        shutil.rmtree(folder)
        return True
    except AssertionError as error:
        server.kill()
        print(f"server {number}: FAIL with KAMLD_SEED={SEED}: {error}\nthe data folder is kept: {folder}", flush=True)
        return False


def main():
    print(f"seed {SEED}, {ROUNDS} kills", flush=True)
    lanes = [(number, ROUNDS // LANES + (number < ROUNDS % LANES), SEED + number) for number in range(LANES)]
    with multiprocessing.Pool(LANES) as pool:
        held = pool.starmap(lane, lanes)
    print(f"{sum(held)} passed, {LANES - sum(held)} failed")
    sys.exit(0 if all(held) else 1)


def guarded(run, failures):
    def inner():
        try:
            run()
        except AssertionError as error:
            failures.append(error)
    return inner


if __name__ == "__main__":
    main()
