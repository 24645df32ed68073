"""CreateDatasetImportJob, DescribeDatasetImportJob, ListDatasetImportJobs, and what an import accepts and refuses."""
import csv
import gzip
import io
import json
import urllib.request

import pytest
from personalize_world import INTERACTIONS_SCHEMA, ITEMS_SCHEMA, World, interactions_csv, items_csv, unique, wait


def test_is_described_as_it_was_made(world, group):
    dataset_arn = world.dataset(group, "Interactions", INTERACTIONS_SCHEMA)
    location = world.put("a/interactions.csv", interactions_csv())
    arn = world.start_import(dataset_arn, location)
    job = world.wait_import(arn)
    assert job["status"] == "ACTIVE" and job["dataSource"] == {"dataLocation": location}
    assert job["roleArn"] == world.role_arn and job["datasetArn"] == dataset_arn and job["importMode"] == "FULL"
    assert "latestDatasetImportJobRun" not in job and "failureReason" not in job
    listed = world.personalize.list_dataset_import_jobs(datasetArn=dataset_arn)["datasetImportJobs"]
    assert [each["datasetImportJobArn"] for each in listed] == [arn]


def test_takes_columns_in_any_case_and_order_quotes_bom_crlf_and_columns_it_does_not_know(world, group):
    dataset_arn = world.dataset(group, "Items", ITEMS_SCHEMA)
    text = ('\ufeff,creation_timestamp,Title,genres,item_id,PRICE\r\n'
            '0,1700000000,"Say ""hi"", he said",Drama|Comedy,i1,\r\n'
            '1,1700000000000,x,"Horror",i2,3.5\r\n')
    assert world.import_text(dataset_arn, text)["status"] == "ACTIVE"


def test_reads_the_csv_files_of_a_folder_but_not_of_those_below(world, group):
    dataset_arn = world.dataset(group, "Items", ITEMS_SCHEMA)
    prefix = unique("folder")
    world.put(f"{prefix}/a.csv", items_csv())
    world.s3.upload_fileobj(io.BytesIO(gzip.compress(items_csv().encode())), world.bucket, f"{prefix}/b.csv.gz")
    world.put(f"{prefix}/notes.txt", "not a table")
    world.put(f"{prefix}/below/c.csv", "nonsense")
    job = world.wait_import(world.start_import(dataset_arn, f"s3://{world.bucket}/{prefix}/"))
    assert job["status"] == "ACTIVE", job


@pytest.mark.parametrize("text,said", [
    ("ITEM_ID,PRICE\ni1,1\n", "Input CSV is missing the following columns:[GENRES, CREATION_TIMESTAMP]"),
    ("ITEM_ID,GENRES,PRICE,CREATION_TIMESTAMP\ni1,Drama,1,1\ni2,,1,1\n", "line 3"),
    ("ITEM_ID,GENRES,PRICE,CREATION_TIMESTAMP\ni1,Drama,cheap,1\n", "cheap"),
    ("ITEM_ID,GENRES,PRICE,CREATION_TIMESTAMP\ni1,Drama,1,yesterday\n", "CREATION_TIMESTAMP"),
    ("ITEM_ID,GENRES,PRICE,CREATION_TIMESTAMP\ni1,Drama,1\n", "line 2"),
    ("ITEM_ID,GENRES,PRICE,CREATION_TIMESTAMP\n" + "x" * 257 + ",Drama,1,1\n", "256"),
    ("ITEM_ID,GENRES,PRICE,CREATION_TIMESTAMP\ni1," + "x" * 1001 + ",1,1\n",
     "Length cannot be more than 1000 characters for GENRES"),
    ("", "empty"),
])
def test_a_bad_file_fails_as_a_whole_and_says_where(world, group, text, said):
    dataset_arn = world.dataset(group, "Items", ITEMS_SCHEMA)
    job = world.import_text(dataset_arn, text)
    assert job["status"] == "CREATE FAILED" and said in job["failureReason"], job


def test_wants_a_thousand_interactions(world, group):
    dataset_arn = world.dataset(group, "Interactions", INTERACTIONS_SCHEMA)
    rows = interactions_csv(users=40, events_of_user=25).splitlines(keepends=True)
    assert len(rows) == 1001
    assert world.import_text(dataset_arn, "".join(rows[:1000]))["status"] == "CREATE FAILED"
    assert world.import_text(dataset_arn, "".join(rows))["status"] == "ACTIVE"


def test_incremental_needs_an_earlier_full_import(world, group, refused):
    dataset_arn = world.dataset(group, "Items", ITEMS_SCHEMA)
    location = world.put(unique() + ".csv", items_csv())
    refused("InvalidInputException", world.start_import, dataset_arn=dataset_arn, location=location,
            importMode="INCREMENTAL")
    assert world.wait_import(world.start_import(dataset_arn, location))["status"] == "ACTIVE"
    assert world.wait_import(world.start_import(dataset_arn, location, importMode="INCREMENTAL"))["status"] == "ACTIVE"


