#!/usr/bin/env python3
"""The life of a recommender, from a bucket to recommendations that explore new items and back to nothing.

The same calls work against Amazon Personalize; only the endpoint differs. Each step is a function, in the order in
which main() calls them.

usage: user_personalization.py [--endpoint URL] [--data DIR] [--user ID] [--keep] [--poll SECONDS]

  --endpoint URL  where attune listens (default: $AWS_ENDPOINT_URL, else http://127.0.0.1:8080)
  --data DIR      a folder with interactions.csv and items.csv, gzipped or not (default: the server's sample bucket)
  --user ID       whose recommendations are shown (default: 101, or the first user of the data who has 20 events)
  --keep          do not delete what was made
  --poll SECONDS  how often a job's status is asked for (default 0.2; Amazon's samples use 20 to 60)
"""
import argparse
import csv
import gzip
import io
import json
import os
import pathlib
import sys
import time

import boto3
from botocore.exceptions import ClientError

SAMPLE_BUCKET = "personalize-cli-json-models"
SAMPLE_INTERACTIONS = "sample-dataset/interactions-sample.csv"
SAMPLE_ITEMS = "sample-dataset/items-with-creation-timestamp-sample.csv"
RECIPE_ARN = "arn:aws:personalize:::recipe/aws-user-personalization"

DAY = 24 * 60 * 60
# The newest interaction is moved to eight days ago, and items count as new for seven: every item of the files is then
# old once an event arrives, and only the items that the events bring are new.
NEWEST_INTERACTION_DAYS_AGO = 8
NEW_FOR_DAYS = 7
NEW_ITEM_COUNT = 10

# How a column of the files becomes a field of the schema. Columns that stand in neither table are left out.
INTERACTION_FIELDS = {
    "USER_ID": {"type": "string"},
    "ITEM_ID": {"type": "string"},
    "TIMESTAMP": {"type": "long"},
    "EVENT_TYPE": {"type": "string"},
    "EVENT_VALUE": {"type": ["float", "null"]},
    "IMPRESSION": {"type": "string"},
}
ITEM_FIELDS = {
    "ITEM_ID": {"type": "string"},
    "GENRES": {"type": ["null", "string"], "categorical": True},
    "ATTRIBUTES": {"type": ["null", "string"], "categorical": True},
    "YEAR": {"type": ["null", "int"]},
    "TITLE": {"type": ["null", "string"]},
    "CREATION_TIMESTAMP": {"type": "long"},
}


def say(text):
    print(text, flush=True)


class Clients:
    """One boto3 client a service, all at the same endpoint."""

    def __init__(self, endpoint, region):
        def make(service):
            return boto3.client(service, endpoint_url=endpoint, region_name=region)

        self.region = region
        self.personalize = make("personalize")
        self.runtime = make("personalize-runtime")
        self.events = make("personalize-events")
        self.s3 = make("s3")
        self.iam = make("iam")


def read_table(text):
    """The rows of a CSV text as dictionaries with upper-case keys."""
    reader = csv.DictReader(io.StringIO(text))
    reader.fieldnames = [name.upper() for name in reader.fieldnames]
    return list(reader)


def write_table(rows, columns):
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def load_data(clients, folder):
    """(interactions, items), from a folder or from the server's sample bucket."""
    if folder is None:
        def fetch(key):
            return clients.s3.get_object(Bucket=SAMPLE_BUCKET, Key=key)["Body"].read().decode()

        return read_table(fetch(SAMPLE_INTERACTIONS)), read_table(fetch(SAMPLE_ITEMS))

    def load(name):
        plain = pathlib.Path(folder) / name
        packed = plain.with_name(name + ".gz")
        if plain.exists():
            return plain.read_text()
        if packed.exists():
            return gzip.decompress(packed.read_bytes()).decode()
        sys.exit(f"{plain} does not exist, and neither does {packed.name} beside it")

    return read_table(load("interactions.csv")), read_table(load("items.csv"))


