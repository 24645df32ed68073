"""attune evaluate, as a user calls it, on a generated world."""
import gzip
import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ATTUNE = pathlib.Path(os.environ.get("ATTUNE_BUILD", ROOT / "build")) / "attune"


def attune(*arguments, **environment):
    return subprocess.run([ATTUNE, *map(str, arguments)], capture_output=True, text=True,
                          env={**os.environ, **environment})


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    assert attune("sample-data", "--out", folder, "--users", 200, "--items", 60).returncode == 0
    return folder


def test_measures_leave_one_out_and_prints_one_object(world, tmp_path):
    packed = tmp_path / "interactions.csv.gz"
    packed.write_bytes(gzip.compress((world / "interactions.csv").read_bytes()))
    scratch = tmp_path / "scratch"  # its own: another run's artifacts, killed or still going, are none of this test's.
    scratch.mkdir()
    run = attune("evaluate", "--interactions", packed, "--items", world / "items.csv", "--recipe",
                 "aws-user-personalization", "--protocol", "leave-one-out", "--members", "--seeds", 2, "--threads", 2,
                 "--json", TMPDIR=str(scratch))
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert report["seeds"] == [1, 2] and report["test_count"] > 150
    blend, popularity = report["blend"], report["members"]["popularity"]
    for row in report["members"].values():
        assert set(row) == set(blend)
    for k in (5, 10, 25):
        for name in ("ndcg", "hr", "mrr", "precision"):
            assert 0 < blend[f"{name}_at_{k}"] < 1
    assert blend["ndcg_at_10"] > 1.2 * popularity["ndcg_at_10"]
    assert blend["ndcg_at_10_interval"][0] < blend["ndcg_at_10"] < blend["ndcg_at_10_interval"][1]
    assert 0 < blend["coverage"] <= 1 and 0 <= blend["tail_share"] < 1
    assert report["fit_seconds"] > 0 and report["peak_memory_bytes"] > 10_000_000
    assert "sequence" in report["members"] and report["train_tokens_per_second"] > 100
    assert not list(scratch.iterdir()), "left behind"


def test_cpu_cap_comes_from_the_environment(world):
    run = attune("--version", ATTUNE_CPU="sse9")
    assert run.returncode == 2 and "ATTUNE_CPU is sse9; it may be baseline, avx2, avx512 or amx" in run.stderr
    for level in ("baseline", "avx2", "avx512", "amx", ""):
        run = attune("--version", ATTUNE_CPU=level)
        assert run.returncode == 0, run.stderr


def test_prints_tables_for_people(world):
    run = attune("evaluate", "--interactions", world / "interactions.csv", "--members")
    assert run.returncode == 0, run.stderr
    assert "NDCG@10" in run.stdout and "blend" in run.stdout and "popularity" in run.stdout
    # No bar where there is no terminal: at most a line now and then, where it takes long.
    assert all(re.fullmatch(r"seed 1 of 1 +\d+ % [^\r\x1b]+", line) for line in run.stderr.splitlines()), run.stderr
    service = attune("evaluate", "--interactions", world / "interactions.csv", "--protocol", "service")
    assert service.returncode == 0, service.stderr
    assert "normalized_discounted_cumulative_gain_at_10" in service.stdout


@pytest.mark.parametrize("arguments,said", [
    ((), "--interactions"), (("--interactions", "/nowhere.csv"), "/nowhere.csv"),
    (("--interactions", "X", "--protocol", "guess"), "guess"), (("--interactions", "X", "--recipe", "aws-x"), "aws-x"),
    (("--interactions", "X", "--seeds", "0"), "seeds"), (("--interaction", "X"), "--interactions")])
def test_says_what_is_wrong(arguments, said):
    run = attune("evaluate", *arguments)
    assert run.returncode in (1, 2) and said in run.stderr, run.stderr
    assert run.stdout == ""


def test_says_that_the_scratch_folder_is_missing(world):
    run = attune("evaluate", "--interactions", world / "interactions.csv", TMPDIR="/nowhere")
    assert run.returncode == 1 and "TMPDIR" in run.stderr
