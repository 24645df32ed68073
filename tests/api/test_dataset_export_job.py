"""CreateDatasetExportJob, DescribeDatasetExportJob, ListDatasetExportJobs: what was put in can be read back."""
import csv
import io
import json
import time

from personalize_world import INTERACTIONS_SCHEMA, ITEMS_SCHEMA, items_csv, unique, wait


def export(world, dataset_arn, mode=None):
    prefix = unique("export")
    options = {"ingestionMode": mode} if mode else {}
    arn = world.personalize.create_dataset_export_job(
        jobName=unique("export"), datasetArn=dataset_arn, roleArn=world.role_arn,
        jobOutput={"s3DataDestination": {"path": f"s3://{world.bucket}/{prefix}/"}}, **options)["datasetExportJobArn"]
    job = wait(lambda: world.personalize.describe_dataset_export_job(datasetExportJobArn=arn)["datasetExportJob"])
    assert job["status"] == "ACTIVE", job
    assert job["jobOutput"] == {"s3DataDestination": {"path": f"s3://{world.bucket}/{prefix}/"}}
    assert job["ingestionMode"] == (mode or "PUT")
    listed = world.personalize.list_dataset_export_jobs(datasetArn=dataset_arn)["datasetExportJobs"]
    assert arn in [each["datasetExportJobArn"] for each in listed]
    keys = [each["Key"] for each in world.s3.list_objects_v2(Bucket=world.bucket, Prefix=prefix)["Contents"]]
    assert len(keys) == 1
    text = world.s3.get_object(Bucket=world.bucket, Key=keys[0])["Body"].read().decode()
    return list(csv.DictReader(io.StringIO(text))), text


def test_gives_back_what_imports_and_puts_brought(world, group):
    items_arn = world.dataset(group, "Items", ITEMS_SCHEMA)
    assert world.import_text(items_arn, items_csv(items=3))["status"] == "ACTIVE"
    world.events.put_items(datasetArn=items_arn, items=[
        {"itemId": "i1", "properties": json.dumps({"genres": "New", "creationTimestamp": 1700000000})},
        {"itemId": "new", "properties": json.dumps({"genres": "A, B", "price": 2, "creationTimestamp": 1700000001})}])
    bulk, _ = export(world, items_arn, "BULK")
    assert [row["ITEM_ID"] for row in bulk] == ["i0", "i1", "i2"] and bulk[1]["PRICE"] == "1.5"
    put, _ = export(world, items_arn)
    assert [(row["ITEM_ID"], row["GENRES"], row["PRICE"], row["CREATION_TIMESTAMP"]) for row in put] == [
        ("i1", "New", "", "1700000000"), ("new", "A, B", "2", "1700000001")]
    both, _ = export(world, items_arn, "ALL")
    assert {row["ITEM_ID"]: row["GENRES"] for row in both} == {"i0": "Action", "i1": "New", "i2": "Drama", "new": "A, B"}


def test_an_export_of_nothing_writes_the_header(world, group):
    dataset_arn = world.dataset(group, "Interactions", INTERACTIONS_SCHEMA)
    rows, text = export(world, dataset_arn, "ALL")
    assert rows == [] and text.strip() == "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE"


def test_events_come_back_as_rows(world, group):
    dataset_arn = world.dataset(group, "Interactions", INTERACTIONS_SCHEMA)
    tracker = world.personalize.create_event_tracker(name=unique(), datasetGroupArn=group)
    sent_at = int(time.time())
    world.events.put_events(trackingId=tracker["trackingId"], userId="u", sessionId="s", eventList=[
        {"eventType": "watch", "itemId": "i", "sentAt": sent_at, "properties": json.dumps({"eventValue": 4.5})}])
    rows, _ = export(world, dataset_arn, "PUT")
    assert rows == [{"USER_ID": "u", "ITEM_ID": "i", "TIMESTAMP": str(sent_at), "EVENT_TYPE": "watch",
                     "EVENT_VALUE": "4.5"}]


def test_says_when_the_role_may_not_write(world, group):
    dataset_arn = world.dataset(group, "Items", ITEMS_SCHEMA)
    arn = world.personalize.create_dataset_export_job(
        jobName=unique("export"), datasetArn=dataset_arn, roleArn="arn:aws:iam::123456789012:role/nobody",
        jobOutput={"s3DataDestination": {"path": f"s3://{world.bucket}/x/"}})["datasetExportJobArn"]
    job = wait(lambda: world.personalize.describe_dataset_export_job(datasetExportJobArn=arn)["datasetExportJob"])
    assert job["status"] == "CREATE FAILED" and "Insufficient privileges" in job["failureReason"]