def shift_times(interactions, items):
    """Moves every time by the same amount, so that the newest interaction was eight days ago."""
    newest = max(int(row["TIMESTAMP"]) for row in interactions)
    shift = int(time.time()) - NEWEST_INTERACTION_DAYS_AGO * DAY - newest
    for row in interactions:
        row["TIMESTAMP"] = int(row["TIMESTAMP"]) + shift
    for row in items:
        if row.get("CREATION_TIMESTAMP"):
            row["CREATION_TIMESTAMP"] = int(row["CREATION_TIMESTAMP"]) + shift


def schema_of(record_name, rows, fields):
    """The Avro schema of those of the known fields that the rows have."""
    return {
        "type": "record",
        "name": record_name,
        "namespace": "com.amazonaws.personalize.schema",
        "fields": [{"name": name, **form} for name, form in fields.items() if name in rows[0]],
        "version": "1.0",
    }


def wait(what, describe, seconds):
    """Asks until the resource is ACTIVE; ends the program, with the reason, if it failed."""
    begun = time.time()
    while True:
        resource = describe()
        if resource["status"] == "ACTIVE":
            say(f"  {what} is ACTIVE after {time.time() - begun:.1f} s")
            return resource
        if resource["status"] in ("CREATE FAILED", "CREATE STOPPED"):
            sys.exit(f"{what}: {resource['status']}: {resource.get('failureReason')}")
        time.sleep(seconds)


def create_group(clients, name, poll):
    arn = clients.personalize.create_dataset_group(name=name)["datasetGroupArn"]
    wait("the dataset group", lambda: clients.personalize.describe_dataset_group(datasetGroupArn=arn)["datasetGroup"],
         poll)
    return arn


def create_dataset(clients, name, group_arn, kind, schema):
    schema_arn = clients.personalize.create_schema(name=f"{name}-{kind.lower()}", schema=json.dumps(schema))["schemaArn"]
    dataset = clients.personalize.create_dataset(name=f"{name}-{kind.lower()}", schemaArn=schema_arn,
                                                 datasetGroupArn=group_arn, datasetType=kind)
    return dataset["datasetArn"], schema_arn


