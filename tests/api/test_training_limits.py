"""What `attune serve` lets a training take."""
import re

import pytest
from personalize_world import RECIPE_ARN, World, unique


def train(world):
    group_arn, _, _ = world.filled_group()
    solution_arn = world.personalize.create_solution(name=unique(), datasetGroupArn=group_arn,
                                                     recipeArn=RECIPE_ARN)["solutionArn"]
    arn = world.personalize.create_solution_version(solutionArn=solution_arn)["solutionVersionArn"]
    return world.wait_version(arn)


def test_memory(server_with):
    limit = "--training-memory-bytes-max"
    failed = train(World(server_with(limit, 1000)))
    assert failed["status"] == "CREATE FAILED"
    said = re.fullmatch(r"Training needs about (\d+) bytes of memory; the limit is 1000\.", failed["failureReason"])
    assert said, failed
    needed = int(said[1])
    assert train(World(server_with(limit, needed - 1)))["status"] == "CREATE FAILED"
    assert train(World(server_with(limit, needed)))["status"] == "ACTIVE"
    assert train(World(server_with(limit, 0)))["status"] == "ACTIVE", "0 is no limit"


@pytest.mark.parametrize("options,learns", [((), True), (("--training-operations-max", 0), False)])
def test_operations(server_with, options, learns):
    server = server_with(*options, "--training-threads", 1)
    assert train(World(server))["status"] == "ACTIVE"
    [model] = (server.data_dir / "artifacts").iterdir()
    assert (model / "member_sequence.snapshot").exists() == learns
