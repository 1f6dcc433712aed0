"""What strangers' plug-ins can do before anybody granted them anything, and what they cannot take from others."""

import contextlib
import hashlib
import json
import os
import subprocess
import time

from kamld import ROOT, TARGET, Kamld, Refused, environment

SECTION = b"kamld:plugin"


def leb128(number):
    out = bytearray()
    while True:
        byte, number = number & 0x7F, number >> 7
        out.append(byte | (0x80 if number else 0))
        if not number:
            return bytes(out)


def sections(component):
    """(start, end, id, start of the body) of each outermost section."""
    place = 8
    while place < len(component):
        start, length, shift, at = place, 0, 0, place + 1
        while True:
            byte = component[at]
            length |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if not byte & 0x80:
                break
        place = at + length
        yield start, place, component[start], at


def pack(component, plugin, version="0.1.0", needs=(), salt=""):
    """The component as a package of this id, made without any tool of the product."""
    packed = bytearray(component[:8])
    for start, end, kind, body in sections(component):
        if not (kind == 0 and component[body + 1:body + 1 + len(SECTION)] == SECTION):
            packed += component[start:end]
    manifest = {"schema": 1, "id": plugin, "version": version, "title": "A stranger", "summary": f"Means harm {salt}",
                "licence": "Apache-2.0",
                "needs": [{"interface": i, "verbs": v, "resources": ["**"], "reason": "because it wants to"} for i, v in needs]}
    body = bytes([len(SECTION)]) + SECTION + json.dumps(manifest).encode()
    return bytes(packed + b"\0" + leb128(len(body)) + body)


def needs_of(package):
    """What the manifest of a package asks for, as `pack` takes it."""
    manifest = next(package[body + 1 + len(SECTION):end] for _, end, kind, body in sections(package)
                    if kind == 0 and package[body + 1:body + 1 + len(SECTION)] == SECTION)
    return [(need["interface"], need["verbs"]) for need in json.loads(manifest)["needs"]]


def program(name):
    """A component of tests/programs, without a manifest."""
    subprocess.run(["cargo", "build", "--quiet", "--release", "--target", "wasm32-wasip2", "-p", "kamld-programs",
                    "--example", name], cwd=ROOT, check=True, env=os.environ | {"CARGO_TARGET_DIR": str(TARGET)})
    return (TARGET / "wasm32-wasip2" / "release" / "examples" / f"{name}.wasm").read_bytes()


def shipped(name):
    return (TARGET / "debug" / "plugins" / f"{name}.wasm").read_bytes()


def digest(package):
    return hashlib.sha256(package).hexdigest()


@contextlib.contextmanager
def refused(code, *said):
    """Ends with this exit code, and says this."""
    try:
        yield
    except Refused as refusal:
        assert refusal.code == code, refusal
        for words in said:
            assert words in refusal.stderr, (words, refusal.stderr)
    else:
        raise AssertionError("it went through")


def until(holds, most=60):
    """Asks again until it holds; each question takes its time."""
    end = time.monotonic() + most
    while not holds():
        assert time.monotonic() < end, "it does not come to hold"