def upload(clients, bucket, tables):
    """Makes the bucket, lets Personalize read it, and puts the tables there."""
    clients.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": clients.region})
    for key, text in tables.items():
        clients.s3.put_object(Bucket=bucket, Key=key, Body=text.encode())
    policy = {
        "Version": "2012-10-17",
        "Id": "PersonalizeReads",
        "Statement": [{
            "Sid": "PersonalizeReads",
            "Effect": "Allow",
            "Principal": {"Service": "personalize.amazonaws.com"},
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        }],
    }
    clients.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def create_role(clients, name):
    """A role that Personalize may take, and that may read buckets."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "personalize.amazonaws.com"},
                       "Action": "sts:AssumeRole"}],
    }
    try:
        arn = clients.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityAlreadyExists":
            raise
        arn = clients.iam.get_role(RoleName=name)["Role"]["Arn"]
    clients.iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    return arn


def import_tables(clients, name, bucket, role_arn, datasets, poll):
    jobs = []
    for key, dataset_arn in datasets.items():
        job = clients.personalize.create_dataset_import_job(
            jobName=f"{name}-{key.split('.')[0]}", datasetArn=dataset_arn, roleArn=role_arn,
            dataSource={"dataLocation": f"s3://{bucket}/{key}"})
        jobs.append((key, job["datasetImportJobArn"]))
    for key, arn in jobs:
        wait(f"the import of {key}", lambda arn=arn: clients.personalize.describe_dataset_import_job(
            datasetImportJobArn=arn)["datasetImportJob"], poll)


def train(clients, solution_arn, mode, poll):
    arn = clients.personalize.create_solution_version(solutionArn=solution_arn, trainingMode=mode)["solutionVersionArn"]
    wait(f"the {mode} training", lambda: clients.personalize.describe_solution_version(
        solutionVersionArn=arn)["solutionVersion"], poll)
    return arn


def print_metrics(clients, version_arn):
    metrics = clients.personalize.get_solution_metrics(solutionVersionArn=version_arn)["metrics"]
    for key in ("normalized_discounted_cumulative_gain_at_10", "mean_reciprocal_rank_at_25", "precision_at_10",
                "coverage"):
        say(f"    {key} {metrics[key]:.4f}")


def exploration(weight):
    return {"itemExplorationConfig": {"explorationWeight": str(weight), "explorationItemAgeCutOff": str(NEW_FOR_DAYS)}}


def update_campaign(clients, campaign_arn, is_done, poll, **changes):
    """Changes the campaign and waits until requests see it; the old one answers meanwhile."""
    clients.personalize.update_campaign(campaignArn=campaign_arn, **changes)
    while not is_done(clients.personalize.describe_campaign(campaignArn=campaign_arn)["campaign"]):
        time.sleep(poll)


def recommend(clients, campaign_arn, user_id, titles, new_items, heading):
    """Prints and returns one list."""
    answer = clients.runtime.get_recommendations(campaignArn=campaign_arn, userId=user_id)
    say(f"\n{heading}")
    for rank, item in enumerate(answer["itemList"], 1):
        mark = "  <- new" if item["itemId"] in new_items else ""
        if rank <= 10 or mark:
            say(f"  {rank:2}. {titles.get(item['itemId'], item['itemId']):48.48} {item['score']:.5f}{mark}")
    shown = sum(item["itemId"] in new_items for item in answer["itemList"])
    say(f"  new items among {len(answer['itemList'])}: {shown}")
    return answer


def put_events(clients, tracking_id, user_id, session_id, events):
    clients.events.put_events(trackingId=tracking_id, userId=user_id, sessionId=session_id, eventList=events)


def delete_all(clients, group_arn, solution_arn, campaign_arn, tracker_arn, poll):
    """Campaign, solution, datasets, tracker, group: what hangs on another goes first."""
    clients.personalize.delete_campaign(campaignArn=campaign_arn)
    while clients.personalize.list_campaigns(solutionArn=solution_arn)["campaigns"]:
        time.sleep(poll)
    clients.personalize.delete_solution(solutionArn=solution_arn)
    while clients.personalize.list_solutions(datasetGroupArn=group_arn)["solutions"]:
        time.sleep(poll)
    for dataset in clients.personalize.list_datasets(datasetGroupArn=group_arn)["datasets"]:
        clients.personalize.delete_dataset(datasetArn=dataset["datasetArn"])
    while clients.personalize.list_datasets(datasetGroupArn=group_arn)["datasets"]:
        time.sleep(poll)
    clients.personalize.delete_event_tracker(eventTrackerArn=tracker_arn)
    clients.personalize.delete_dataset_group(datasetGroupArn=group_arn)


def pick_user(interactions, wanted):
    counts = {}
    for row in interactions:
        counts[row["USER_ID"]] = counts.get(row["USER_ID"], 0) + 1
    if wanted is not None:
        return wanted
    return "101" if "101" in counts else next(user for user, count in counts.items() if count >= 20)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", default=os.environ.get("AWS_ENDPOINT_URL", "http://127.0.0.1:8080"))
    parser.add_argument("--data")
    parser.add_argument("--user")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--poll", type=float, default=0.2)
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    poll = arguments.poll
    clients = Clients(arguments.endpoint, os.environ.get("AWS_DEFAULT_REGION", "us-east-1"))
    name = f"demo-{int(time.time())}"

    say("1. the data")
    interactions, items = load_data(clients, arguments.data)
    shift_times(interactions, items)
    user_id = pick_user(interactions, arguments.user)
    say(f"  {len(interactions)} interactions, {len(items)} items; the list of user {user_id} will be shown")
    titles = {row["ITEM_ID"]: f"{row['ITEM_ID']:>5}  {row.get('TITLE') or row.get('GENRES') or ''}" for row in items}
    known = set(titles) | {row["ITEM_ID"] for row in interactions}
    new_items = ([str(240 + i) for i in range(NEW_ITEM_COUNT)] if arguments.data is None
                 else [f"new-item-{i}" for i in range(NEW_ITEM_COUNT)])
    assert not known & set(new_items)

    say("2. a dataset group with two datasets")
    group_arn = create_group(clients, name, poll)
    interaction_schema = schema_of("Interactions", interactions, INTERACTION_FIELDS)
    item_schema = schema_of("Items", items, ITEM_FIELDS)
    interactions_arn, _ = create_dataset(clients, name, group_arn, "INTERACTIONS", interaction_schema)
    items_arn, _ = create_dataset(clients, name, group_arn, "ITEMS", item_schema)

    say("3. a bucket, a role, two imports")
    upload(clients, name, {
        "interactions.csv": write_table(interactions, [field["name"] for field in interaction_schema["fields"]]),
        "items.csv": write_table(items, [field["name"] for field in item_schema["fields"]]),
    })
    role_arn = create_role(clients, f"{name}-role")
    import_tables(clients, name, name, role_arn, {"interactions.csv": interactions_arn, "items.csv": items_arn}, poll)

    say("4. a solution")
    solution_arn = clients.personalize.create_solution(name=name, recipeArn=RECIPE_ARN,
                                                       datasetGroupArn=group_arn)["solutionArn"]
    full_version_arn = train(clients, solution_arn, "FULL", poll)
    print_metrics(clients, full_version_arn)

    say("5. a campaign that explores with weight 0.9")
    campaign_arn = clients.personalize.create_campaign(
        name=name, solutionVersionArn=full_version_arn, minProvisionedTPS=1,
        campaignConfig=exploration(0.9))["campaignArn"]
    wait("the campaign",
         lambda: clients.personalize.describe_campaign(campaignArn=campaign_arn)["campaign"], poll)
    answer = recommend(clients, campaign_arn, user_id, titles, new_items, "before the new items, weight 0.9")

    say("\n6. events: a click on what was shown, and clicks on items that nobody knew")
    tracker = clients.personalize.create_event_tracker(name=name, datasetGroupArn=group_arn)
    shown = [item["itemId"] for item in answer["itemList"]]
    event_type = interactions[0].get("EVENT_TYPE") or "click"
    put_events(clients, tracker["trackingId"], user_id, "1", [{
        "sentAt": time.time(), "eventType": event_type, "itemId": shown[0],
        "recommendationId": answer["recommendationId"], "impression": shown}])
    put_events(clients, tracker["trackingId"], user_id, "1", [
        {"sentAt": time.time(), "eventType": event_type, "itemId": item} for item in new_items])
    say(f"  {1 + len(new_items)} events, of which {len(new_items)} on new items")

    say("7. an UPDATE training takes the new items in")
    update_version_arn = train(clients, solution_arn, "UPDATE", poll)
    update_campaign(clients, campaign_arn, lambda campaign: campaign["solutionVersionArn"] == update_version_arn, poll,
                    solutionVersionArn=update_version_arn)
    recommend(clients, campaign_arn, user_id, titles, new_items, "after the new items, weight 0.9")

    say("\n8. the same campaign with weight 0.1")
    update_campaign(clients, campaign_arn, lambda campaign: campaign["campaignConfig"]["itemExplorationConfig"][
        "explorationWeight"] == "0.1", poll, campaignConfig=exploration(0.1))
    recommend(clients, campaign_arn, user_id, titles, new_items, "after the new items, weight 0.1")

    if arguments.keep:
        say(f"\nkept: {campaign_arn}")
        return
    say("\n9. away with it")
    delete_all(clients, group_arn, solution_arn, campaign_arn, tracker["eventTrackerArn"], poll)
    say("10. done")


if __name__ == "__main__":
    main()
