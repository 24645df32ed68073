"""Small data and the calls that turn it into a campaign, for the tests of the Personalize services."""
import io
import json
import os
import random
import time
import uuid

GENRES = ["Action", "Comedy", "Drama", "Horror", "Musical"]
NAMESPACE = "com.amazonaws.personalize.schema"
RECIPE_ARN = "arn:aws:personalize:::recipe/aws-user-personalization"
DAY = 24 * 60 * 60

INTERACTIONS_SCHEMA = {
    "type": "record", "name": "Interactions", "namespace": NAMESPACE, "version": "1.0",
    "fields": [{"name": "USER_ID", "type": "string"}, {"name": "ITEM_ID", "type": "string"},
               {"name": "TIMESTAMP", "type": "long"}, {"name": "EVENT_TYPE", "type": "string"},
               {"name": "EVENT_VALUE", "type": ["null", "float"]}]}
ITEMS_SCHEMA = {
    "type": "record", "name": "Items", "namespace": NAMESPACE, "version": "1.0",
    "fields": [{"name": "ITEM_ID", "type": "string"}, {"name": "GENRES", "type": "string", "categorical": True},
               {"name": "PRICE", "type": ["null", "float"]}, {"name": "CREATION_TIMESTAMP", "type": "long"}]}
USERS_SCHEMA = {
    "type": "record", "name": "Users", "namespace": NAMESPACE, "version": "1.0",
    "fields": [{"name": "USER_ID", "type": "string"}, {"name": "AGE", "type": "int"}]}


def unique(prefix="t"):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def interactions_csv(users=60, items=50, events_of_user=25, seed=1):
    """Each user likes one genre and takes its items three times out of four; seconds, ending a day ago."""
    draw = random.Random(seed)
    now = int(time.time()) - DAY
    rows = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE"]
    for user in range(users):
        liked = [item for item in range(items) if item % len(GENRES) == user % len(GENRES)]
        for event in range(events_of_user):
            item = draw.choice(liked) if draw.random() < 0.75 else draw.randrange(items)
            rows.append(f"u{user},i{item},{now - (events_of_user - event) * 3600},click,{draw.randrange(1, 6)}")
    return "\n".join(rows) + "\n"


def items_csv(items=50):
    created = int(time.time()) - 100 * DAY
    rows = ["ITEM_ID,GENRES,PRICE,CREATION_TIMESTAMP"]
    rows += [f"i{item},{GENRES[item % len(GENRES)]},{item}.5,{created}" for item in range(items)]
    return "\n".join(rows) + "\n"


# A training of the largest world here takes minutes under a sanitizer.
JOB_SECONDS_MAX = int(os.environ.get("ATTUNE_TEST_JOB_SECONDS", "120"))


def wait(describe, seconds=JOB_SECONDS_MAX):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        resource = describe()
        if resource["status"] in ("ACTIVE", "CREATE FAILED", "CREATE STOPPED"):
            return resource
        time.sleep(0.05)
    raise TimeoutError(resource)


