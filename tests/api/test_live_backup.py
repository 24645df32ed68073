"""attune backup, while the server is written to: what docs/guides/operating.md promises."""
import collections
import os
import pathlib
import shutil
import subprocess
import threading

import pytest
from personalize_world import World, unique, wait

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("ATTUNE_BUILD", ROOT / "build")) / "attune"


def back_up(server, to, key=None, **environment):
    key = key or {"AccessKeyId": server.access_key_id, "SecretAccessKey": server.secret_access_key}
    return subprocess.run(
        [BINARY, "backup", "--url", server.url, "--to", str(to)], capture_output=True, text=True, timeout=120,
        env={**os.environ, "ATTUNE_ACCESS_KEY_ID": key["AccessKeyId"],
             "ATTUNE_SECRET_ACCESS_KEY": key["SecretAccessKey"], **environment})


def restore(server, folder, data_dir):
    """A server on a copy of the backup, which stays as it is."""
    shutil.copytree(folder, data_dir)
    restored = type(server)(data_dir)
    restored.access_key_id, restored.secret_access_key = server.access_key_id, server.secret_access_key
    return restored.start()


class Writers:
    """Threads that put events, objects and groups until they are stopped, and remember what was acknowledged."""

    def __init__(self, world, tracking_id):
        self.world, self.tracking_id = world, tracking_id
        self.stopped = threading.Event()
        self.events, self.objects, self.errors = [], {}, []
        self.threads = [threading.Thread(target=self.run, args=(step, number))
                        for number, step in enumerate([self.put_event, self.put_event, self.put_object, self.tag])]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def run(self, step, number):
        try:
            for count in range(10**6):
                if self.stopped.is_set():
                    return
                step(number, count)
        except Exception as error:  # Checked by the test.
            self.errors.append(error)

    def put_event(self, number, count):
        item = f"e{number}-{count}"
        self.world.events.put_events(trackingId=self.tracking_id, userId="u", sessionId="s", eventList=[
            {"eventId": item, "eventType": "click", "itemId": item, "sentAt": 1_700_000_000 + count}])
        self.events.append(item)

    def put_object(self, number, count):
        """Replaces one of ten, deletes another: their files go and come."""
        self.world.s3.put_object(Bucket=self.world.bucket, Key=f"o{count % 10}", Body=b"%d" % count * 1000)
        self.world.s3.delete_object(Bucket=self.world.bucket, Key=f"o{(count + 5) % 10}")

    def tag(self, number, count):
        self.world.personalize.delete_dataset_group(datasetGroupArn=self.world.group())


def exported_items(world, dataset_arn):
    prefix = unique("export")
    job = world.personalize.create_dataset_export_job(
        jobName=unique(), datasetArn=dataset_arn, roleArn=world.role_arn, ingestionMode="PUT",
        jobOutput={"s3DataDestination": {"path": f"s3://{world.bucket}/{prefix}/"}})["datasetExportJobArn"]
    described = wait(lambda: world.personalize.describe_dataset_export_job(datasetExportJobArn=job)["datasetExportJob"])
    assert described["status"] == "ACTIVE"
    found = collections.Counter()
    for each in world.s3.list_objects_v2(Bucket=world.bucket, Prefix=prefix).get("Contents", []):
        text = world.s3.get_object(Bucket=world.bucket, Key=each["Key"])["Body"].read().decode()
        found.update(line.split(",")[1] for line in text.splitlines()[1:])
    return found


