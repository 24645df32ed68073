"""Clients that change things until the server dies, and remember what they were told.

A writer owns the names it uses, so that what must be there after a restart follows from its own memory: everything
that was acknowledged; of the one operation that was cut off, either all or nothing.
"""

import collections
import csv
import hashlib
import io
import json
import threading
import time

from botocore.exceptions import ClientError, ConnectionError as LostConnection, HTTPClientError

CUT_OFF = (LostConnection, HTTPClientError)

ROLE_POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"Service": "personalize.amazonaws.com"}, "Action": "sts:AssumeRole"}]})


class Writer:
    """Runs steps until one is cut off. `states` maps a name to the values it may have after a restart: the one that
    was acknowledged last, and beside it the one whose write was cut off. None stands for nothing."""

    def __init__(self, name, random):
        self.name = name
        self.random = random
        self.states = {}
        self.acknowledged = 0

    def run(self, server):
        """Until the server is gone. An error that the server says aloud fails the test."""
        self.error = None
        self.connect(server)  # Here and not in the thread: boto3 makes its clients one at a time.
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def join(self):
        self.thread.join(60)
        assert not self.thread.is_alive(), f"{self.name} hangs"
        if self.error:
            raise self.error

    def _run(self):
        try:
            while True:
                self.step()
        except CUT_OFF:
            pass
        except Exception as error:  # Raised again by join.
            self.error = error

    def change(self, name, value, call):
        """Makes `call`, after which `name` has `value`."""
        before = self.states.get(name, {None})
        assert len(before) == 1, f"{name} was not checked after a crash"
        self.states[name] = before | {value}
        call()
        self.states[name] = {value}
        self.acknowledged += 1

    def check(self, server):
        """What is there now is what may be there; from here on it is what is there."""
        self.connect(server)
        found = self.find()
        for name in found.keys() - self.states.keys():
            raise AssertionError(f"{self.name}: {name} was never written")
        for name, allowed in self.states.items():
            value = found.get(name)
            assert value in allowed, f"{self.name}: {name} is {value}; it may be {allowed}"
            self.states[name] = {value}


class ObjectWriter(Writer):
    """Puts, replaces, deletes and uploads objects in a bucket of its own. A value is an object's MD5."""

    def connect(self, server):
        self.s3 = server.client("s3")
        if "bucket" not in self.__dict__:
            bucket = f"crash-{self.name}"
            self.s3.create_bucket(Bucket=bucket)
            self.bucket = bucket

    def step(self):
        key = f"folder/{self.random.randrange(30)}"
        size = self.random.choice([0, 10, 1000, 100_000, 1_000_000])
        body = self.random.randbytes(size)
        digest = hashlib.md5(body).hexdigest()
        kind = self.random.randrange(10)
        if kind < 6:
            self.change(key, digest, lambda: self.s3.put_object(Bucket=self.bucket, Key=key, Body=body))
        elif kind < 8:
            self.change(key, None, lambda: self.s3.delete_object(Bucket=self.bucket, Key=key))
        else:
            place = {"Bucket": self.bucket, "Key": key}
            upload = self.s3.create_multipart_upload(**place)["UploadId"]
            part = self.s3.upload_part(**place, UploadId=upload, PartNumber=1, Body=body)
            parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
            self.change(key, digest, lambda: self.s3.complete_multipart_upload(
                **place, UploadId=upload, MultipartUpload=parts))

    def find(self):
        found = {}
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket):
            for entry in page.get("Contents", []):
                body = self.s3.get_object(Bucket=self.bucket, Key=entry["Key"])["Body"].read()
                assert len(body) == entry["Size"]
                found[entry["Key"]] = hashlib.md5(body).hexdigest()
        return found


