"""Runs every attack against one server that starts as it is shipped, and prints what came of each."""

import pathlib
import sys
import tempfile
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from kamld import Kamld  # noqa: E402
from stranger_job import pack, program  # noqa: E402
from attacks import GUESTS, attacks  # noqa: E402
from watch import Watch, ledger, queries  # noqa: E402

# Seconds. The bar that is printed is 100 ms; a machine that runs other tests too is not what is tested here.
HEALTH = 1.0
# MiB of the process that serves, besides what all guests together may have.
HOST = 700


def settled(server, watch, deadline=60):
    """Waits until nothing works for the attacker any more."""
    end = time.monotonic() + deadline
    while running := queries(server):
        assert time.monotonic() < end, f"{running} queries go on"
        watch.looks(1)


def install(server, folder):
    server.run("project", "create", "p")
    server.run("asset", "create", "p/a")
    for name in sorted({name for name, _, _ in GUESTS.values()}):
        path = folder / f"{name}.wasm"
        needs = [(interface, ["read"]) for interface in ("kamld:metadata/kv", "kamld:ui/previews", "kamld:storage/objects")]
        path.write_bytes(pack(program(name), f"evil/{name.replace('_', '-')}", needs=needs))
        server.run("plugin", "install", path, "-y")
        server.run("plugin", "disable", f"evil/{name.replace('_', '-')}")


def count(entry):
    return sum(entry.get(key, 0) for key in ("errors", "traps", "timeouts", "cancelled", "denials"))


def named(server, offender, before, watch, deadline=30):
    """Waits until the host has counted what happened against the plug-in that has to answer for it."""
    end = time.monotonic() + deadline
    while count(after := ledger(server).get(offender, {})) <= count(before):
        assert time.monotonic() < end, f"nobody is named: {after}"
        watch.looks(1)


def main():
    with tempfile.TemporaryDirectory(prefix="kamld-hostile-") as folder:
        failed = run(pathlib.Path(folder), sys.argv[1:])
    sys.exit(bool(failed))


def run(folder, only):
    passed = failed = 0
    rows = []
    with Kamld(folder / "data") as server:
        install(server, folder)
        budget = int(next(row["value"] for row in server.json("config")["keys"] if row["key"] == "limits.guests_memory_mib") or 0) or 4096
        with Watch(server) as quiet:
            quiet.looks(100)
        rows.append(("(quiet)", "", *quiet.row()))
        for attack in attacks():
            if only and not any(word in attack.name for word in only):
                continue
            guest = (attack.offender or "").startswith("evil/")
            if guest:
                server.run("plugin", "enable", attack.offender)
            before = ledger(server).get(attack.offender, {})
            try:
                with Watch(server) as watch:
                    attack.act(server, watch)
                    if guest and attack.counted:
                        named(server, attack.offender, before, watch)
                    if guest:
                        # Whatever still runs of it ends with its grant.
                        server.run("plugin", "disable", attack.offender)
                    settled(server, watch)
                assert server.process.poll() is None, "the server is gone"
                assert not watch.failures, watch.failures[:3]
                health, other, rss = watch.row()
                assert health < HEALTH * 1000, f"/healthz took {health} ms"
                assert rss < HOST + budget, f"{rss} MiB"
                passed += 1
                rows.append((attack.name, "contained", health, other, rss))
            except Exception as error:
                failed += 1
                rows.append((attack.name, "NOT CONTAINED", *watch.row()))
                print(f"FAIL  {attack.name}", flush=True)
                traceback.print_exception(error)
                if server.process.poll() is not None:
                    server.start()
    print("| attack | outcome | /healthz, slowest | other plug-in, p99 | host |")
    print("|---|---|---|---|---|")
    for name, outcome, health, other, rss in rows:
        print(f"| {name} | {outcome} | {health} ms | {other} ms | {rss} MiB |")
    print(f"{passed} passed, {failed} failed")
    return failed


main()
