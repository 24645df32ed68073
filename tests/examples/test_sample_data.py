"""attune sample-data writes a world of the size that was asked for, and the same one again."""
import csv
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
ATTUNE = pathlib.Path(os.environ.get("ATTUNE_BUILD", ROOT / "build")) / "attune"


def make(folder, *options):
    return subprocess.run([ATTUNE, "sample-data", "--out", str(folder), *options], capture_output=True, text=True)


def test_writes_the_same_world_for_the_same_options(tmp_path):
    options = ("--users", "50", "--items", "30", "--interactions-per-user", "20", "--seed", "7")
    for name in ("a", "b"):
        assert make(tmp_path / name, *options).returncode == 0
    for name in ("interactions.csv", "items.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    interactions = list(csv.DictReader((tmp_path / "a/interactions.csv").open()))
    items = list(csv.DictReader((tmp_path / "a/items.csv").open()))
    assert len(items) == 30 and {row["USER_ID"] for row in interactions} == {str(user + 1) for user in range(50)}
    assert all(row["ITEM_ID"] in row["IMPRESSION"].split("|") for row in interactions)


def test_says_what_is_wrong(tmp_path):
    missing = make("")
    assert missing.returncode == 2 and "--out" in missing.stderr
    small = make(tmp_path / "a", "--items", "1")
    assert small.returncode == 2 and "items" in small.stderr
