"""What is around the data: plug-ins and grants, bad input, full disks, hard stops, tasks, what is remembered."""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import sys

from kamld import BINARY, ROOT, Kamld, Refused, Skipped, environment
from samples import vega
from stranger_job import until

sys.path.append(str(pathlib.Path(__file__).resolve().parent / "power"))

from world import command, damage, get, look  # noqa: E402


# Data folders as earlier versions left them; `formats/make.py` makes them.
FORMATS = pathlib.Path(__file__).resolve().parent / "formats"


def fill(file):
    """Writes until the disk has no byte left."""
    with open(file, "ab", buffering=0) as out:
        for size in (1 << 20, 1 << 14, 1 << 10, 1):
            try:
                while True:
                    out.write(b"x" * size)
            except OSError:
                pass


@contextlib.contextmanager
def small_disk(folder, mebibytes):
    """A disk of its own at a new folder."""
    folder.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", folder], capture_output=True)
    if mount.returncode:
        raise Skipped("no right to mount a small disk here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def on_disk(folder):
    """Bytes of all files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


class HostJob:
    def test_16_each_thing_was_done_by_a_plugin_that_may_do_only_what_its_grant_says(self):
        ids = {p["id"] for p in self.k.json("plugin", "list")["plugins"]}
        assert {"kamld/datasets", "kamld/history", "kamld/search", "kamld/sql"} <= ids, ids
        grant = self.k.run("plugin", "grant", "kamld/history")
        narrow = self.folder / "grant.toml"
        narrow.write_text("[[grant]]\nplugin = \"kamld/history\"\n[[grant.allow]]\ninterface = \"kamld:storage/refs\"\n"
                          "verbs = [\"read\", \"list\"]\nresources = [\"**\"]\n")
        self.k.run("plugin", "grant", "kamld/history", "--file", narrow)
        try:
            self.k.run("commit", "birds/strikes", "-m", "refused")
            raise AssertionError("the commit went through")
        except Refused as refused:
            assert refused.code == 7 and "grant" in refused.stderr, refused
        entries = self.k.run("audit", "list")
        assert "deny" in entries and "kamld/history" in entries, entries
        self.k.run("plugin", "grant", "kamld/history", "--from-needs")
        self.k.run("log", "birds/strikes")
        assert "intact" in self.k.run("audit", "verify")
        assert "kamld:storage/history" in grant

    def with_one_gone(self, gone, needed, words, said):
        """A command does what it does, or without the plug-in that it needs says so in words."""
        try:
            answer = self.k.run(*words)
            assert needed == (said not in answer), f"without {gone}, {words} answers {answer}"
        except Refused as refused:
            assert needed, f"without {gone}, {words} is refused: {refused}"
            assert "panicked" not in refused.stderr and len(refused.stderr) > 20, refused.stderr

    def test_17_any_plugin_can_be_taken_out_and_the_rest_works(self):
        table, picture = "birds/strikes/seattle-weather.csv", "birds/strikes/7zip.png"
        # What each does for a person, and a word of the answer; the screens of kamld/plugins are the page's to test.
        does = {
            "kamld/projects": (["project", "list"], "birds"),
            "kamld/datasets": (["ls", "birds"], "strikes"),
            "kamld/history": (["log", "birds/strikes"], "as collected"),
            "kamld/search": (["search", "weather"], "seattle-weather.csv"),
            "kamld/sql": (["sql", "select 41 + 1 as n"], "42"),
            "kamld/samples": (["sample", "list"], "birds"),
            # Without it the lines of the file are shown as text.
            "kamld/preview-table": (["preview", table], "precipitation "),
            "kamld/preview-image": (["preview", picture], "×"),
            "kamld/preview-text": (["preview", "birds/strikes/README.md"], "vega"),
        }
        self.k.run("put", vega().parent / "README.md", "birds/strikes")
        installed = {plugin["id"] for plugin in self.k.json("plugin", "list")["plugins"]}
        assert installed == set(does) | {"kamld/plugins"}, installed
        for gone in sorted(installed):
            self.k.run("plugin", "disable", gone)
            try:
                for plugin, (words, said) in does.items():
                    # Previews are asked for by a command of another plug-in.
                    needs = {plugin, "kamld/datasets"} if words[0] == "preview" else {plugin}
                    self.with_one_gone(gone, gone in needs, words, said)
                assert "ready" in self.k.run("status").lower()
            finally:
                self.k.run("plugin", "enable", gone)
        for words, said in does.values():
            assert said in self.k.run(*words), words
        self.k.run("rm", "birds/strikes/README.md")

    def test_18_bad_files_get_clear_words_and_are_kept(self):
        self.k.run("asset", "create", "birds/bad")
        bad = self.folder / "bad"
        bad.mkdir()
        (bad / "ragged.csv").write_text("a,b,c\n1,2,3\n4,5\n6,7,8,9\n")
        (bad / "latin.csv").write_bytes("name,city\nJosé,Málaga\n".encode("latin-1"))
        (bad / "quote.csv").write_text('a,b\n1,"never closes\n2,3\n')
        (bad / "long.csv").write_text("a,b\n1," + "x" * 10_000_000 + "\n")
        (bad / "cut.json").write_text('[{"a": 1}, {"a": 2}, {"a"')
        parquet = pathlib.Path(vega() / "flights-3m.parquet").read_bytes()[-4096:]
        (bad / "liar.parquet").write_bytes(b"PAR1" + parquet[:-8] + (2**31 - 1).to_bytes(4, "little") + b"PAR1")
        (bad / "empty.csv").write_bytes(b"")
        (bad / "name with spaces – and ünïcode.txt").write_text("hello")
        answer = self.k.json("put", bad, "birds/bad")
        assert answer["files"] == 8, answer
        self.k.run("index", "rebuild")
        self.k.run("ls", "birds/bad/bad/")
        for name in ("ragged.csv", "latin.csv", "quote.csv", "cut.json", "liar.parquet"):
            try:
                self.k.run("sql", f'select * from bad."bad/{name}"', "--project", "birds", "--format", "csv")
                raise AssertionError(f"{name} was read as if it were whole")
            except Refused as refused:
                assert refused.code == 3, (name, refused)
            assert "cannot be read" in self.k.run("show", f"birds/bad/bad/{name}"), name
        assert self.k.sql('select length(b) as n from bad."bad/long.csv"', "birds") == [{"n": 10_000_000}]
        self.k.run("show", "birds/bad/bad/name with spaces – and ünïcode.txt")

    def test_19_mistakes_on_the_command_line_are_explained(self):
        for words, code, said in (
            (["serach", "x"], 2, "search"),
            (["ls", "birds/strike"], 4, "strikes"),
            (["put", "/nowhere/x.csv", "birds/strikes"], 4, "/nowhere/x.csv"),
            (["asset", "create", "Birds/x"], 3, "'B' cannot stand"),
            (["asset", "create", "birds/strikes"], 5, "strikes"),
            (["commit", "birds/strikes@nothere", "-m", "x"], 4, "nothere"),
        ):
            try:
                self.k.run(*words)
                raise AssertionError(f"{words} went through")
            except Refused as refused:
                assert refused.code == code, (words, refused)
                assert said in refused.stderr, (words, refused.stderr)

    def test_20_a_second_up_says_who_holds_the_folder(self):
        done = subprocess.run([BINARY, "up", "--data", self.k.data, "--listen", "127.0.0.1:0", "--no-browser"],
                              capture_output=True, text=True, timeout=60, env=environment())
        assert done.returncode != 0 and str(self.k.process.pid) in done.stderr, done.stderr

    def test_20b_it_speaks_tls_and_takes_up_a_renewed_certificate(self):
        certificates = ROOT / "host" / "server" / "tests" / "api" / "certificates"
        pem, key = self.folder / "tls.pem", self.folder / "tls.key"

        def hold(name):
            shutil.copy(certificates / f"{name}.pem", pem)
            shutil.copy(certificates / f"{name}.key", key)

        hold("first")
        settings = ("plugins.start=kamld/projects", "http.hosts=localhost", f"http.tls_certificate={pem}", f"http.tls_key={key}")
        words = [word for setting in settings for word in ("--set", setting)]
        with Kamld(self.folder / "tls", *words) as k:
            assert k.url.startswith("https://localhost:"), k.url
            port = int(k.url.rsplit(":", 1)[1])

            def get(name, path):
                """The answer to a client that trusts this certificate alone; none when it does not trust the server."""
                context = ssl.create_default_context(cafile=certificates / f"{name}.pem")
                connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=60)
                try:
                    connection.request("GET", path)
                    return connection.getresponse()
                except ssl.SSLCertVerificationError:
                    return None
                finally:
                    connection.close()

            assert get("first", "/healthz").status == 200 and get("second", "/healthz") is None
            link = get("first", f"/?token={k.token}")
            assert link.status == 303 and link.getheader("set-cookie").endswith("; Secure"), link.getheaders()
            # The command line of this machine neither knows nor asks who signed the certificate.
            k.run("project", "create", "p")
            assert json.loads((k.data / "server.json").read_text())["url"].startswith("http://127.0.0.1:")
            hold("second")
            k.process.send_signal(signal.SIGHUP)
            until(lambda: get("second", "/healthz"))
            assert get("first", "/healthz") is None
            pem.write_text("nothing")
            k.process.send_signal(signal.SIGHUP)
            until(lambda: any("WARN" in line and str(pem) in line for line in k.output))
            assert get("second", "/healthz").status == 200
            assert "p" in k.run("project", "list")
            assert k.stop() == 0
        done = subprocess.run([BINARY, "up", "--data", k.data, "--listen", "127.0.0.1:0", "--no-browser", *words],
                              capture_output=True, text=True, timeout=60, env=environment())
        assert done.returncode != 0 and f"{pem} cannot be used: there is none in it" in done.stderr, done.stderr

    def test_21_the_index_agrees_with_storage_after_a_hard_stop(self):
        before = self.k.json("search", "format:csv")["total"]
        self.k.kill()
        self.k.start()
        assert self.k.json("search", "format:csv")["total"] == before
        check = self.k.json("storage", "check")
        assert not check["damaged"], check

    def test_22_control_c_stops_cleanly_and_the_next_start_is_quick(self):
        assert self.k.stop() == 0
        self.k.start(timeout=30)
        assert "strikes" in self.k.run("ls", "birds")

    def test_23_the_api_describes_itself(self):
        status, _, body = self.k.http("GET", "/api/v1/openapi.json")
        api = json.loads(body)
        assert status == 200 and api["openapi"].startswith("3.1")
        assert "/api/v1/commands/asset/create" in api["paths"], list(api["paths"])
        assert self.k.http("GET", "/readyz")[0] == 200
        assert b"kamld_" in self.k.http("GET", "/metrics")[2]


    def test_24_a_plugin_that_is_not_in_the_start_configuration_is_simply_not_there(self):
        start = "kamld/projects,kamld/datasets,kamld/history"
        with Kamld(self.folder / "few", "--set", f"plugins.start={start}") as few:
            few.run("project", "create", "p")
            few.run("asset", "create", "p/a")
            few.run("put", vega() / "cars.json", "p/a")
            few.run("commit", "p/a", "-m", "first")
            assert "cars.json" in few.run("ls", "p/a")
            for words in (["search", "cars"], ["sql", "select 1"]):
                try:
                    few.run(*words)
                    raise AssertionError(f"{words} ran")
                except Refused as refused:
                    assert refused.code == 2 and words[0] in refused.stderr, refused

    def test_25_a_full_disk_is_said_and_what_was_kept_is_kept(self):
        with small_disk(self.folder / "small", 64) as small, Kamld(small / "data") as full:
            full.run("project", "create", "p")
            full.run("asset", "create", "p/a")
            kept, large = self.folder / "kept.bin", self.folder / "large.bin"
            kept.write_bytes(os.urandom(5_000_000))
            large.write_bytes(os.urandom(90_000_000))
            full.run("put", kept, "p/a")
            try:
                full.run("put", large, "p/a")
                raise AssertionError("90 MB went onto a disk of 64 MB")
            except Refused as refused:
                assert refused.code == 8, refused
            # Not announced in full: the disk fills while it streams.
            status, _, body = full.http("PUT", "/api/v1/objects/p/a/streamed.bin", iter([large.read_bytes()[:70_000_000]]))
            assert status in (413, 507), (status, body)
            full.run("put", vega() / "cars.json", "p/a")
            full.run("get", "p/a/kept.bin", self.folder / "back.bin")
            assert (self.folder / "back.bin").read_bytes() == kept.read_bytes()
            assert not full.json("storage", "check")["damaged"]
            assert full.stop() == 0

    def test_25b_a_disk_that_was_full_heals_without_a_restart(self):
        with small_disk(self.folder / "full-once", 160) as small, Kamld(small / "data") as full:
            full.run("project", "create", "p")
            full.run("asset", "create", "p/a")
            full.run("put", vega() / "cars.json", "p/a")
            full.run("commit", "p/a", "-m", "first")
            full.run("asset", "create", "p/b")
            (self.folder / "room.bin").write_bytes(os.urandom(20_000_000))
            full.run("put", self.folder / "room.bin", "p/b")
            fill(small / "foreign.bin")
            refused = 0
            for n in range(40):
                for words in (["tag", "add", "p/a", f"t{n}"], ["put", vega() / "cars.json", f"p/a/{n}/"],
                              ["project", "create", f"p{n}"]):
                    try:
                        full.run(*words)
                    except Refused as error:
                        refused += 1
                        assert error.code in (8, 9), error
                fill(small / "foreign.bin")
            assert refused > 20, f"the disk was never full: {refused} refused"
            # What makes room is possible on a full disk: a reserve is kept for the records of removals.
            full.run("asset", "remove", "p/b", "--yes")
            freed = full.json("storage", "gc", "--grace", "0s", "--bin", "0s")
            assert freed["freed_bytes"] >= 20_000_000, freed
            kept = {"tags": full.json("show", "p/a")["tags"],
                    "projects": [p["name"] for p in full.json("project", "list")["projects"]]}
            (small / "foreign.bin").unlink()
            full.run("tag", "add", "p/a", "after")
            full.run("put", vega() / "cars.json", "p/a/after/")
            full.run("commit", "p/a", "-m", "second")
            full.run("project", "create", "after")
            found = full.json("search", "cars")
            assert found is not None
            assert set(kept["tags"]) | {"after"} == set(full.json("show", "p/a")["tags"])
            names = [p["name"] for p in full.json("project", "list")["projects"]]
            assert set(kept["projects"]) | {"after"} == set(names), (kept, names)
            assert not full.json("storage", "check")["damaged"]
            assert full.stop() == 0
            full.start()
            assert set(kept["tags"]) | {"after"} == set(full.json("show", "p/a")["tags"])

    def test_25c_garbage_gives_its_room_back_and_a_backup_comes_back(self):
        if "KAMLD_TEST_S3" in os.environ:
            raise Skipped("the folder of the store is not here")
        with Kamld(self.folder / "garbage") as k:
            k.run("project", "create", "p")
            k.run("asset", "create", "p/a")
            large = self.folder / "large-again.bin"
            overwrites, tiny = (int(os.environ.get(f"KAMLD_TEST_{name}", some)) for name, some in (("OVERWRITES", 12), ("TINY", 40)))
            for _ in range(overwrites):
                large.write_bytes(os.urandom(5_000_000))
                k.run("put", large, "p/a")
            for n in range(tiny):
                get(k, f"/api/v1/objects/p/a/tiny/{n}.txt", "PUT", f"tiny {n}".encode())
                command(k, "commit", asset="p/a", message=f"tiny {n}")
            k.run("tag", "add", "p/a", "kept")
            store = k.data / "store"
            before = on_disk(store)
            dry = k.json("storage", "gc", "--dry-run", "--grace", "0s")
            assert dry["dry_run"] and dry["freed_bytes"] > 50_000_000, dry
            assert on_disk(store) == before, "a dry run changes nothing"
            done = k.json("storage", "gc", "--grace", "0s")
            after = on_disk(store)
            print(f"{overwrites} overwrites of 5 MB, {tiny} tiny puts and commits: {before:,} bytes before a collection, "
                  f"{after:,} after it, {done['live_bytes']:,} in use")
            assert after <= 1.2 * done["live_bytes"], (after, done)
            assert before - after > 50_000_000, (before, after)
            said = k.run("storage", "gc")
            assert "Freed 0 B" in said and "In use: " in said, said
            assert not k.json("storage", "check")["damaged"]

            backup, restored = self.folder / "backup", self.folder / "restored"
            first = k.json("backup", backup)
            k.run("put", vega() / "cars.json", "p/a")
            second = k.json("backup", backup)
            assert second["copied_bytes"] < first["copied_bytes"] / 4, (first, second)
            k.run("rm", "p/a/tiny/")
            assert "Verified" in k.run("restore-backup", backup, "--check")
            self.k.run("restore-backup", backup, KAMLD_DATA=str(restored))
            try:
                self.k.run("restore-backup", backup, KAMLD_DATA=str(restored))
                raise AssertionError("a folder that is not empty was written to")
            except Refused as refused:
                assert "not empty" in refused.stderr, refused
            with Kamld(restored) as again:
                assert again.json("show", "p/a")["tags"] == ["kept"]
                newest = [c["message"] for c in again.json("log", "p/a")["commits"]]
                assert newest[:2] == [f"tiny {tiny - 1}", f"tiny {tiny - 2}"], newest
                again.run("get", "p/a/large-again.bin", self.folder / "back-again.bin")
                assert (self.folder / "back-again.bin").read_bytes() == large.read_bytes()
                status, _, body = again.http("GET", "/api/v1/objects/p/a/tiny/7.txt")
                assert (status, body) == (200, b"tiny 7")
                assert not again.json("storage", "check")["damaged"]
                assert again.token != k.token, "a restored server has a token of its own"
            # A byte of the backup that changed is found before anything is trusted.
            victim = next((backup / "content" / "objects").rglob("*/*"))
            victim.chmod(0o600)
            bytes_ = bytearray(victim.read_bytes())
            bytes_[1000] ^= 1
            victim.write_bytes(bytes_)
            try:
                k.run("restore-backup", backup, "--check")
                raise AssertionError("a damaged backup was verified")
            except Refused as refused:
                assert "is damaged" in refused.stderr, refused

    def test_25d_a_data_folder_of_an_earlier_format_opens_with_all_that_was_in_it(self):
        for told in sorted(FORMATS.glob("format-*.json")):
            data = self.folder / told.stem
            data.mkdir()
            subprocess.run(["tar", "-xJf", told.with_suffix(".tar.xz"), "-C", data], check=True)
            before = json.loads(told.read_text())
            uploads = {url: (address, bytes(before["sizes"][url])) for url, address in before["uploads"].items()}
            expected = before["facts"]
            # The first start brings it up to date, the second finds it so.
            for start in ("first", "second"):
                with Kamld(data) as k:
                    found = json.loads(json.dumps(look(k, before["tagged"], uploads)))
                    assert found["audit"][:len(expected["audit"])] == expected["audit"], found["audit"]
                    for name in expected.keys() - {"audit"}:
                        # What the binary brings is as new as it is, and granted what it newly needs if it had everything.
                        newer = name.startswith(("plug-in kamld/", "grant of kamld/")) and name not in before["decided"]
                        assert newer or found[name] == expected[name], (told.name, start, name, expected[name], found[name])
                    assert damage(k) is None, damage(k)
                    assert k.stop() == 0

    def test_26_it_is_said_who_holds_which_bytes(self):
        assets = self.k.json("asset", "list")["assets"]
        held = self.k.json("space")
        for share in held["holders"]:
            own = [a for a in assets if a["project"] == share["name"]]
            assert (share["datasets"], share["objects"], share["size"]) == (
                len(own), sum(a["objects"] for a in own), sum(a["size"] for a in own)), share
        total = sum(a["size"] for a in assets)
        assert held["usage"]["size"] == total and held["usage"]["datasets"] == len(assets), held["usage"]
        said = self.k.run("space")
        datasets = "1 dataset" if len(assets) == 1 else f"{len(assets)} datasets"
        assert f"You have {datasets} with overall ~" in said, said
        if "KAMLD_TEST_S3" not in os.environ:
            assert "of capacity)" in said and "can still be written" in said, said
            disk = os.statvfs(self.k.data)
            assert held["usage"]["capacity"] == disk.f_blocks * disk.f_frsize, held
            assert 0 < held["free"] <= held["usage"]["capacity"], held
        birds = self.k.json("space", "birds")["holders"]
        assert [a["name"] for a in birds] == [a["name"] for a in sorted(
            (a for a in assets if a["project"] == "birds"), key=lambda a: -a["size"])], birds

    def task(self, title):
        """The last task of a title, as the status of the server has it."""
        status, _, body = self.k.http("GET", "/api/v1/status")
        assert status == 200, body
        return next(t for t in json.loads(body)["tasks"] if t["title"] == title)

    def test_27_queries_are_kept_and_remembered(self):
        query = 'select "Origin" as origin, count(*) as n from strikes."cars.json" group by 1 order by 1'
        rows = self.k.sql(query, "birds")
        self.k.sql("select 1 as one", "birds")
        self.k.sql(query, "birds")
        past = self.k.json("query", "history", "--project", "birds")["queries"]
        assert [p["query"] for p in past[:2]] == [query, "select 1 as one"], past
        assert past[0]["times"] >= 2 and past[0]["project"] == "birds" and len(past) <= 50, past[0]
        kept = self.k.json("query", "save", "by-origin")
        assert (kept["query"], kept["project"]) == (query, "birds"), kept
        text = self.k.run("query", "run", "by-origin", "--format", "jsonl")
        assert [json.loads(line) for line in text.splitlines()] == rows, text
        assert "by-origin" in self.k.run("query", "list") and [q["name"] for q in self.k.json("query", "list")["queries"]] == ["by-origin"]
        for words, code, said in (
            (["query", "save", "by-origin", "select 2", "--project", "birds"], 5, "--replace"),
            (["query", "save", "By Origin", "select 2", "--project", "birds"], 3, "letter or digit first"),
            (["query", "save", "x", "select 2", "--project", "brids"], 4, "no project 'brids'"),
            (["query", "run", "by-orign"], 4, "by-origin"),
        ):
            try:
                self.k.run(*words)
                raise AssertionError(f"{words} went through")
            except Refused as refused:
                assert refused.code == code and said in refused.stderr, (words, refused)
        self.k.run("query", "save", "by-origin", "select 2 as two", "--project", "birds", "--replace")
        assert '"two":2' in self.k.run("query", "run", "by-origin", "--format", "jsonl").replace(" ", "")
        # What failed is not remembered, and two at once lose nothing.
        try:
            self.k.sql("select nothing from nowhere", "birds")
            raise AssertionError("it ran")
        except Refused:
            pass
        many = [subprocess.Popen([BINARY, "sql", f"select {n} as n", "--project", "birds"], stdout=subprocess.DEVNULL,
                                 env=environment() | {"KAMLD_DATA": str(self.k.data)}) for n in range(6)]
        assert [one.wait(60) for one in many] == [0] * 6
        past = [p["query"] for p in self.k.json("query", "history", "--project", "birds", "--limit", 50)["queries"]]
        assert {f"select {n} as n" for n in range(6)} <= set(past) and "select nothing from nowhere" not in past, past
        # It outlives the server.
        self.k.kill()
        self.k.start()
        assert [p["query"] for p in self.k.json("query", "history", "--project", "birds", "--limit", 50)["queries"]] == past
        removed = self.k.json("query", "remove", "by-origin")
        assert removed["query"] == "select 2 as two" and not self.k.json("query", "list")["queries"], removed
        assert self.k.json("query", "forget")["forgotten"] >= len(past)
        assert not self.k.json("query", "history")["queries"]

    def test_28_a_query_runs_where_nothing_may_be_remembered(self):
        narrow = self.folder / "sql.toml"
        narrow.write_text("[[grant]]\nplugin = \"kamld/sql\"\n" + "".join(
            f'[[grant.allow]]\ninterface = "kamld:metadata/{name}"\nverbs = ["read", "list"]\nresources = ["**"]\n'
            for name in ("sql", "projects")))
        self.k.run("plugin", "grant", "kamld/sql", "--file", narrow)
        assert self.k.sql("select 7 as n", "birds") == [{"n": 7}]
        try:
            self.k.run("query", "history")
            raise AssertionError("the history was shown")
        except Refused as refused:
            assert refused.code == 7 and "kamld:metadata/kv" in refused.stderr, refused
        self.k.run("plugin", "grant", "kamld/sql", "--from-needs")
        assert not self.k.json("query", "history")["queries"]

    def test_29_long_work_is_a_task_and_the_host_says_what_it_offers(self):
        # Hints are for a person at a terminal; the API has the whole view.
        status, _, body = self.k.http("POST", "/api/v1/commands/sample/add", json.dumps({"project": "tried"}).encode(),
                                      {"Content-Type": "application/json"})
        said = "\n".join(str(node["props"].get("command")) for node in json.loads(body)["view"])
        assert status == 200, body
        assert "kamld sql 'select * from birds.\"birdstrikes.csv\" limit 10' --project tried" in said, said
        rows = self.k.sql('select count(*) as n from birds."birdstrikes.csv"', "tried")
        assert rows == [{"n": 10_000}], rows
        task = self.task("Adding sample data to tried")
        assert (task["state"], task["done"], task["total"], task["unit"]) == ("finished", 11, 11, "files"), task
        assert task["note"] == "added 4 samples to project tried", task
        self.k.run("asset", "create", "tried/copy")
        assert self.k.json("cp", "tried/images/icons/", "tried/copy")["copied"] == 2
        task = self.task("Copying tried/images/icons/ to tried/copy/icons/")
        assert task["state"] == "finished" and task["note"].startswith("copied 2 objects, "), task
        size = sum(o["size"] for o in self.listing("tried/images") if o["path"].startswith("icons/"))
        assert task["done"] == size and task["total"] is None, (task, size)
        original, copy = ({o["path"]: o["hash"] for o in self.listing(f"tried/{a}") if o["path"].startswith("icons/")}
                          for a in ("images", "copy"))
        assert original == copy, (original, copy)
