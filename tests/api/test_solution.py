"""CreateSolution, DescribeSolution, ListSolutions, UpdateSolution, DeleteSolution."""
import pytest
from personalize_world import INTERACTIONS_SCHEMA, ITEMS_SCHEMA, RECIPE_ARN, unique
from raw_requests import call

CONFIG = {"algorithmHyperParameters": {"bptt": "20", "recency_mask": "False"},
          "featureTransformationParameters": {"max_user_history_length_percentile": "0.9"}}


@pytest.fixture
def ready(world, group):
    world.dataset(group, "Interactions", INTERACTIONS_SCHEMA)
    world.dataset(group, "Items", ITEMS_SCHEMA)
    return group


def test_is_described_with_the_configuration_it_was_given(world, ready, refused):
    name = unique("solution")
    arn = world.personalize.create_solution(name=name, datasetGroupArn=ready, recipeArn=RECIPE_ARN, eventType="click",
                                            solutionConfig=CONFIG)["solutionArn"]
    described = world.personalize.describe_solution(solutionArn=arn)["solution"]
    assert described["solutionConfig"] == CONFIG and described["eventType"] == "click"
    assert described["performHPO"] is False and described["performAutoML"] is False
    assert "latestSolutionVersion" not in described and described["status"] == "ACTIVE"
    refused("ResourceAlreadyExistsException", world.personalize.create_solution, name=name, datasetGroupArn=ready,
            recipeArn=RECIPE_ARN)
    assert [each["solutionArn"] for each in world.personalize.list_solutions(datasetGroupArn=ready)["solutions"]] == [arn]
    world.personalize.delete_solution(solutionArn=arn)
    refused("ResourceNotFoundException", world.personalize.describe_solution, solutionArn=arn)


def test_is_updated(world, ready, server):
    arn = world.personalize.create_solution(name=unique(), datasetGroupArn=ready, recipeArn=RECIPE_ARN)["solutionArn"]
    update = {"autoTrainingConfig": {"schedulingExpression": "rate(3 days)"}}
    status, body = call(server, "UpdateSolution", solutionArn=arn, performAutoTraining=True,
                        solutionUpdateConfig=update)
    assert (status, body) == (200, {"solutionArn": arn})
    solution = call(server, "DescribeSolution", solutionArn=arn)[1]["solution"]
    assert solution["performAutoTraining"] is True
    assert solution["latestSolutionUpdate"]["solutionUpdateConfig"] == update
    status, body = call(server, "UpdateSolution", solutionArn=arn, solutionUpdateConfig={
        "autoTrainingConfig": {"schedulingExpression": "rate(31 days)"}})
    assert status == 400 and "30" in body["message"]


@pytest.mark.parametrize("options,said", [
    ({"recipeArn": "arn:aws:personalize:::recipe/aws-sims"}, "aws-sims"),
    ({"recipeArn": "arn:aws:personalize:::recipe/aws-vod-top-picks"}, "aws-vod-top-picks"),
    ({}, "recipeArn"),
    ({"recipeArn": RECIPE_ARN, "performAutoML": True}, "recipeArn"),
    ({"recipeArn": RECIPE_ARN, "solutionConfig": {"algorithmHyperParameters": {"bptt": "33"}}}, "32"),
    ({"recipeArn": RECIPE_ARN, "solutionConfig": {"algorithmHyperParameters": {"depth": "3"}}}, "depth"),
    ({"recipeArn": RECIPE_ARN, "solutionConfig": {"eventValueThreshold": "3"}}, "eventType"),
    ({"recipeArn": RECIPE_ARN, "eventType": "click", "solutionConfig": {"eventValueThreshold": "much"}}, "much"),
])
def test_refuses_what_does_not_go_together(world, ready, refused, options, said):
    assert said in refused("InvalidInputException", world.personalize.create_solution, name=unique(),
                           datasetGroupArn=ready, **options)


def test_hpo_ranges_come_back_with_qualified_names(world, ready):
    ranges = {"integerHyperParameterRanges": [{"name": "bptt", "minValue": 2, "maxValue": 22}],
              "continuousHyperParameterRanges": [],
              "categoricalHyperParameterRanges": [{"name": "recency_mask", "values": ["True"]}]}
    arn = world.personalize.create_solution(
        name=unique(), datasetGroupArn=ready, recipeArn=RECIPE_ARN, performHPO=True,
        solutionConfig={"hpoConfig": {"algorithmHyperParameterRanges": ranges}})["solutionArn"]
    config = world.personalize.describe_solution(solutionArn=arn)["solution"]["solutionConfig"]["hpoConfig"]
    echoed = config["algorithmHyperParameterRanges"]
    assert echoed["integerHyperParameterRanges"][0]["name"] == "training.bptt"
    assert echoed["categoricalHyperParameterRanges"][0]["name"] == "data.recency_mask"


def test_is_not_deleted_while_a_campaign_uses_it(world, trained, refused):
    refused("ResourceInUseException", world.personalize.delete_solution, solutionArn=trained.solution_arn)