def test_holds_everything_that_was_acknowledged_before_it_began(own_server, tmp_path):
    world = World(own_server)
    group, interactions_arn, _ = world.filled_group()
    tracker = world.personalize.create_event_tracker(name="t", datasetGroupArn=group)
    solution = world.personalize.create_solution(
        name=unique(), datasetGroupArn=group,
        recipeArn="arn:aws:personalize:::recipe/aws-user-personalization")["solutionArn"]
    version = world.personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    assert world.wait_version(version)["status"] == "ACTIVE"
    campaign = world.personalize.create_campaign(name=unique(), solutionVersionArn=version)["campaignArn"]
    assert world.wait_campaign(campaign)["status"] == "ACTIVE"
    world.s3.put_object(Bucket=world.bucket, Key="kept", Body=b"kept")

    backups = []
    with Writers(world, tracker["trackingId"]) as writers:
        for number in range(3):
            while len(writers.events) < 40 * (number + 1) and not writers.errors:
                pass
            acknowledged = list(writers.events)
            done = back_up(own_server, tmp_path / f"backup{number}")
            assert done.returncode == 0, done.stderr
            backups.append((tmp_path / f"backup{number}", acknowledged))
    assert not writers.errors
    own_server.kill()

    for folder, acknowledged in backups:
        assert len(acknowledged) >= 40
        restored = restore(own_server, folder, tmp_path / (folder.name + "-restored"))
        try:
            copy = World(restored)
            copy.role_arn = world.role_arn
            found = exported_items(copy, interactions_arn)
            assert set(acknowledged) <= found.keys() <= set(writers.events) | {""}
            assert set(found.values()) == {1}
            assert copy.s3.get_object(Bucket=world.bucket, Key="kept")["Body"].read() == b"kept"
            for each in copy.s3.list_objects_v2(Bucket=world.bucket)["Contents"]:
                assert len(copy.s3.get_object(Bucket=world.bucket, Key=each["Key"])["Body"].read()) == each["Size"]
            listed = copy.runtime.get_recommendations(campaignArn=campaign, userId="u1")["itemList"]
            assert len(listed) == 25
            copy.events.put_events(trackingId=tracker["trackingId"], userId="u1", sessionId="s", eventList=[
                {"eventType": "click", "itemId": "i3", "sentAt": 1_700_000_000}])
            restored.stop()
        finally:
            restored.kill()


def test_the_original_goes_on_and_frees_its_files_afterwards(own_server, tmp_path):
    world = World(own_server)
    group, _, _ = world.filled_group()
    assert back_up(own_server, tmp_path / "backup").returncode == 0
    world.delete_group(group)
    datasets = own_server.data_dir / "datasets"
    for _ in range(200):
        if not list(datasets.iterdir()):
            break
        threading.Event().wait(0.05)
    assert list(datasets.iterdir()) == []
    own_server.stop()


@pytest.mark.parametrize("to,said", [
    ("{data}/inside", "lies in the data directory"), ("{tmp}", "exists already"), ("{tmp}/no/such", "No such file"),
    ("{tmp}/cut", "cut off")])
def test_refuses_a_folder_that_it_must_not_make(own_server, tmp_path, to, said):
    (tmp_path / "cut.partial").mkdir()
    done = back_up(own_server, to.format(data=own_server.data_dir, tmp=tmp_path))
    assert done.returncode == 1 and said in done.stderr, done.stderr
    assert not (own_server.data_dir / "inside").exists()


def test_refuses_where_there_is_no_room(own_server, tmp_path):
    own_server.stop()
    own_server.arguments = ("--free-disk-bytes-min", str(2**50))
    own_server.start()
    done = back_up(own_server, tmp_path / "backup")
    assert done.returncode == 1 and "must stay free" in done.stderr
    assert not list(tmp_path.glob("backup*"))


def test_only_the_administrator_may(server, iam, name, tmp_path):
    user = name("user")
    iam.create_user(UserName=user)
    iam.put_user_policy(UserName=user, PolicyName="all", PolicyDocument=(
        '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    for wrong in (key, {"AccessKeyId": "AKIAUNKNOWN", "SecretAccessKey": "x" * 40}):
        done = back_up(server, tmp_path / "backup", wrong)
        assert done.returncode == 1 and done.stderr, done.stderr
    assert not list(tmp_path.glob("backup*"))
    iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName=user, PolicyName="all")
    iam.delete_user(UserName=user)


def test_says_what_is_missing(tmp_path):
    done = subprocess.run([BINARY, "backup"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2 and "--to is missing" in done.stderr
    done = subprocess.run([BINARY, "backup", "--to", "x"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2 and "credentials" in done.stderr
