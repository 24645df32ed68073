// A short notebook through the AWS SDK for JavaScript: from an upload to recommendations that know the newest click.
// Credentials, endpoint and region come from the environment, as the SDK reads them.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { AttachRolePolicyCommand, CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import * as p from "@aws-sdk/client-personalize";
import { PersonalizeEventsClient, PutEventsCommand, PutItemsCommand } from "@aws-sdk/client-personalize-events";
import { GetRecommendationsCommand, PersonalizeRuntimeClient } from "@aws-sdk/client-personalize-runtime";
import * as s from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { Upload } from "@aws-sdk/lib-storage";

const options = { maxAttempts: 1 };
const personalize = new p.PersonalizeClient(options);
const runtime = new PersonalizeRuntimeClient(options);
const events = new PersonalizeEventsClient(options);
const s3 = new s.S3Client({ ...options, forcePathStyle: true });
const iam = new IAMClient(options);
const BUCKET = "javascript-notebook";
const ODD_KEY = "a b+ä.txt";

async function untilActive(describe) {
  for (;;) {
    const resource = await describe();
    if (resource.status === "ACTIVE") return resource;
    assert(!resource.status.includes("FAILED"), resource.failureReason);
    await sleep(100);
  }
}

function interactions() {
  const rows = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"];
  const start = Math.floor(Date.now() / 1000) - 90_000;
  for (let user = 0; user < 60; user++) {
    for (let event = 0; event < 25; event++) {
      const item = (user % 5) + 5 * ((user * 7 + event * event) % 10);
      rows.push(`u${user},i${item},${start + event * 60},click`);
    }
  }
  return rows.join("\n") + "\n";
}

async function objects() {
  await s3.send(new s.CreateBucketCommand({ Bucket: BUCKET }));
  await s3.send(new s.PutObjectCommand({ Bucket: BUCKET, Key: ODD_KEY, Body: "hello", Metadata: { k: "v" } }));
  const got = await s3.send(new s.GetObjectCommand({ Bucket: BUCKET, Key: ODD_KEY }));
  assert.equal(await got.Body.transformToString(), "hello");
  assert.equal(got.Metadata.k, "v");
  const source = `${BUCKET}/${encodeURIComponent(ODD_KEY)}`;
  await s3.send(new s.CopyObjectCommand({ Bucket: BUCKET, Key: "copy", CopySource: source }));
  const body = Buffer.alloc(12 << 20, 7);
  await new Upload({ client: s3, params: { Bucket: BUCKET, Key: "big", Body: body }, partSize: 5 << 20 }).done();
  const listed = await s3.send(new s.ListObjectsV2Command({ Bucket: BUCKET }));
  assert.deepEqual(listed.Contents.map((each) => [each.Key, each.Size]), [[ODD_KEY, 5], ["big", 12 << 20], ["copy", 5]]);
  const keys = [{ Key: "big" }, { Key: "copy" }];
  assert.equal((await s3.send(new s.DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects: keys } }))).Deleted.length, 2);
  await s3.send(new s.PutObjectCommand({ Bucket: BUCKET, Key: "data/interactions.csv", Body: interactions() }));
}

async function role() {
  const trust = { Version: "2012-10-17", Statement: [
    { Effect: "Allow", Principal: { Service: "personalize.amazonaws.com" }, Action: "sts:AssumeRole" }] };
  const made = await iam.send(new CreateRoleCommand({ RoleName: BUCKET, AssumeRolePolicyDocument: JSON.stringify(trust) }));
  const policy = "arn:aws:iam::aws:policy/AmazonS3FullAccess";
  await iam.send(new AttachRolePolicyCommand({ RoleName: BUCKET, PolicyArn: policy }));
  return made.Role.Arn;
}

