"""CreateSolutionVersion, DescribeSolutionVersion, ListSolutionVersions, StopSolutionVersionCreation, GetSolutionMetrics."""
import re

from personalize_world import INTERACTIONS_SCHEMA, RECIPE_ARN, interactions_csv, unique
from raw_requests import call

METRICS = {"coverage", "mean_reciprocal_rank_at_25", "normalized_discounted_cumulative_gain_at_5",
           "normalized_discounted_cumulative_gain_at_10", "normalized_discounted_cumulative_gain_at_25",
           "precision_at_5", "precision_at_10", "precision_at_25"}


def solution(world, group, text, **options):
    dataset_arn = world.dataset(group, "Interactions", INTERACTIONS_SCHEMA)
    assert world.import_text(dataset_arn, text)["status"] == "ACTIVE"
    return world.personalize.create_solution(name=unique(), datasetGroupArn=group, recipeArn=RECIPE_ARN,
                                             **options)["solutionArn"]


def version(world, solution_arn, **options):
    arn = world.personalize.create_solution_version(solutionArn=solution_arn, **options)["solutionVersionArn"]
    return world.wait_version(arn)


def test_a_trained_version_has_metrics_and_is_its_solutions_latest(world, server, trained):
    # Debian's botocore does not know trainingType yet.
    described = call(server, "DescribeSolutionVersion", solutionVersionArn=trained.version_arn)[1]["solutionVersion"]
    assert re.fullmatch(re.escape(trained.solution_arn) + "/[0-9a-f]{8}", trained.version_arn)
    assert described["trainingMode"] == "FULL" and described["trainingType"] == "MANUAL"
    assert described["trainingHours"] > 0 and described["datasetGroupArn"] == trained.group_arn
    metrics = world.personalize.get_solution_metrics(solutionVersionArn=trained.version_arn)["metrics"]
    assert set(metrics) == METRICS and all(0 <= value <= 1 for value in metrics.values())
    # Three of four events are of the ten items of one genre, in no order: a random list of 50 has 0.2 in each five.
    assert metrics["precision_at_5"] > 0
    latest = world.personalize.describe_solution(solutionArn=trained.solution_arn)["solution"]["latestSolutionVersion"]
    assert latest["solutionVersionArn"].startswith(trained.solution_arn + "/") and latest["status"] == "ACTIVE"


def test_update_needs_a_full_version(world, server, group, refused):
    solution_arn = solution(world, group, interactions_csv())
    refused("InvalidInputException", world.personalize.create_solution_version, solutionArn=solution_arn,
            trainingMode="UPDATE")
    assert version(world, solution_arn)["status"] == "ACTIVE"
    updated = version(world, solution_arn, trainingMode="UPDATE")
    assert updated["status"] == "ACTIVE" and updated["trainingMode"] == "UPDATE", updated
    listed = call(server, "ListSolutionVersions", solutionArn=solution_arn)[1]["solutionVersions"]
    assert [each["trainingMode"] for each in listed] == ["FULL", "UPDATE"]


def test_fails_with_the_services_words_on_too_little_data(world, group):
    # 24 users have two events, each other user one.
    rows = interactions_csv(users=24, events_of_user=2).splitlines()
    rows += [f"lonely{i},i{i % 50},1700000000,click,1" for i in range(1100)]
    failed = version(world, solution(world, group, "\n".join(rows) + "\n"))
    assert failed["status"] == "CREATE FAILED"
    assert failed["failureReason"] == (
        "Create failed. Dataset has fewer than 25 users with at least 2 interactions each.")


def test_filters_by_event_type_and_value(world, group):
    solution_arn = solution(world, group, interactions_csv(), eventType="CLICK",
                            solutionConfig={"eventValueThreshold": "5"})
    failed = version(world, solution_arn)
    assert failed["status"] == "CREATE FAILED"
    assert failed["failureReason"].startswith("Dataset has fewer than 1000 interactions after filtering by event type")


def test_is_stopped_before_it_is_done_or_refuses(world, group, refused):
    solution_arn = solution(world, group, interactions_csv(users=400, items=400, events_of_user=40))
    arn = world.personalize.create_solution_version(solutionArn=solution_arn)["solutionVersionArn"]
    refused("ResourceInUseException", world.personalize.get_solution_metrics, solutionVersionArn=arn)
    world.personalize.stop_solution_version_creation(solutionVersionArn=arn)
    assert world.wait_version(arn)["status"] == "CREATE STOPPED"
    refused("ResourceInUseException", world.personalize.stop_solution_version_creation, solutionVersionArn=arn)