class BucketWriter(Writer):
    """Creates and deletes buckets and their policies. A value is the policy, or "" for a bucket without one."""

    def connect(self, server):
        self.s3 = server.client("s3")

    def step(self):
        bucket = f"crash-{self.name}-{self.random.randrange(10)}"
        (now,) = self.states.get(bucket, {None})
        if now is None:
            self.change(bucket, "", lambda: self.s3.create_bucket(Bucket=bucket))
        elif now == "" and self.random.randrange(2):
            self.change(bucket, None, lambda: self.s3.delete_bucket(Bucket=bucket))
        else:
            policy = json.dumps({"Version": "2012-10-17", "Id": str(self.random.randrange(10**9)), "Statement": [{
                "Effect": "Allow", "Principal": {"Service": "personalize.amazonaws.com"}, "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{bucket}/*"}]})
            self.change(bucket, policy, lambda: self.s3.put_bucket_policy(Bucket=bucket, Policy=policy))

    def find(self):
        found = {}
        for entry in self.s3.list_buckets()["Buckets"]:
            bucket = entry["Name"]
            if not bucket.startswith(f"crash-{self.name}-"):
                continue
            try:
                found[bucket] = self.s3.get_bucket_policy(Bucket=bucket)["Policy"]
            except ClientError as error:
                assert error.response["Error"]["Code"] == "NoSuchBucketPolicy"
                found[bucket] = ""
        return found


class RoleWriter(Writer):
    """Creates and deletes roles. A value is the description."""

    def connect(self, server):
        self.iam = server.client("iam")

    def step(self):
        role = f"crash-{self.name}-{self.random.randrange(10)}"
        (now,) = self.states.get(role, {None})
        if now is None:
            description = str(self.random.randrange(10**9))
            self.change(role, description, lambda: self.iam.create_role(
                RoleName=role, Description=description, AssumeRolePolicyDocument=ROLE_POLICY))
        else:
            self.change(role, None, lambda: self.iam.delete_role(RoleName=role))

    def find(self):
        return {role["RoleName"]: role.get("Description", "")
                for page in self.iam.get_paginator("list_roles").paginate()
                for role in page["Roles"] if role["RoleName"].startswith(f"crash-{self.name}-")}


ITEMS_SCHEMA = json.dumps({
    "type": "record", "name": "Items", "namespace": "com.amazonaws.personalize.schema", "version": "1.0",
    "fields": [{"name": "ITEM_ID", "type": "string"}, {"name": "PRICE", "type": "float"}]})

INTERACTIONS_SCHEMA = json.dumps({
    "type": "record", "name": "Interactions", "namespace": "com.amazonaws.personalize.schema", "version": "1.0",
    "fields": [{"name": name, "type": "long" if name == "TIMESTAMP" else "string"}
               for name in ("USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE")]})
JOB_SECONDS_MAX = 60


class SchemaWriter(Writer):
    """Creates and deletes schemas. A value is "" for one that is there."""

    def connect(self, server):
        self.personalize = server.client("personalize")

    def step(self):
        name = f"crash-{self.name}-{self.random.randrange(10)}"
        (now,) = self.states.get(name, {None})
        if now is None:
            self.change(name, "", lambda: self.personalize.create_schema(name=name, schema=INTERACTIONS_SCHEMA))
        else:
            arn = self.arns()[name]
            self.change(name, None, lambda: self.personalize.delete_schema(schemaArn=arn))

    def arns(self):
        return {schema["name"]: schema["schemaArn"]
                for page in self.personalize.get_paginator("list_schemas").paginate()
                for schema in page["schemas"] if schema["name"].startswith(f"crash-{self.name}-")}

    def find(self):
        return {name: "" for name in self.arns()}


