// Records what the AWS SDK for JavaScript sends for operations and members that Debian's boto3 does not know:
//
//     npm ci && node record_requests.mjs > ../vectors/newer_clients/requests.json
//
// Nothing is sent: a request is written down where it would have left. A {name} in it is filled in when it is replayed by
// tests/api/test_newer_clients.py, in the order written here; {sha256} is that of the body.
import { Readable } from "node:stream";

import * as p from "@aws-sdk/client-personalize";
import * as e from "@aws-sdk/client-personalize-events";
import * as r from "@aws-sdk/client-personalize-runtime";
import * as s from "@aws-sdk/client-s3";

// Of a machine, a moment or a signature, which the replay makes again.
const VOLATILE = /^(host|authorization|user-agent|x-amz-user-agent|x-amz-date|amz-sdk-invocation-id|content-length)$/;
const BUCKET = "newer-clients";
const HASH = /^[0-9a-f]{64}$/;
const recorded = [];
let now;

async function text(body) {
  const pieces = [];
  for await (const piece of typeof body === "string" || body instanceof Uint8Array ? [body] : (body ?? [])) {
    pieces.push(Buffer.from(piece));
  }
  return Buffer.concat(pieces).toString();
}

const requestHandler = {
  async handle({ method, path, query, headers, body }) {
    const parameters = new URLSearchParams(query).toString();
    const kept = Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value])
      .filter(([key]) => !VOLATILE.test(key)).map(([key, value]) => [key, HASH.test(value) ? "{sha256}" : value]).sort();
    recorded.push({ ...now, method, target: path + (parameters ? "?" + parameters : ""),
      headers: Object.fromEntries(kept), body: await text(body) });
    throw new Error("recorded");
  },
};
const options = { region: "us-east-1", endpoint: "http://attune.test", maxAttempts: 1, requestHandler,
  credentials: { accessKeyId: "recorded", secretAccessKey: "recorded" } };
const personalize = new p.PersonalizeClient(options);
const events = new e.PersonalizeEventsClient(options);
const runtime = new r.PersonalizeRuntimeClient(options);
const s3 = new s.S3Client({ ...options, forcePathStyle: true });

async function record(name, client, command) {
  now = { name, service: client.config.serviceId };
  await client.send(command).then(() => { throw new Error("sent"); }, (error) => {
    if (error.message !== "recorded") throw error;
  });
}

await record("UpdateDataset", personalize, new p.UpdateDatasetCommand({ datasetArn: "{items}", schemaArn: "{wider_schema}" }));
await record("DescribeDataset that was updated", personalize, new p.DescribeDatasetCommand({ datasetArn: "{items}" }));
await record("CreateDataDeletionJob", personalize, new p.CreateDataDeletionJobCommand({ jobName: "forget",
  datasetGroupArn: "{group}", roleArn: "{role}", dataSource: { dataLocation: "s3://newer-clients/forget.csv" } }));
await record("DescribeDataDeletionJob", personalize, new p.DescribeDataDeletionJobCommand({
  dataDeletionJobArn: "{account}:data-deletion-job/forget" }));
await record("ListDataDeletionJobs", personalize, new p.ListDataDeletionJobsCommand({ datasetGroupArn: "{group}" }));
await record("CreateSolution with automatic training", personalize, new p.CreateSolutionCommand({ name: "{new}",
  datasetGroupArn: "{group}", recipeArn: "{recipe}", performAutoTraining: true, performIncrementalUpdate: false,
  solutionConfig: { autoTrainingConfig: { schedulingExpression: "rate(5 days)" },
    trainingDataConfig: { excludedDatasetColumns: { Items: ["PRICE"] } } } }));
await record("CreateSolution with weighted events", personalize, new p.CreateSolutionCommand({ name: "{new}",
  datasetGroupArn: "{group}", recipeArn: "{recipe}", solutionConfig: { eventsConfig: { eventParametersList: [
    { eventType: "click", eventValueThreshold: 2, weight: 0.5 }] } } }));
await record("UpdateSolution", personalize, new p.UpdateSolutionCommand({ solutionArn: "{made_solution}",
  performAutoTraining: true, solutionUpdateConfig: { autoTrainingConfig: { schedulingExpression: "rate(2 days)" } } }));
await record("DescribeSolution that was updated", personalize, new p.DescribeSolutionCommand({ solutionArn: "{made_solution}" }));
await record("CreateCampaign that syncs", personalize, new p.CreateCampaignCommand({ name: "{new}",
  solutionVersionArn: "{solution}/$LATEST", campaignConfig: { syncWithLatestSolutionVersion: true,
    enableMetadataWithRecommendations: true, itemExplorationConfig: { explorationWeight: "0.2" } } }));
await record("CreateCampaign with rankingInfluence", personalize, new p.CreateCampaignCommand({ name: "{new}",
  solutionVersionArn: "{solution}/$LATEST", campaignConfig: { rankingInfluence: { POPULARITY: 0.5, FRESHNESS: 0.1 } } }));
