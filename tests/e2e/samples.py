"""Real files for tests, fetched once into the cache, and what pandas and pyarrow read in them."""

import json
import math
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile

import pandas
import pyarrow
import pyarrow.parquet

CACHE = pathlib.Path(os.environ["KAMLD_CACHE"]) / "data"


def vega():
    """The data files of npm vega-datasets."""
    folder = CACHE / "vega-datasets-3.2.1"
    if not (folder / "package/data").exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", "vega-datasets@3.2.1"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(folder / "vega-datasets-3.2.1.tgz") as archive:
            archive.extractall(folder, filter="data")
    return folder / "package/data"


def sklearn():
    """The data sets inside the wheel of scikit-learn."""
    folder = CACHE / "scikit-learn-1.7.2"
    if not folder.exists():
        with tempfile.TemporaryDirectory() as download:
            subprocess.run([sys.executable, "-m", "pip", "-q", "download", "--no-deps", "-d", download, "scikit-learn==1.7.2"], check=True)
            with zipfile.ZipFile(next(pathlib.Path(download).glob("*.whl"))) as wheel:
                for name in wheel.namelist():
                    if name.startswith("sklearn/datasets/data/"):
                        wheel.extract(name, folder)
    return folder / "sklearn/datasets/data"


def frame(path):
    """What pandas or pyarrow reads; none when the file is no table."""
    if path.suffix == ".csv":
        return pandas.read_csv(path)
    if path.suffix == ".tsv":
        return pandas.read_csv(path, sep="\t")
    if path.suffix == ".parquet":
        return pyarrow.parquet.read_table(path).to_pandas()
    if path.suffix == ".arrow":
        return pyarrow.ipc.open_file(path).read_all().to_pandas()
    if path.suffix == ".json":
        value = json.loads(path.read_text())
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            return pandas.DataFrame(value)
    return None


def same(ours, theirs):
    return math.isclose(float(ours or 0), float(theirs), rel_tol=1e-9, abs_tol=1e-9)
