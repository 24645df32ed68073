"""INCREMENTAL imports of users, who are replaced, and interactions, which are added; the log of long imports."""
import csv
import io
import re

import pytest
from personalize_world import INTERACTIONS_SCHEMA, USERS_SCHEMA, World, interactions_csv, unique, wait


def exported(world, dataset_arn):
    """All rows of an export."""
    prefix = unique("export")
    job = world.personalize.create_dataset_export_job(
        jobName=unique(), datasetArn=dataset_arn, roleArn=world.role_arn, ingestionMode="ALL",
        jobOutput={"s3DataDestination": {"path": f"s3://{world.bucket}/{prefix}/"}})["datasetExportJobArn"]
    described = wait(lambda: world.personalize.describe_dataset_export_job(datasetExportJobArn=job)["datasetExportJob"])
    assert described["status"] == "ACTIVE", described
    rows = []
    for each in world.s3.list_objects_v2(Bucket=world.bucket, Prefix=prefix).get("Contents", []):
        text = world.s3.get_object(Bucket=world.bucket, Key=each["Key"])["Body"].read().decode()
        rows += csv.DictReader(io.StringIO(text))
    return rows


def ages(world, dataset_arn):
    return sorted((row["USER_ID"], int(row["AGE"])) for row in exported(world, dataset_arn))


def test_users_of_the_same_id_are_replaced_and_others_added(world, group):
    users = world.dataset(group, "Users", USERS_SCHEMA)
    assert world.import_text(users, "USER_ID,AGE\na,1\nb,2\n")["status"] == "ACTIVE"
    assert world.import_text(users, "USER_ID,AGE\nb,22\nc,3\n", importMode="INCREMENTAL")["status"] == "ACTIVE"
    assert ages(world, users) == [("a", 1), ("b", 22), ("c", 3)]
    assert world.import_text(users, "USER_ID,AGE\nc,33\n", importMode="INCREMENTAL")["status"] == "ACTIVE"
    assert ages(world, users) == [("a", 1), ("b", 22), ("c", 33)]
    assert world.import_text(users, "USER_ID,AGE\nd,4\n")["status"] == "ACTIVE"
    assert ages(world, users) == [("d", 4)]


def test_a_failed_incremental_import_changes_nothing(world, group):
    users = world.dataset(group, "Users", USERS_SCHEMA)
    assert world.import_text(users, "USER_ID,AGE\na,1\n")["status"] == "ACTIVE"
    failed = world.import_text(users, "USER_ID,AGE\na,9\nb,old\n", importMode="INCREMENTAL")
    assert failed["status"] == "CREATE FAILED" and "line 3" in failed["failureReason"], failed
    assert ages(world, users) == [("a", 1)]


def test_interactions_are_added_to_those_there(world, group):
    interactions = world.dataset(group, "Interactions", INTERACTIONS_SCHEMA)
    assert world.import_text(interactions, interactions_csv())["status"] == "ACTIVE"
    header = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE\n"
    more = header + "".join(f"new,i{item},{1_600_000_000 + item},buy,2\n" for item in range(1000))
    assert world.import_text(interactions, more, importMode="INCREMENTAL")["status"] == "ACTIVE"
    rows = exported(world, interactions)
    assert len(rows) == 60 * 25 + 1000
    added = [row for row in rows if row["USER_ID"] == "new"]
    assert sorted((int(row["TIMESTAMP"]), row["ITEM_ID"], row["EVENT_TYPE"], float(row["EVENT_VALUE"])) for row in added) == [
        (1_600_000_000 + item, f"i{item}", "buy", 2) for item in range(1000)]


@pytest.mark.slow
def test_the_log_tells_of_each_million_rows(own_server):
    world = World(own_server)
    users = world.dataset(world.group(), "Users", USERS_SCHEMA)
    count = 2_100_000
    text = "USER_ID,AGE\n" + "".join(f"u{number},{number % 90}\n" for number in range(count))
    assert world.wait_import(world.start_import(users, world.put("users.csv", text)))["status"] == "ACTIVE"
    told = [int(rows) for rows in re.findall(r"import \S+: (\d+) rows", own_server.log())]
    assert [rows // 1_000_000 for rows in told if rows < count] == [1, 2], own_server.log()[-2000:]
    own_server.stop()
