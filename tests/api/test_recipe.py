"""ListRecipes, DescribeRecipe, DescribeAlgorithm, DescribeFeatureTransformation."""


def recipe_arn(name):
    return "arn:aws:personalize:::recipe/" + name


def test_lists_all_recipes_by_name_and_by_domain(world):
    names = [recipe["name"] for page in world.personalize.get_paginator("list_recipes").paginate(
        PaginationConfig={"PageSize": 4}) for recipe in page["recipes"]]
    assert names == sorted(names) and "aws-user-personalization" in names and "aws-hrnn" in names and len(names) == 25
    shop = world.personalize.list_recipes(domain="ECOMMERCE")["recipes"]
    assert len(shop) == 5 and all(each["name"].startswith("aws-ecomm-") and each["domain"] == "ECOMMERCE"
                                  for each in shop)


def test_describes_a_recipe_and_what_it_is_made_of(world, refused):
    recipe = world.personalize.describe_recipe(recipeArn=recipe_arn("aws-user-personalization"))["recipe"]
    assert recipe["recipeType"] == "USER_PERSONALIZATION" and recipe["status"] == "ACTIVE"
    algorithm = world.personalize.describe_algorithm(algorithmArn=recipe["algorithmArn"])["algorithm"]
    assert algorithm["defaultHyperParameters"]["hidden_dimension"] == "149"
    ranges = algorithm["defaultHyperParameterRanges"]["integerHyperParameterRanges"]
    assert {"name": "bptt", "minValue": 2, "maxValue": 32, "isTunable": True} in ranges
    features = world.personalize.describe_feature_transformation(
        featureTransformationArn=recipe["featureTransformationArn"])["featureTransformation"]
    assert features["defaultParameters"]["max_user_history_length_percentile"] == "0.99"
    refused("ResourceNotFoundException", world.personalize.describe_recipe, recipeArn=recipe_arn("aws-nonsense"))
    refused("InvalidInputException", world.personalize.describe_recipe, recipeArn=recipe["algorithmArn"])