class StrangerJob:
    def file(self, name, package):
        path = self.folder / name
        path.write_bytes(package)
        return path

    def states(self, server):
        return {p["id"]: p["state"] for p in server.json("plugin", "list")["plugins"]}

    def test_30_no_stranger_takes_an_id_of_the_product(self):
        component = shipped("kamld-samples")
        evil = pack(component, "kamld/plugins", needs=[*needs_of(component), ("kamld:plugin/admin", ["read", "modify"])])
        new = pack(component, "kamld/search2", needs=needs_of(component))
        with Kamld(self.folder / "names") as k:
            before = self.states(k)
            shown = k.json("plugin", "show", "kamld/plugins")
            for package in (evil, new):
                path = self.file("evil.wasm", package)
                for words in ([], ["-y"]):
                    with refused(7, "kamld", "an id of your own"):
                        k.run("plugin", "install", path, *words)
                for query in ("", "?grant=needs", f"?replaces={shown['digest']}", "?dry_run=true"):
                    status, _, body = k.http("POST", f"/api/v1/plugins{query}", package, {"Content-Type": "application/wasm"})
                    assert status == 403, (query, status, body)
            assert self.states(k) == before
            assert k.json("plugin", "show", "kamld/plugins")["digest"] == shown["digest"]
            k.stop()
            # As an edited folder or a restored backup has it: the strangers' bytes under the product's ids.
            listed = k.data / "plugins" / "installed.json"
            installed = json.loads(listed.read_text())
            entry = installed["plugins"]["kamld/plugins"]
            installed["plugins"]["kamld/plugins"] = entry | {"digest": digest(evil), "previous": digest(evil)}
            installed["plugins"]["kamld/search2"] = entry | {"digest": digest(new)}
            listed.write_text(json.dumps(installed))
            for package in (evil, new):
                (k.data / "plugins" / "blobs" / f"{digest(package)}.wasm").write_bytes(package)
            with (k.data / "grants.toml").open("a") as grants:
                grants.write('\n[[grant]]\nplugin = "kamld/search2"\n')
            k.start()
            assert k.json("plugin", "show", "kamld/plugins")["digest"] == shown["digest"], "it is put back"
            assert self.states(k)["kamld/search2"] == "failed", self.states(k)
            with refused(7, "not the one that came with it"):
                k.run("plugin", "rollback", "kamld/plugins")
            assert "changed by hand" in k.run("audit", "list")

    def test_31_replacing_a_plugin_takes_consent(self):
        component = shipped("kamld-samples")
        # Everything that the component really imports has to be declared.
        declared = needs_of(component)
        one = pack(component, "anna/tool", "0.1.0", declared)
        # The same version, other bytes, and more that it wants.
        two = pack(component, "anna/tool", "0.1.0", [*declared, ("kamld:metadata/kv", ["read"])], "2")
        with Kamld(self.folder / "consent", "--set", "plugins.start=kamld/projects") as k:
            old, new = self.file("one.wasm", one), self.file("two.wasm", two)
            k.run("plugin", "install", old, "-y")
            grant = k.run("plugin", "grant", "anna/tool")
            with refused(6, "anna/tool", digest(one), digest(two), "newly needs", "kamld:metadata/kv", "-y"):
                k.run("plugin", "install", new)
            post = lambda query: k.http("POST", f"/api/v1/plugins{query}", two, {"Content-Type": "application/wasm"})
            for query in ("", "?grant=needs", f"?replaces={digest(two)}", f"?replaces={'0' * 64}"):
                status, _, body = post(query)
                assert status == 409 and b"nothing was changed" in body, (query, status, body)
            status, _, body = post("?dry_run=true")
            plan = json.loads(body)["replaces"]
            assert (plan["digest"], plan["origin"], plan["resets_grant"]) == (digest(one), "file", False), plan
            assert [need["interface"] for need in plan["new_needs"]] == ["kamld:metadata/kv"], plan
            assert k.json("plugin", "show", "anna/tool")["digest"] == digest(one)
            status, _, body = post(f"?replaces={digest(one)}")
            assert status == 201, body
            shown = k.json("plugin", "show", "anna/tool")
            assert shown["digest"] == digest(two) and k.run("plugin", "grant", "anna/tool") == grant, "nothing new is granted"
            k.run("plugin", "rollback", "anna/tool")
            done = subprocess.run([os.fspath(TARGET / "debug" / "kamld"), "plugin", "install", new, "-y"], capture_output=True,
                                  text=True, env=environment() | {"KAMLD_DATA": str(k.data)}, timeout=300)
            assert done.returncode == 0 and digest(one) in done.stderr, "with -y it is still printed what goes"

    def test_32_without_a_grant_nothing_of_a_plugin_runs_or_shows(self):
        package = pack(program("calls_answers"), "anna/waits",
                       needs=[("kamld:metadata/kv", ["read"]), ("kamld:ui/previews", ["read"]), ("kamld:storage/objects", ["read"])])
        path = self.file("waits.wasm", package)
        with Kamld(self.folder / "waits", "--set", "plugins.start=kamld/projects") as k:
            said = k.run("plugin", "install", path)
            assert "program count" in said and "kamld:metadata/kv" in said and "does nothing until" in said, said

            def hidden():
                assert self.states(k)["anna/waits"] == "waiting for a grant"
                assert "program" not in k.run("--help") and "program" not in k.run("completion", "bash")
                for path in ("/api/v1/commands", "/api/v1/openapi.json"):
                    assert b"anna/waits" not in k.http("GET", path)[2] and b"program/count" not in k.http("GET", path)[2], path
                with refused(7, "waits for a grant", "kamld plugin grant anna/waits --from-needs"):
                    k.run("program", "count")
                status, _, body = k.http("POST", "/api/v1/commands/program/count", b"{}", {"Content-Type": "application/json"})
                assert status == 403 and b"waits for a grant" in body, (status, body)
                assert k.http("POST", "/api/v1/commands/program/none", b"{}", {"Content-Type": "application/json"})[0] in (403, 404)
                ledger = {p["id"]: p["calls"] for p in k.json("plugin", "ledger")["plugins"]}
                return ledger.get("anna/waits", 0)

            assert hidden() == 0
            k.stop()
            # Nothing of it is compiled or asked at the start; who decides about it still sees what it would bring.
            for compiled in (k.data / "cache").glob("*.cwasm"):
                compiled.unlink()
            k.start()
            assert hidden() == 0
            assert "program count" in k.json("plugin", "show", "anna/waits")["commands"]
            k.stop()
            # Where what it declared was lost it is asked again, while the server already answers.
            for lost in (k.data / "cache").iterdir():
                if lost.suffix in (".cwasm", ".declared"):
                    lost.unlink()
            k.start()
            until(lambda: "program count" in (k.json("plugin", "show", "anna/waits")["commands"] or []))
            assert hidden() == 0
            k.run("plugin", "grant", "anna/waits", "--from-needs")
            assert k.json("program", "count") == 1, "granted, it runs"
            k.run("plugin", "revoke", "anna/waits")
            hidden()
            # A grant that needs nothing is a grant as well.
            grant = self.folder / "empty.toml"
            grant.write_text('[[grant]]\nplugin = "anna/waits"\n')
            k.run("plugin", "grant", "anna/waits", "--file", grant)
            assert self.states(k)["anna/waits"] == "active"
            k.run("plugin", "remove", "anna/waits", "-y")
            kept = sorted(p.suffix for p in (k.data / "cache").iterdir())
            assert kept.count(".declared") == kept.count(".cwasm") - 1, f"its compiled code is gone, the probe's stays: {kept}"

    def test_33_an_installation_that_is_refused_leaves_nothing(self):
        path = self.file("amiss.wasm", pack(program("surfaces_amiss"), "anna/amiss"))
        with Kamld(self.folder / "amiss", "--set", "plugins.start=kamld/projects") as k:
            blobs = sorted(p.name for p in (k.data / "plugins" / "blobs").iterdir())
            with refused(3, "none of its commands", "nothing was installed"):
                k.run("plugin", "install", path, "-y")
            assert "anna/amiss" not in self.states(k) and "anna/amiss" not in (k.data / "grants.toml").read_text()
            assert sorted(p.name for p in (k.data / "plugins" / "blobs").iterdir()) == blobs

    def test_34_a_describer_that_fails_spoils_nothing(self):
        path = self.file("bad.wasm", pack(program("faults_describes"), "aaa/bad"))
        table = self.folder / "few.csv"
        table.write_text("bird,count\nowl,3\n")
        other = self.folder / "other.csv"
        other.write_text("bird,count\nheron,4\n")
        with Kamld(self.folder / "describers", "--set", "plugins.start=kamld/projects,kamld/datasets,kamld/preview-table") as k:
            k.run("plugin", "install", path, "-y")
            k.run("project", "create", "p")
            k.run("asset", "create", "p/a")
            k.run("put", table, "p/a")
            k.run("index", "rebuild")
            assert "2 columns" in k.run("show", "p/a/few.csv"), k.run("show", "p/a/few.csv")
            assert "owl" in k.run("preview", "p/a/few.csv")
            # Alone it can say nothing, and whatever was made of that goes with it.
            k.run("plugin", "disable", "kamld/preview-table")
            k.run("put", other, "p/a")
            k.run("index", "rebuild")
            assert "2 columns" not in k.run("show", "p/a/other.csv"), k.run("show", "p/a/other.csv")
            k.run("plugin", "enable", "kamld/preview-table")
            k.run("plugin", "remove", "aaa/bad", "-y")
            k.run("index", "rebuild")
            assert "2 columns" in k.run("show", "p/a/other.csv"), k.run("show", "p/a/other.csv")

    def test_35_the_audit_log_is_checked_without_a_server_and_missed(self):
        with Kamld(self.folder / "log", "--set", "plugins.start=kamld/projects") as k:
            grant = self.folder / "typo.toml"
            grant.write_text('[[grant]]\nplugin = "kamld/projects"\n[[grant.allow]]\ninterface = "kamld:metadata/project"\n'
                             'verbs = ["read"]\nresources = ["**"]\n')
            with refused(3, "no interface 'kamld:metadata/project'", "did you mean 'kamld:metadata/projects'?"):
                k.run("plugin", "grant", "kamld/projects", "--file", grant)
            k.stop()
            assert "intact" in k.run("audit", "verify")
            for name in ("audit.log", "audit.head"):
                (k.data / name).unlink()
            with refused(10, "broken"):
                k.run("audit", "verify")
            assert not (k.data / "audit.log").exists(), "looking changes nothing"
            k.start()
            with refused(10, "broken"):
                k.run("audit", "verify")
