"""iam:PassRole: whoever names a role for a job needs the right to pass it to Personalize, besides the action itself."""
import json

import pytest
from personalize_world import INTERACTIONS_SCHEMA, unique, wait
from raw_requests import call
from test_iam_users import person  # noqa: F401: a fixture

FULL_ACCESS = "arn:aws:iam::aws:policy/service-role/AmazonPersonalizeFullAccess"


@pytest.fixture
def setting(world, person):  # noqa: F811
    made = Setting(world, person)
    yield made
    made.wait_for_jobs()
    world.delete_group(made.group)


class Setting:
    """A group with a dataset, and a person who may do everything in Personalize, but passes no role yet."""

    def __init__(self, world, somebody):
        self.world, self.person = world, somebody
        self.group = world.group()
        self.dataset = world.dataset(self.group, "Interactions", INTERACTIONS_SCHEMA)

    def wait_for_jobs(self):
        """Those that were let through are jobs like any other, and keep their dataset."""
        p = self.world.personalize
        for job in p.list_dataset_import_jobs(datasetArn=self.dataset)["datasetImportJobs"]:
            wait(lambda: p.describe_dataset_import_job(datasetImportJobArn=job["datasetImportJobArn"])["datasetImportJob"])
        for job in p.list_dataset_export_jobs(datasetArn=self.dataset)["datasetExportJobs"]:
            wait(lambda: p.describe_dataset_export_job(datasetExportJobArn=job["datasetExportJobArn"])["datasetExportJob"])

    def let(self, *statements):
        self.person.iam.put_user_policy(UserName=self.person.name, PolicyName="p", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "personalize:*", "Resource": "*"}, *statements]}))

    def requests(self):
        """(operation, members) of all that take a role."""
        role, name = self.world.role_arn, unique()
        where = {"s3DataDestination": {"path": f"s3://{self.world.bucket}/out/"}}
        # Of a name that cannot be, so that none is made.
        yield "CreateDatasetGroup", {"name": "a b", "roleArn": role,
                                     "kmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/k"}
        yield "CreateDatasetImportJob", {"jobName": name, "datasetArn": self.dataset, "roleArn": role,
                                         "dataSource": {"dataLocation": f"s3://{self.world.bucket}/x.csv"}}
        yield "CreateDatasetExportJob", {"jobName": name, "datasetArn": self.dataset, "roleArn": role, "jobOutput": where}
        version = self.group.replace("dataset-group", "solution") + "/01234567"
        yield "CreateBatchInferenceJob", {"jobName": name, "solutionVersionArn": version, "roleArn": role,
                                          "jobInput": {"s3DataSource": where["s3DataDestination"]}, "jobOutput": where}
        yield "CreateMetricAttribution", {"name": name, "datasetGroupArn": self.group, "metrics": [],
                                          "metricsOutputConfig": {"roleArn": role}}

    def ask(self, operation, members):
        """(status, type, message)"""
        server = self.person.server
        keyed = type("Keyed", (), {"url": server.url, "access_key_id": self.person.key["AccessKeyId"],
                                   "secret_access_key": self.person.key["SecretAccessKey"]})
        status, body = call(keyed, operation, **members)
        return status, body.get("__type", "").split("#")[-1], body.get("message") or body.get("Message") or ""

    def passes(self):
        """Whether each request is let through to what its operation says of it."""
        answers = [self.ask(operation, members) for operation, members in self.requests()]
        return [kind != "AccessDeniedException" for _, kind, _ in answers]


PASS = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}


def test_the_action_alone_does_not_do_where_a_role_is_named(setting):
    setting.let()
    for operation, members in setting.requests():
        status, kind, message = setting.ask(operation, members)
        assert (status, kind) == (400, "AccessDeniedException"), (operation, message)
        assert message == (f"User: {setting.person.iam.get_user(UserName=setting.person.name)['User']['Arn']} is not "
                           f"authorized to perform: iam:PassRole on resource: {setting.world.role_arn} because no "
                           "identity-based policy allows the iam:PassRole action"), operation
    jobs = setting.world.personalize.list_dataset_import_jobs(datasetArn=setting.dataset)["datasetImportJobs"]
    assert jobs == []


def test_the_role_and_the_service_may_be_named(setting):
    for_service = {"Condition": {"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}}}
    for_other = {"Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}}
    for statement, let_through in (
            (PASS, True), ({**PASS, "Resource": setting.world.role_arn}, True),
            ({**PASS, "Resource": setting.world.role_arn + "x"}, False), ({**PASS, **for_service}, True),
            ({**PASS, **for_other}, False)):
        setting.let(statement)
        assert setting.passes() == [let_through] * 5, statement


def test_a_denied_role_is_not_passed(setting):
    setting.let(PASS, {"Effect": "Deny", "Action": "iam:PassRole", "Resource": setting.world.role_arn})
    for operation, members in setting.requests():
        assert "with an explicit deny in an identity-based policy" in setting.ask(operation, members)[2]


def test_full_access_passes_roles(setting):
    setting.person.iam.attach_user_policy(UserName=setting.person.name, PolicyArn=FULL_ACCESS)
    assert all(setting.passes())
