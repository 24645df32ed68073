"""A copy of the data folder that shows one moment is a backup: what docs/guides/operating.md promises."""
import shutil

from personalize_world import World, unique


def test_a_copy_from_the_moment_of_a_kill_starts_with_everything_that_was_acknowledged(own_server, tmp_path):
    world = World(own_server)
    group = world.group()
    tracker = world.personalize.create_event_tracker(name="t", datasetGroupArn=group)
    world.s3.put_object(Bucket=world.bucket, Key="k", Body=b"kept")
    own_server.kill()
    shutil.copytree(own_server.data_dir, tmp_path / "backup")

    # The original goes on and changes; the backup is what it was.
    own_server.start()
    own_server.client("s3").delete_object(Bucket=world.bucket, Key="k")
    own_server.client("personalize").create_dataset_group(name=unique())
    own_server.stop()
    shutil.rmtree(own_server.data_dir)
    shutil.copytree(tmp_path / "backup", own_server.data_dir)
    own_server.start()
    groups = own_server.client("personalize").list_dataset_groups()["datasetGroups"]
    assert [each["datasetGroupArn"] for each in groups] == [group]
    described = own_server.client("personalize").describe_event_tracker(eventTrackerArn=tracker["eventTrackerArn"])
    assert described["eventTracker"]["trackingId"] == tracker["trackingId"]
    assert own_server.client("s3").get_object(Bucket=world.bucket, Key="k")["Body"].read() == b"kept"