class DatasetWriter(Writer):
    """Writes to a dataset of its own. A value is how many rows with that name an export of the dataset holds."""

    dataset_type = schema = None
    export_count = 0

    def connect(self, server):
        self.personalize = server.client("personalize")
        self.events = server.client("personalize-events")
        self.s3 = server.client("s3")
        if "dataset" in self.__dict__:
            return
        name = f"crash-{self.name}"
        iam = server.client("iam")
        self.role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=ROLE_POLICY)["Role"]["Arn"]
        iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
        self.s3.create_bucket(Bucket=name)
        self.bucket = name
        schema = self.personalize.create_schema(name=f"{name}-schema", schema=self.schema)["schemaArn"]
        self.group = self.personalize.create_dataset_group(name=name)["datasetGroupArn"]
        self.dataset = self.personalize.create_dataset(
            name=name, schemaArn=schema, datasetGroupArn=self.group, datasetType=self.dataset_type)["datasetArn"]
        self.made()

    def made(self):
        """What else a writer needs, once."""

    def name_of(self, row):
        return row["ITEM_ID"]

    def wait(self, describe):
        """Until the job is done; it must not fail."""
        deadline = time.monotonic() + JOB_SECONDS_MAX
        while True:
            described = describe()
            if described["status"] == "ACTIVE":
                return
            assert described["status"] != "CREATE FAILED", described["failureReason"]
            assert time.monotonic() < deadline, f"a job is {described['status']}"
            time.sleep(0.05)

    def find(self):
        self.export_count += 1
        prefix = f"export{self.export_count}/"
        job = self.personalize.create_dataset_export_job(
            jobName=f"crash-{self.name}-{self.export_count}", datasetArn=self.dataset, roleArn=self.role,
            ingestionMode="ALL", jobOutput={"s3DataDestination": {"path": f"s3://{self.bucket}/{prefix}"}})
        self.wait(lambda: self.personalize.describe_dataset_export_job(
            datasetExportJobArn=job["datasetExportJobArn"])["datasetExportJob"])
        found = collections.Counter()
        for entry in self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", []):
            text = self.s3.get_object(Bucket=self.bucket, Key=entry["Key"])["Body"].read().decode()
            found.update(self.name_of(row) for row in csv.DictReader(io.StringIO(text)))
        return dict(found)


class EventWriter(DatasetWriter):
    """Puts events, each with an item of its own."""

    dataset_type, schema = "Interactions", INTERACTIONS_SCHEMA
    item_count = 0

    def made(self):
        self.tracking_id = self.personalize.create_event_tracker(
            name=f"crash-{self.name}", datasetGroupArn=self.group)["trackingId"]

    def step(self):
        self.item_count += 1
        item = f"item{self.item_count}"
        event = {"eventId": item, "eventType": "click", "itemId": item, "sentAt": 1_700_000_000 + self.item_count}
        self.change(item, 1, lambda: self.events.put_events(
            trackingId=self.tracking_id, userId=f"user{self.random.randrange(5)}", sessionId="session",
            eventList=[event]))


class ItemWriter(DatasetWriter):
    """Puts items one by one."""

    dataset_type, schema = "Items", ITEMS_SCHEMA
    item_count = 0

    def step(self):
        self.item_count += 1
        item = f"item{self.item_count}"
        self.change(item, 1, lambda: self.events.put_items(
            datasetArn=self.dataset, items=[{"itemId": item, "properties": json.dumps({"price": self.item_count})}]))


class ImportWriter(DatasetWriter):
    """Imports batches of items, the first FULL and the others INCREMENTAL: all rows of a batch are there, or none."""

    dataset_type, schema = "Items", ITEMS_SCHEMA
    batch_count = 0
    rows_of_batch = 50

    def name_of(self, row):
        return row["ITEM_ID"].split("-")[0]

    def jobs(self):
        pages = self.personalize.get_paginator("list_dataset_import_jobs").paginate(datasetArn=self.dataset)
        return [job["datasetImportJobArn"] for page in pages for job in page["datasetImportJobs"]]

    def wait_import(self, arn):
        self.wait(lambda: self.personalize.describe_dataset_import_job(datasetImportJobArn=arn)["datasetImportJob"])

    def step(self):
        self.batch_count += 1
        batch = f"batch{self.batch_count}"
        rows = "".join(f"{batch}-{row},{row}\n" for row in range(self.rows_of_batch))
        self.s3.put_object(Bucket=self.bucket, Key=f"in/{batch}.csv", Body=("ITEM_ID,PRICE\n" + rows).encode())
        job = {}
        self.change(batch, self.rows_of_batch, lambda: job.update(self.personalize.create_dataset_import_job(
            jobName=f"crash-{self.name}-{batch}", datasetArn=self.dataset, roleArn=self.role,
            importMode="INCREMENTAL" if self.jobs() else "FULL",
            dataSource={"dataLocation": f"s3://{self.bucket}/in/{batch}.csv"})))
        self.wait_import(job["datasetImportJobArn"])

    def find(self):
        for arn in self.jobs():  # What was acknowledged is done by the next start.
            self.wait_import(arn)
        return super().find()
