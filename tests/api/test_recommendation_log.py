"""The recommendation log of a server, and what attune evaluate-policy tells from it."""
import gzip
import json
import os
import pathlib
import subprocess
import time

import pytest
from personalize_world import World
from test_exploration import SLATE, Service, Truth, live, readings

ROOT = pathlib.Path(__file__).resolve().parents[2]
ATTUNE = pathlib.Path(os.environ.get("ATTUNE_BUILD", ROOT / "build")) / "attune"
REQUESTS = 300


def lines(server):
    files = sorted((server.data_dir / "recommendations").glob("*.jsonl.gz"))
    return [json.loads(line) for file in files for line in gzip.open(file, "rt")]


def evaluate(*arguments):
    return subprocess.run([ATTUNE, "evaluate-policy", *map(str, arguments)], capture_output=True, text=True)


@pytest.fixture(scope="module")
def logged(tmp_path_factory, new_server):
    """A server that served a small world for a while and was stopped."""
    server = new_server(tmp_path_factory.mktemp("logged") / "data")
    truth = Truth(seed=5)
    service = Service(World(server), truth, 0.3)
    service.put_new_items()
    live(service, truth, requests=REQUESTS, seed=6)
    server.campaign_arn = service.campaign_arn
    server.stop()
    return server


def test_tells_what_was_recommended_and_what_came_of_it(logged):
    assert all(file.stat().st_mode & 0o077 == 0 for file in (logged.data_dir / "recommendations").iterdir())
    recommended = [line for line in lines(logged) if line["kind"] == "recommendation"]
    told = [line for line in lines(logged) if line["kind"] == "event"]
    assert len(recommended) == REQUESTS and len(told) >= REQUESTS
    assert {line["recommendationId"] for line in told} == {line["recommendationId"] for line in recommended}
    for line in recommended:
        assert line["campaignArn"] == logged.campaign_arn and line["explorationWeight"] == 0.3
        assert line["policy"] == "gaussian-thompson" and line["policyVersion"] == 2 and line["model"]
        assert len(line["items"]) == len(line["scores"]) == len(line["propensities"]) == len(line["explored"]) == SLATE
        assert all(0 < propensity <= 1 for propensity in line["propensities"])
        assert len(line["propensityErrors"]) == SLATE and all(0 <= error < 0.2 for error in line["propensityErrors"])
        assert set(line["items"]) <= set(line["drawnFrom"]["items"])
        assert abs(line["time"] - time.time()) < 3600
    assert any(1 in line["explored"] for line in recommended)


def test_estimates_what_other_weights_had_brought(logged, tmp_path):
    plot = tmp_path / "estimates.svg"
    run = evaluate(logged.data_dir / "recommendations", "--weights", "0,0.3,0.9", "--plot", plot, "--json")
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    rewards = {(line["recommendationId"], line["itemId"]) for line in lines(logged)
               if line["kind"] == "event" and line["eventType"] == "click"}
    assert report["lists"] == REQUESTS and report["places"] == REQUESTS * SLATE
    assert report["clicks"] == len(rewards) > 100
    observed = report["observed"]
    assert observed["value"] == pytest.approx(len(rewards) / (REQUESTS * SLATE))
    assert observed["low"] < observed["value"] < observed["high"]
    by_weight = {each["exploration_weight"]: each for each in report["policies"]}
    assert set(by_weight) == {0, 0.3, 0.9}
    # The weight that it was logged at is estimated where it was observed.
    for estimate in ("inverse_propensity", "self_normalized", "doubly_robust"):
        assert by_weight[0.3][estimate]["low"] < observed["value"] < by_weight[0.3][estimate]["high"]
    # The further away, the less the log tells.
    assert by_weight[0.9]["effective_places"] < by_weight[0.3]["effective_places"]
    assert plot.read_text().startswith("<svg") and "doubly robust" in plot.read_text()


def test_prints_a_table_for_people(logged):
    run = evaluate(logged.data_dir / "recommendations", "--policy", "greedy")
    assert run.returncode == 0, run.stderr
    assert f"{REQUESTS} lists" in run.stdout and "greedy 0.3" in run.stdout and "doubly robust" in run.stdout


def test_reads_one_file_and_passes_over_what_a_crash_tore(logged, tmp_path):
    whole = sorted((logged.data_dir / "recommendations").glob("*.jsonl.gz"))[0].read_bytes()
    torn = tmp_path / "torn.jsonl.gz"
    torn.write_bytes(whole[:-100])
    run = evaluate(torn, "--json")
    assert run.returncode in (0, 1)
    plain = tmp_path / "plain.jsonl"
    plain.write_bytes(gzip.decompress(whole) + b"no json\n")
    run = evaluate(plain, "--json")
    assert run.returncode == 0 and json.loads(run.stdout)["bad_lines"] == 1, run.stderr


@pytest.mark.parametrize("arguments,said", [
    ((), "LOG is missing"), (("/nowhere",), "/nowhere"), (("/nowhere", "again"), "second LOG"),
    (("/nowhere", "--weights", "0.5,2"), "'2' is not an explorationWeight"), (("/nowhere", "--weights", ""), "0 weights"),
    (("/nowhere", "--policy", "best"), "'best' is none of"), (("/nowhere", "--lists", "0"), "--lists")])
def test_says_what_is_wrong(arguments, said):
    run = evaluate(*arguments)
    assert run.returncode in (1, 2) and said in run.stderr and run.stdout == "", run.stderr


def test_a_log_of_plain_rankings_says_that_it_tells_nothing(server_with):
    server = server_with()
    truth = Truth(seed=1)
    service = Service(World(server), truth, 0)
    service.ask(1)
    server.stop()
    run = evaluate(server.data_dir / "recommendations")
    assert run.returncode == 1 and "no list in it was drawn by a campaign that explores (1 were drawn" in run.stderr


def test_can_be_turned_off(server_with):
    server = server_with("--recommendation-log-percent", 0)
    truth = Truth(seed=1)
    service = Service(World(server), truth, 0.3)
    recommendation_id, items = service.ask(1)
    service.tell(recommendation_id, "s", [("click", items[0])])
    figures = readings(server)
    assert figures["attune_recommendation_log_lines"] == figures["attune_recommendation_log_bytes"] == 0
    server.stop()
    assert not (server.data_dir / "recommendations").exists()