await record("DescribeCampaign that syncs", personalize, new p.DescribeCampaignCommand({ campaignArn: "{made_campaign}" }));
await record("CreateBatchInferenceJob with themes", personalize, new p.CreateBatchInferenceJobCommand({ jobName: "{new}",
  solutionVersionArn: "{version}", roleArn: "{role}", batchInferenceJobMode: "THEME_GENERATION",
  jobInput: { s3DataSource: { path: "s3://newer-clients/in.json" } },
  jobOutput: { s3DataDestination: { path: "s3://newer-clients/out/" } },
  themeGenerationConfig: { fieldsForThemeGeneration: { itemName: "GENRES" } },
  batchInferenceJobConfig: { rankingInfluence: { FRESHNESS: 1 } } }));
await record("CreateRecommender with metadata", personalize, new p.CreateRecommenderCommand({ name: "{new}",
  datasetGroupArn: "{group}", recipeArn: "arn:aws:personalize:::recipe/aws-ecomm-popular-items-by-views",
  recommenderConfig: { enableMetadataWithRecommendations: true, minRecommendationRequestsPerSecond: 1,
    trainingDataConfig: { includedDatasetColumns: { Items: ["PRICE"] } } } }));
await record("GetRecommendations with metadataColumns", runtime, new r.GetRecommendationsCommand({
  campaignArn: "{campaign}", userId: "u1", numResults: 3, metadataColumns: { ITEMS: ["GENRES", "PRICE"] } }));
await record("GetPersonalizedRanking with metadataColumns", runtime, new r.GetPersonalizedRankingCommand({
  campaignArn: "{ranking_campaign}", userId: "u1", inputList: ["i1", "i2"], metadataColumns: { ITEMS: ["GENRES"] } }));
await record("GetActionRecommendations", runtime, new r.GetActionRecommendationsCommand({ campaignArn: "{campaign}",
  userId: "u1", numResults: 3, filterValues: { KIND: '"a"' } }));
await record("PutActions", events, new e.PutActionsCommand({ datasetArn: "{actions}", actions: [
  { actionId: "a1", properties: JSON.stringify({ value: 1 }) }] }));
await record("PutActionInteractions", events, new e.PutActionInteractionsCommand({ trackingId: "{tracking_id}",
  actionInteractions: [{ actionId: "a1", userId: "u1", sessionId: "s", eventType: "Viewed", eventId: "e1",
    timestamp: new Date(1700000000500), recommendationId: "RID-1", impression: ["a1", "a2"] }] }));
await record("PutEvents with metricAttribution", events, new e.PutEventsCommand({ trackingId: "{tracking_id}", userId: "u1",
  sessionId: "s", eventList: [{ eventType: "click", sentAt: new Date(1700000000500), itemId: "i1",
    metricAttribution: { eventAttributionSource: "a letter" } }] }));

const object = { Bucket: BUCKET, Key: "checked" };
await record("PutObject with a checksum that nobody asked for", s3, new s.PutObjectCommand({ ...object, Body: "hello" }));
for (const ChecksumAlgorithm of ["CRC32C", "CRC64NVME", "SHA256"]) {
  await record(`PutObject with ${ChecksumAlgorithm}`, s3,
    new s.PutObjectCommand({ ...object, Body: "hello", ChecksumAlgorithm }));
}
for (const ChecksumAlgorithm of [undefined, "CRC32C", "CRC64NVME"]) {
  await record(`PutObject of a stream, ${ChecksumAlgorithm ?? "CRC32"} behind it`, s3, new s.PutObjectCommand({ ...object,
    Body: Readable.from(["he", "llo"]), ContentLength: 5, ChecksumAlgorithm }));
}
await record("GetObject with its checksum", s3, new s.GetObjectCommand(object));
await record("PutObject unless it is there", s3, new s.PutObjectCommand({ ...object, Body: "hello", IfNoneMatch: "*" }));
const parts = { Bucket: BUCKET, Key: "parts", UploadId: "{upload}" };
await record("CreateMultipartUpload with CRC32 of its parts", s3, new s.CreateMultipartUploadCommand({
  ...parts, ChecksumAlgorithm: "CRC32" }));
await record("UploadPart of a stream", s3, new s.UploadPartCommand({ ...parts, PartNumber: 1,
  Body: Readable.from(["hello"]), ContentLength: 5 }));
await record("CompleteMultipartUpload with CRC32 of its parts", s3, new s.CompleteMultipartUploadCommand({ ...parts,
  MultipartUpload: { Parts: [{ PartNumber: 1, ETag: "{part}", ChecksumCRC32: "NhCmhg==" }] } }));
await record("PutBucketPolicy with a checksum", s3, new s.PutBucketPolicyCommand({ Bucket: BUCKET, Policy: JSON.stringify({
  Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: "personalize.amazonaws.com" },
    Action: "s3:GetObject", Resource: "arn:aws:s3:::newer-clients/*" }] }) }));
await record("DeleteObjects with a checksum", s3, new s.DeleteObjectsCommand({ Bucket: BUCKET,
  Delete: { Objects: [{ Key: "checked" }, { Key: "parts" }] } }));

console.log(JSON.stringify(recorded, null, 1));