def exported(world, dataset_arn):
    """The rows of an export, by ITEM_ID."""
    prefix = unique("export")
    job = world.personalize.create_dataset_export_job(
        jobName=unique(), datasetArn=dataset_arn, roleArn=world.role_arn, ingestionMode="ALL",
        jobOutput={"s3DataDestination": {"path": f"s3://{world.bucket}/{prefix}/"}})["datasetExportJobArn"]
    described = wait(lambda: world.personalize.describe_dataset_export_job(datasetExportJobArn=job)["datasetExportJob"])
    assert described["status"] == "ACTIVE"
    rows = {}
    for each in world.s3.list_objects_v2(Bucket=world.bucket, Prefix=prefix).get("Contents", []):
        text = world.s3.get_object(Bucket=world.bucket, Key=each["Key"])["Body"].read().decode()
        for row in csv.DictReader(io.StringIO(text)):
            assert row["ITEM_ID"] not in rows, row
            rows[row["ITEM_ID"]] = row
    return rows


def test_incremental_replaces_items_of_the_same_id_and_adds_others(world, group):
    dataset_arn = world.dataset(group, "Items", ITEMS_SCHEMA)
    header = "ITEM_ID,GENRES,PRICE,CREATION_TIMESTAMP\n"
    assert world.import_text(dataset_arn, header + "a,Old,1,1600000000\nb,Old,2,1600000000\n")["status"] == "ACTIVE"
    more = header + "b,New,3,1600000001\nc,New,4,1600000002\n"
    assert world.import_text(dataset_arn, more, importMode="INCREMENTAL")["status"] == "ACTIVE"
    rows = exported(world, dataset_arn)
    assert {name: (row["GENRES"], float(row["PRICE"])) for name, row in rows.items()} == {
        "a": ("Old", 1), "b": ("New", 3), "c": ("New", 4)}
    assert world.import_text(dataset_arn, header + "d,Full,5,1600000003\n")["status"] == "ACTIVE"
    assert exported(world, dataset_arn).keys() == {"d"}


def figure(server, name):
    text = urllib.request.urlopen(server.url + "/-/metrics").read().decode()
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(name + " "))


def test_an_import_that_was_interrupted_begins_again_and_its_progress_shows(own_server):
    world = World(own_server)
    dataset_arn = world.dataset(world.group(), "Items", ITEMS_SCHEMA)
    count = 600_000
    text = "ITEM_ID,GENRES,PRICE,CREATION_TIMESTAMP\n" + "".join(f"i{n},A|B,{n},1600000000\n" for n in range(count))
    arn = world.start_import(dataset_arn, world.put("items.csv", text))
    while not 0 < (seen := figure(own_server, "attune_imported_rows")) < count:
        assert seen < count, "the import was done before anybody looked"
    own_server.kill()
    own_server.start()
    assert figure(own_server, "attune_imported_rows") < count
    own_server.stop()  # Again, as an administrator does it.
    own_server.start()
    p = own_server.client("personalize")
    described = wait(lambda: p.describe_dataset_import_job(datasetImportJobArn=arn)["datasetImportJob"])
    assert described["status"] == "ACTIVE"
    assert figure(own_server, "attune_imported_rows") == count
    files = [each.name for each in (own_server.data_dir / "datasets").rglob("*") if each.is_file()]
    assert len(files) == 1 and files[0].endswith(".segment")
    assert f"{count} rows" in own_server.log()


def test_says_which_right_is_wanting(world, group):
    dataset_arn = world.dataset(group, "Items", ITEMS_SCHEMA)
    location = world.put(unique() + ".csv", items_csv())
    nobody = "arn:aws:iam::123456789012:role/nobody"
    job = world.wait_import(world.start_import(dataset_arn, location, roleArn=nobody))
    assert job["status"] == "CREATE FAILED"
    assert "Insufficient privileges for accessing data in Amazon S3." in job["failureReason"]
    name = unique("role")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                     "Principal": {"Service": "personalize.amazonaws.com"}}]}
    role = world.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    job = world.wait_import(world.start_import(dataset_arn, location, roleArn=role))
    assert job["status"] == "CREATE FAILED" and "Insufficient privileges" in job["failureReason"]
    world.iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    assert world.wait_import(world.start_import(dataset_arn, location, roleArn=role))["status"] == "ACTIVE"


def test_refuses_places_that_are_none(world, group, refused):
    dataset_arn = world.dataset(group, "Items", ITEMS_SCHEMA)
    for location in ("https://example.com/x.csv", "s3:///key"):
        assert refused("InvalidInputException", world.start_import, dataset_arn=dataset_arn,
                       location=location) == "Invalid Data location."
    job = world.wait_import(world.start_import(dataset_arn, f"s3://{world.bucket}/missing.csv"))
    assert job["status"] == "CREATE FAILED" and "missing.csv" in job["failureReason"]