async function imported(datasetGroupArn, roleArn) {
  const fields = [["USER_ID", "string"], ["ITEM_ID", "string"], ["TIMESTAMP", "long"], ["EVENT_TYPE", "string"]]
    .map(([name, type]) => ({ name, type }));
  const schema = JSON.stringify({
    type: "record", name: "Interactions", namespace: "com.amazonaws.personalize.schema", version: "1.0", fields });
  const { schemaArn } = await personalize.send(new p.CreateSchemaCommand({ name: BUCKET, schema }));
  const { datasetArn } = await personalize.send(
    new p.CreateDatasetCommand({ name: BUCKET, datasetGroupArn, datasetType: "INTERACTIONS", schemaArn }));
  const { datasetImportJobArn } = await personalize.send(new p.CreateDatasetImportJobCommand({
    jobName: BUCKET, datasetArn, dataSource: { dataLocation: `s3://${BUCKET}/data/` }, roleArn }));
  const describe = new p.DescribeDatasetImportJobCommand({ datasetImportJobArn });
  await untilActive(async () => (await personalize.send(describe)).datasetImportJob);
}

async function campaign(datasetGroupArn) {
  const recipeArn = "arn:aws:personalize:::recipe/aws-user-personalization";
  const { solutionArn } = await personalize.send(
    new p.CreateSolutionCommand({ name: BUCKET, datasetGroupArn, recipeArn, performAutoTraining: false }));
  const { solutionVersionArn } = await personalize.send(new p.CreateSolutionVersionCommand({ solutionArn, name: "v1" }));
  const version = new p.DescribeSolutionVersionCommand({ solutionVersionArn });
  await untilActive(async () => (await personalize.send(version)).solutionVersion);
  const { metrics } = await personalize.send(new p.GetSolutionMetricsCommand({ solutionVersionArn }));
  assert(metrics.coverage > 0);
  const campaignConfig = { syncWithLatestSolutionVersion: true,
    itemExplorationConfig: { explorationWeight: "0.3", explorationItemAgeCutOff: "30" } };
  const { campaignArn } = await personalize.send(new p.CreateCampaignCommand({
    name: BUCKET, solutionVersionArn: `${solutionArn}/$LATEST`, campaignConfig }));
  const describe = new p.DescribeCampaignCommand({ campaignArn });
  const active = await untilActive(async () => (await personalize.send(describe)).campaign);
  assert.deepEqual(active.campaignConfig, campaignConfig);
  return campaignArn;
}

async function recommendations(datasetGroupArn, campaignArn) {
  const { trackingId } = await personalize.send(new p.CreateEventTrackerCommand({ name: BUCKET, datasetGroupArn }));
  const list = await runtime.send(new GetRecommendationsCommand({ campaignArn, userId: "u1", numResults: 5 }));
  assert.equal(list.itemList.length, 5);
  assert.equal(typeof list.itemList[0].score, "number");
  await events.send(new PutEventsCommand({ trackingId, userId: "somebody-new", sessionId: "s", eventList: [
    { eventType: "click", sentAt: new Date(), itemId: "i7", recommendationId: list.recommendationId,
      properties: JSON.stringify({ place: 1 }) }] }));
  const stranger = new GetRecommendationsCommand({ campaignArn, userId: "nobody", numResults: 10 });
  const clicked = new GetRecommendationsCommand({ campaignArn, userId: "somebody-new", numResults: 10 });
  const ids = (answer) => answer.itemList.map((item) => item.itemId).join();
  assert.notEqual(ids(await runtime.send(clicked)), ids(await runtime.send(stranger)));
  await assert.rejects(events.send(new PutItemsCommand({ datasetArn: `${datasetGroupArn}x`, items: [{ itemId: "i" }] })),
    (error) => ["InvalidInputException", "ResourceNotFoundException"].includes(error.name));
}

assert.equal((await new STSClient(options).send(new GetCallerIdentityCommand({}))).Account, "123456789012");
await objects();
const { datasetGroupArn } = await personalize.send(new p.CreateDatasetGroupCommand({ name: BUCKET }));
await assert.rejects(personalize.send(new p.CreateDatasetGroupCommand({ name: BUCKET })), (error) =>
  error instanceof p.ResourceAlreadyExistsException && Boolean(error.$metadata.requestId));
const { datasetGroup } = await personalize.send(new p.DescribeDatasetGroupCommand({ datasetGroupArn }));
assert(Math.abs(datasetGroup.creationDateTime - Date.now()) < 60_000, "a date, in milliseconds");
await imported(datasetGroupArn, await role());
await recommendations(datasetGroupArn, await campaign(datasetGroupArn));
let listed = 0;
for await (const page of p.paginateListDatasetGroups({ client: personalize, pageSize: 1 }, {})) listed += page.datasetGroups.length;
assert.equal(listed, 1);
console.log("done");
