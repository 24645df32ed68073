"""Kinds that cannot be made yet: Create names the operation, lists are empty, nothing is found."""
import pytest
from raw_requests import call

ARN = "arn:aws:personalize:us-east-1:123456789012:"
ROLE = "arn:aws:iam::123456789012:role/r"
S3 = {"s3DataSource": {"path": "s3://b/k"}}
TO_S3 = {"s3DataDestination": {"path": "s3://b/k/"}}


@pytest.mark.parametrize("operation,members", [
    ("CreateRecommender", {"name": "r", "datasetGroupArn": ARN + "dataset-group/g", "recipeArn": ARN + "recipe/r"}),
    ("CreateBatchInferenceJob", {"jobName": "j", "solutionVersionArn": ARN + "solution/s/1", "jobInput": S3,
                                 "jobOutput": TO_S3, "roleArn": ROLE}),
    ("CreateBatchSegmentJob", {"jobName": "j", "solutionVersionArn": ARN + "solution/s/1", "jobInput": S3,
                               "jobOutput": TO_S3, "roleArn": ROLE}),
    ("CreateMetricAttribution", {"name": "m", "datasetGroupArn": ARN + "dataset-group/g", "metrics": [],
                                 "metricsOutputConfig": {"roleArn": ROLE}}),
    ("CreateDataDeletionJob", {"jobName": "j", "datasetGroupArn": ARN + "dataset-group/g",
                               "dataSource": {"dataLocation": "s3://b/k"}, "roleArn": ROLE}),
])
def test_create_says_which_operation_is_not_there(server, operation, members):
    status, body = call(server, operation, **members)
    assert status == 400 and body["__type"] == "InvalidInputException" and operation in body["message"], body
    status, body = call(server, operation)
    assert status == 400 and "validation error" in body["message"], body


@pytest.mark.parametrize("operation,member,kind", [
    ("DescribeRecommender", "recommenderArn", "recommender"), ("StartRecommender", "recommenderArn", "recommender"),
    ("StopRecommender", "recommenderArn", "recommender"), ("DeleteRecommender", "recommenderArn", "recommender"),
    ("DescribeBatchInferenceJob", "batchInferenceJobArn", "batch-inference-job"),
    ("DescribeBatchSegmentJob", "batchSegmentJobArn", "batch-segment-job"),
    ("DescribeMetricAttribution", "metricAttributionArn", "metric-attribution"),
    ("DeleteMetricAttribution", "metricAttributionArn", "metric-attribution"),
    ("UpdateMetricAttribution", "metricAttributionArn", "metric-attribution"),
    ("DescribeDataDeletionJob", "dataDeletionJobArn", "data-deletion-job"),
])
def test_nothing_is_found(server, operation, member, kind):
    status, body = call(server, operation, **{member: f"{ARN}{kind}/x"})
    assert status == 400 and body["__type"] == "ResourceNotFoundException", body
    status, body = call(server, operation, **{member: "x"})
    assert status == 400 and body["__type"] == "InvalidInputException", body


@pytest.mark.parametrize("operation,member", [
    ("ListRecommenders", "recommenders"), ("ListBatchInferenceJobs", "batchInferenceJobs"),
    ("ListBatchSegmentJobs", "batchSegmentJobs"), ("ListMetricAttributions", "metricAttributions"),
    ("ListMetricAttributionMetrics", "metrics"), ("ListDataDeletionJobs", "dataDeletionJobs")])
def test_lists_are_empty(server, operation, member):
    assert call(server, operation) == (200, {member: []})
    status, body = call(server, operation, nextToken="x")
    assert status == 400 and body["__type"] == "InvalidNextTokenException", body


def test_an_operation_that_nobody_knows(server):
    status, body = call(server, "MakeCoffee")
    assert status in (400, 404) and body["__type"] == "UnknownOperationException"
