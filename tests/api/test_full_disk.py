"""A disk that is nearly full: nothing more is promised, everything else goes on, and it ends when there is room again."""
from personalize_world import World, unique

MORE_THAN_ANY_DISK = 2**50


def test_reads_and_deletes_go_on_and_writes_come_back(own_server, refused):
    world = World(own_server)
    group = world.group()
    doomed = world.group()
    tracker = world.personalize.create_event_tracker(name="t", datasetGroupArn=group)
    world.s3.put_object(Bucket=world.bucket, Key="kept", Body=b"kept")
    world.s3.put_object(Bucket=world.bucket, Key="gone", Body=b"gone")
    own_server.stop()
    own_server.arguments = ("--free-disk-bytes-min", str(MORE_THAN_ANY_DISK))
    own_server.start()

    personalize, s3 = own_server.client("personalize"), own_server.client("s3")
    said = refused("ServiceUnavailable", personalize.create_dataset_group, name=unique())
    assert str(MORE_THAN_ANY_DISK) in said and "free" in said
    refused("ServiceUnavailable", own_server.client("personalize-events").put_events,
            trackingId=tracker["trackingId"], userId="u", sessionId="s",
            eventList=[{"eventType": "click", "sentAt": 1.6e9, "itemId": "i"}])
    refused("ServiceUnavailable", own_server.client("iam").create_user, UserName="new")
    refused("SlowDown", s3.put_object, Bucket=world.bucket, Key="new", Body=b"new")
    refused("SlowDown", s3.create_multipart_upload, Bucket=world.bucket, Key="new")
    assert len(personalize.list_dataset_groups()["datasetGroups"]) == 2
    assert s3.get_object(Bucket=world.bucket, Key="kept")["Body"].read() == b"kept"
    s3.delete_objects(Bucket=world.bucket, Delete={"Objects": [{"Key": "gone"}]})
    personalize.delete_dataset_group(datasetGroupArn=doomed)

    own_server.stop()
    own_server.arguments = ()
    own_server.start()
    personalize, s3 = own_server.client("personalize"), own_server.client("s3")
    assert len(personalize.list_dataset_groups()["datasetGroups"]) == 1
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=world.bucket)["Contents"]] == ["kept"]
    personalize.create_dataset_group(name=unique())
