"""A person's own data: put, described, queried, versioned, found; every figure compared with pandas or pyarrow."""

import hashlib
import json

import pandas

from kamld import Refused
from samples import frame, same, sklearn, vega


class DataJob:
    def __init__(self, server, folder):
        self.k, self.folder = server, folder

    def test_01_a_project_and_an_asset_are_made(self):
        self.k.run("project", "create", "birds")
        self.k.run("asset", "create", "birds/strikes")
        assert any(p["name"] == "birds" for p in self.k.json("project", "list")["projects"])
        assert "strikes" in self.k.run("ls", "birds")

    def test_02_every_file_streams_in_and_is_the_same(self):
        files = sorted(vega().iterdir())
        answer = self.k.json("put", *files, "birds/strikes")
        assert answer["files"] == len(files), answer
        listed = {o["path"]: o for o in self.listing("birds/strikes")}
        for path in files:
            got = listed[path.name]
            assert got["size"] == path.stat().st_size, path
            assert got["hash"] == hashlib.sha256(path.read_bytes()).hexdigest(), path

    def listing(self, asset):
        objects, after = [], ""
        while True:
            status, _, body = self.k.http("GET", f"/api/v1/listing/{asset}?limit=1000&after={after}")
            assert status == 200, body
            page = json.loads(body)
            objects += page["objects"]
            after = page.get("next")
            if not after:
                return objects

    def test_03_putting_again_sends_nothing(self):
        answer = self.k.json("put", *sorted(vega().iterdir()), "birds/strikes")
        assert answer["files"] == 0 and answer["unchanged"] == len(list(vega().iterdir())), answer

    def test_04_every_row_count_and_sum_is_what_pandas_says(self):
        compared, wrong = 0, []
        for path in sorted(vega().iterdir()):
            table = frame(path)
            if table is None:
                continue
            numbers = [c for c in table.columns if pandas.api.types.is_numeric_dtype(table[c].dtype)
                       and not pandas.api.types.is_bool_dtype(table[c].dtype)]
            sums = "".join(f', sum("{c}") as "s{i}"' for i, c in enumerate(numbers))
            try:
                row = self.k.sql(f'select count(*) as n{sums} from strikes."{path.name}"', "birds")[0]
            except Refused as error:
                wrong.append(f"{path.name}: {error}")
                continue
            compared += 1
            if row["n"] != len(table):
                wrong.append(f"{path.name}: {row['n']} rows, pandas has {len(table)}")
            for i, column in enumerate(numbers):
                # pandas sums 32-bit floats in 32 bits and loses digits.
                total = table[column].astype("float64").sum() if table[column].dtype == "float32" else table[column].sum()
                if not same(row[f"s{i}"], total):
                    wrong.append(f"{path.name}: sum({column}) is {row[f's{i}']}, pandas has {total}")
        assert not wrong, "\n".join(wrong)
        assert compared >= 45, compared

    def test_05_scikit_learn_s_files_too(self):
        self.k.run("asset", "create", "birds/toys")
        self.k.run("put", sklearn(), "birds/toys")
        prefix = next(o["path"] for o in self.listing("birds/toys") if o["path"].endswith("iris.csv")).removesuffix("iris.csv")
        table = pandas.read_csv(sklearn() / "iris.csv")
        for column in table.columns[:4]:
            row = self.k.sql(f'select count(*) as n, sum("{column}") as s from toys."{prefix}iris.csv"', "birds")[0]
            assert row["n"] == len(table) and same(row["s"], table[column].sum()), (column, row)
        # The head of this one names 5 columns and its rows have 14: no table, and it is said why.
        self.k.run("index", "rebuild")
        shown = self.k.run("show", f"birds/toys/{prefix}wine_data.csv")
        assert "cannot be read as a table" in shown and "14 values" in shown, shown

    def test_06_summary_schema_and_size_are_shown(self):
        self.k.run("index", "rebuild")
        shown = self.k.run("show", "birds/strikes/seattle-weather.csv")
        table = pandas.read_csv(vega() / "seattle-weather.csv")
        assert f"CSV, {len(table.columns)} columns, {len(table):,} rows" in shown, shown
        for column in table.columns:
            assert column in shown, shown
        assert "PNG" in self.k.run("show", "birds/strikes/7zip.png")
        assert "1,461" in self.k.run("ls", "birds/strikes")

    def test_07_previews_draw_tables_images_and_text(self):
        assert "precipitation" in self.k.run("preview", "birds/strikes/seattle-weather.csv")
        assert "×" in self.k.run("preview", "birds/strikes/7zip.png")
        prefix = next(o["path"] for o in self.listing("birds/toys") if o["path"].endswith("__init__.py"))
        self.k.run("preview", f"birds/toys/{prefix}")

    def test_08_history_keeps_everything(self):
        first = self.k.json("commit", "birds/strikes", "-m", "as collected")["id"]
        self.k.run("version", "create", "birds/strikes", "before-cleaning")
        weather = self.folder / "seattle-weather.csv"
        table = pandas.read_csv(vega() / "seattle-weather.csv")
        table[table.weather != "fog"].to_csv(weather, index=False)
        self.k.run("put", weather, "birds/strikes")
        assert "seattle-weather.csv" in self.k.run("changes", "birds/strikes")
        second = self.k.json("commit", "birds/strikes", "-m", "without fog")["id"]
        assert [c["id"] for c in self.k.json("log", "birds/strikes")["commits"]] == [second, first]
        events = self.k.json("activity", "birds", "--limit", "2")["events"]
        assert [(e["asset"], e["commit"]["id"]) for e in events] == [("strikes", second), ("strikes", first)], events
        assert "without fog" in self.k.run("activity")
        differences = self.k.json("diff", "birds/strikes", "before-cleaning", "main")["changes"]
        assert [(c["path"], c["kind"]) for c in differences] == [("seattle-weather.csv", "modified")], differences

    def test_09_any_state_is_queried_by_its_ref(self):
        table = pandas.read_csv(vega() / "seattle-weather.csv")
        fog = int((table.weather == "fog").sum())
        for source, rows in (
            ('strikes."seattle-weather.csv"', len(table) - fog),
            ('strikes@before-cleaning."seattle-weather.csv"', len(table)),
            ('"strikes@before-cleaning"."seattle-weather.csv"', len(table)),
            ('birds.strikes@before-cleaning."seattle-weather.csv"', len(table)),
            ("strikes.\"seattle-weather.csv\" for version as of 'before-cleaning'", len(table)),
        ):
            assert self.k.sql(f"select count(*) as n from {source}", "birds") == [{"n": rows}], source

    def test_10_going_back_costs_nothing_and_loses_nothing(self):
        self.k.run("restore", "birds/strikes", "seattle-weather.csv", "--ref", "before-cleaning")
        table = pandas.read_csv(vega() / "seattle-weather.csv")
        assert self.k.sql('select count(*) as n from strikes."seattle-weather.csv"', "birds") == [{"n": len(table)}]
        self.k.run("restore", "birds/strikes", "--ref", "main")
        assert len(self.k.json("log", "birds/strikes")["commits"]) == 2
        self.k.run("branch", "create", "birds/strikes", "try")
        extra = self.folder / "extra.csv"
        extra.write_text("a,b\n1,2\n")
        self.k.run("put", extra, "birds/strikes@try")
        assert "extra.csv" not in self.k.run("ls", "birds/strikes")
        assert "extra.csv" in self.k.run("ls", "birds/strikes@try")

    def test_11_bytes_come_back_as_they_went_in(self):
        target = self.folder / "out"
        self.k.run("get", "birds/strikes@before-cleaning", target)
        for path in vega().iterdir():
            assert (target / path.name).read_bytes() == path.read_bytes(), path.name

    def test_12_search_finds_names_columns_text_and_tags(self):
        self.k.run("tag", "add", "birds/strikes", "raw")
        self.k.run("tag", "add", "birds/strikes/windvectors.csv", "raw", "wind")

        def paths(*words):
            return [h["address"].split("/", 2)[-1] for h in self.k.json("search", *words)["hits"]]

        assert "windvectors.csv" in paths("wind tag:raw")
        assert "seattle-weather.csv" in paths("seatle weather"), "a typo"
        assert "seattle-weather.csv" in paths("column:precipitation")
        assert "penguins.json" in paths("peng"), "a prefix"
        answer = self.k.json("search", "format:csv")
        facets = {f["field"]: {v["value"]: v["count"] for v in f["values"]} for f in answer["facets"]}
        assert facets["format"].get("csv", 0) >= 20, facets

    def test_12_tags_go_where_their_objects_go(self):
        def tagged():
            return {h["address"] for h in self.k.json("search", "tag:movable")["hits"]}

        (self.folder / "moved.csv").write_text("a,b\n1,2\n")
        self.k.run("asset", "create", "birds/moving")
        self.k.run("put", self.folder / "moved.csv", "birds/moving/in/")
        self.k.run("tag", "add", "birds/moving/in/moved.csv", "movable")
        assert tagged() == {"birds/moving/in/moved.csv"}
        self.k.run("mv", "birds/moving/in/", "birds/moving/out/")
        assert tagged() == {"birds/moving/out/in/moved.csv"}
        self.k.run("rm", "birds/moving/out/in/moved.csv")
        assert tagged() == set()
        self.k.run("put", self.folder / "moved.csv", "birds/moving/out/in/")
        assert tagged() == {"birds/moving/out/in/moved.csv"}, "what comes back has its tags"
        self.k.run("asset", "remove", "birds/moving", "--yes")
        self.k.run("asset", "create", "birds/moving")
        self.k.run("put", self.folder / "moved.csv", "birds/moving/out/in/")
        assert tagged() == set(), "a new asset starts without the tags of an old one"
        self.k.run("asset", "remove", "birds/moving", "--yes")

    def test_13_a_wrong_query_points_at_the_place_and_guesses(self):
        for query, at, guess in (
            ('select preciptation\nfrom strikes."seattle-weather.csv"', "1 | select", "precipitation"),
            ('select 1\nfrom strikes."seatle-weather.csv"', "2 | from", "seattle-weather.csv"),
            ('select 1 from strike."seattle-weather.csv"', "1 | select", "strikes"),
        ):
            try:
                self.k.run("sql", query, "--project", "birds")
                raise AssertionError(f"{query} ran")
            except Refused as refused:
                assert at in refused.stderr and guess in refused.stderr, refused.stderr
                assert refused.code == 3 or refused.code == 4, refused.code

    def test_14_sql_changes_nothing_and_reads_nothing_else(self):
        for query in ("drop table x", "create table x as select 1", "copy (select 1) to '/tmp/x.csv'", "set x = 1",
                      "select * from '/etc/passwd'", "create external table x stored as csv location '/etc/passwd'"):
            try:
                self.k.run("sql", query, "--project", "birds")
                raise AssertionError(f"{query} ran")
            except Refused as refused:
                assert "root:" not in refused.stderr

    def test_15_results_in_every_format(self):
        query = 'select "Origin" as origin, count(*) as n from strikes."cars.json" group by 1 order by 1'
        expected = pandas.read_json(vega() / "cars.json").groupby("Origin").size()
        csv = self.folder / "r.csv"
        csv.write_text(self.k.run("sql", query, "--project", "birds", "--format", "csv"))
        assert dict(pandas.read_csv(csv).values.tolist()) == expected.to_dict()
        parquet = self.folder / "r.parquet"
        self.k.run("sql", query, "--project", "birds", "--format", "parquet", "-o", parquet)
        assert dict(pandas.read_parquet(parquet).values.tolist()) == expected.to_dict()