class World:
    """The clients, a bucket and a role; makes groups and what hangs on them, and takes all of it away again."""

    def __init__(self, server):
        self.personalize = server.client("personalize")
        self.runtime = server.client("personalize-runtime")
        self.events = server.client("personalize-events")
        self.s3 = server.client("s3")
        self.iam = server.client("iam")
        self.bucket = unique("bucket")
        self.s3.create_bucket(Bucket=self.bucket)
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                         "Principal": {"Service": "personalize.amazonaws.com"}}]}
        role = unique("role")
        self.role_arn = self.iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        self.iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")

    def put(self, key, text):
        self.s3.upload_fileobj(io.BytesIO(text.encode()), self.bucket, key)
        return f"s3://{self.bucket}/{key}"

    def group(self):
        return self.personalize.create_dataset_group(name=unique("group"))["datasetGroupArn"]

    def schema(self, schema, **options):
        return self.personalize.create_schema(name=unique("schema"), schema=json.dumps(schema), **options)["schemaArn"]

    def dataset(self, group_arn, kind, schema):
        return self.personalize.create_dataset(name=unique("dataset"), datasetGroupArn=group_arn, datasetType=kind,
                                               schemaArn=self.schema(schema))["datasetArn"]

    def start_import(self, dataset_arn, location, **options):
        return self.personalize.create_dataset_import_job(
            jobName=unique("import"), datasetArn=dataset_arn, dataSource={"dataLocation": location},
            **{"roleArn": self.role_arn, **options})["datasetImportJobArn"]

    def wait_import(self, arn):
        return wait(lambda: self.personalize.describe_dataset_import_job(datasetImportJobArn=arn)["datasetImportJob"])

    def import_text(self, dataset_arn, text, **options):
        location = self.put(unique("data") + ".csv", text)
        return self.wait_import(self.start_import(dataset_arn, location, **options))

    def wait_version(self, arn):
        return wait(lambda: self.personalize.describe_solution_version(solutionVersionArn=arn)["solutionVersion"])

    def wait_campaign(self, arn):
        return wait(lambda: self.personalize.describe_campaign(campaignArn=arn)["campaign"])

    def filled_group(self):
        """(group, interactions dataset, items dataset), imported."""
        group_arn = self.group()
        interactions_arn = self.dataset(group_arn, "Interactions", INTERACTIONS_SCHEMA)
        items_arn = self.dataset(group_arn, "Items", ITEMS_SCHEMA)
        assert self.import_text(interactions_arn, interactions_csv())["status"] == "ACTIVE"
        assert self.import_text(items_arn, items_csv())["status"] == "ACTIVE"
        return group_arn, interactions_arn, items_arn

    def delete_group(self, group_arn):
        p = self.personalize
        for solution in p.list_solutions(datasetGroupArn=group_arn)["solutions"]:
            for campaign in p.list_campaigns(solutionArn=solution["solutionArn"])["campaigns"]:
                self.wait_campaign(campaign["campaignArn"])
                p.delete_campaign(campaignArn=campaign["campaignArn"])
            for version in p.list_solution_versions(solutionArn=solution["solutionArn"])["solutionVersions"]:
                self.wait_version(version["solutionVersionArn"])
            p.delete_solution(solutionArn=solution["solutionArn"])
        for made in p.list_filters(datasetGroupArn=group_arn)["Filters"]:
            p.delete_filter(filterArn=made["filterArn"])
        for tracker in p.list_event_trackers(datasetGroupArn=group_arn)["eventTrackers"]:
            p.delete_event_tracker(eventTrackerArn=tracker["eventTrackerArn"])
        for dataset in p.list_datasets(datasetGroupArn=group_arn)["datasets"]:
            for job in p.list_dataset_import_jobs(datasetArn=dataset["datasetArn"])["datasetImportJobs"]:
                self.wait_import(job["datasetImportJobArn"])
            p.delete_dataset(datasetArn=dataset["datasetArn"])
        p.delete_dataset_group(datasetGroupArn=group_arn)


class Trained:
    """A group with data, a solution with an ACTIVE version, and a campaign."""

    def __init__(self, world):
        self.group_arn, self.interactions_arn, self.items_arn = world.filled_group()
        self.solution_arn = world.personalize.create_solution(
            name=unique("solution"), datasetGroupArn=self.group_arn, recipeArn=RECIPE_ARN)["solutionArn"]
        self.version_arn = world.personalize.create_solution_version(
            solutionArn=self.solution_arn)["solutionVersionArn"]
        assert world.wait_version(self.version_arn)["status"] == "ACTIVE"
        self.campaign_arn = world.personalize.create_campaign(
            name=unique("campaign"), solutionVersionArn=self.version_arn, minProvisionedTPS=1,
            campaignConfig={"itemExplorationConfig": {"explorationWeight": "0",
                                                      "explorationItemAgeCutOff": "30"}})["campaignArn"]
        assert world.wait_campaign(self.campaign_arn)["status"] == "ACTIVE"
        tracker = world.personalize.create_event_tracker(name=unique("tracker"), datasetGroupArn=self.group_arn)
        self.tracker_arn, self.tracking_id = tracker["eventTrackerArn"], tracker["trackingId"]
