#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <pugixml.hpp>

#include "base/hash.h"
#include "base/uri.h"
#include "storage/fake_s3.h"

// FakeS3 itself; it is linked into the test program only.
namespace attune {
namespace {

HttpReply Reply(int status, std::string body = "") {
  HttpReply reply;
  reply.status = status;
  reply.body = std::move(body);
  return reply;
}

HttpReply Error(int status, std::string_view code) {
  return Reply(status, fmt::format("<Error><Code>{}</Code><Message>m</Message></Error>", code));
}

HttpReply ErrorFor(const Status& status, std::string_view not_found) {
  switch (status.code()) {
    case Code::kNotFound: return Error(404, not_found);
    case Code::kBusy: return Error(409, "BucketNotEmpty");
    case Code::kAlreadyExists: return Error(409, "BucketAlreadyOwnedByYou");
    case Code::kLimitExceeded: return Error(400, "EntityTooSmall");
    case Code::kInvalidArgument: return Error(400, "InvalidPart");
    default: return Error(500, "InternalError");
  }
}

HttpReply Done(const Status& status, std::string_view not_found, int good = 200) {
  return status.ok() ? Reply(good) : ErrorFor(status, not_found);
}

std::string HeaderOf(const HttpCall& call, std::string_view name) {
  for (const auto& [found, value] : call.headers) {
    if (found == name) return value;
  }
  return "";
}

std::string At(const std::map<std::string, std::string>& map, const std::string& name) {
  const auto found = map.find(name);
  return found == map.end() ? "" : found->second;
}

ObjectAttributes AttributesOf(const HttpCall& call) {
  ObjectAttributes attributes;
  for (const auto& [name, value] : call.headers) {
    if (name == "Content-Type") attributes.content_type = value;
    if (name.starts_with("x-amz-meta-")) attributes.metadata[name.substr(11)] = value;
    if (name == "cache-control") attributes.headers[name] = value;
  }
  return attributes;
}

HttpReply Described(HttpReply reply, const ObjectInfo& info) {
  reply.headers = {{"etag", "\"" + info.etag + "\""},
                   {"last-modified", "Tue, 14 Nov 2023 22:13:20 GMT"},
                   {"content-type", info.attributes.content_type}};
  for (const auto& [name, value] : info.attributes.metadata) reply.headers.emplace_back("x-amz-meta-" + name, value);
  for (const auto& [name, value] : info.attributes.headers) reply.headers.emplace_back(name, value);
  for (const auto& [name, value] : info.checksums) reply.headers.emplace_back("x-amz-checksum-" + name, value);
  return reply;
}

}  // namespace

HttpReply FakeS3::Send(const HttpCall& call, std::uint64_t body_bytes_max) {
  const std::size_t number = calls_.size();
  calls_.push_back(call.method + " " + call.path + (call.query.empty() ? "" : "?" + call.query));
  last_call_ = call;
  last_call_.body = {};
  std::optional<Trouble> trouble = always_;
  if (const auto found = troubles_.find(number); found != troubles_.end()) trouble = found->second;
  HttpReply broken;
  broken.transfer = IoError("the connection broke");
  if (trouble == Trouble::kUnavailable) return Error(503, "SlowDown");
  if (trouble == Trouble::kNoAnswer) return broken;
  if (!HeaderOf(call, "Authorization").starts_with("AWS4-HMAC-SHA256 Credential=key/") ||
      HeaderOf(call, "x-amz-content-sha256") != ToHex(Sha256(call.body))) {
    return Error(403, "SignatureDoesNotMatch");
  }
  HttpReply reply = Answer(call);
  if (trouble == Trouble::kLostAnswer) return broken;
  if (trouble == Trouble::kHalfAnswer) {
    reply.body.resize(reply.body.size() / 2);
    reply.transfer = IoError("the connection broke");
  }
  ATTUNE_CHECK(reply.body.size() <= body_bytes_max);
  return reply;
}

HttpReply FakeS3::Answer(const HttpCall& call) {
  const std::string path = *PercentDecode(call.path);
  Parameters parameters;
  const auto decoded = ParseQueryString(call.query);
  for (const auto& [name, value] : *decoded) parameters[name] = value;
  if (path == "/") return OnService();
  const std::size_t slash = path.find('/', 1);
  const std::string bucket = path.substr(1, slash - 1);
  if (slash == std::string::npos) return OnBucket(call, bucket, parameters);
  return OnObject(call, bucket, path.substr(slash + 1), parameters);
}

HttpReply FakeS3::OnService() {
  std::string xml = "<ListAllMyBucketsResult><Buckets>";
  const auto buckets = store_.ListBuckets();
  for (const Bucket& bucket : *buckets) {
    xml += fmt::format("<Bucket><Name>{}</Name><CreationDate>2023-11-14T22:13:20.123Z</CreationDate></Bucket>",
                       bucket.name);
  }
  return Reply(200, xml + "</Buckets></ListAllMyBucketsResult>");
}

HttpReply FakeS3::OnBucket(const HttpCall& call, const std::string& bucket, const Parameters& parameters) {
  if (parameters.contains("policy")) {
    if (call.method == "PUT") return Done(store_.PutBucketPolicy(bucket, std::string(call.body)), "NoSuchBucket", 204);
    if (call.method == "DELETE") return Done(store_.DeleteBucketPolicy(bucket), "NoSuchBucket", 204);
    const auto policy = store_.BucketPolicy(bucket);
    if (!policy.ok()) return ErrorFor(policy.status(), "NoSuchBucket");
    return *policy ? Reply(200, **policy) : Error(404, "NoSuchBucketPolicy");
  }
  if (call.method == "PUT") return Done(store_.CreateBucket(bucket, std::string(call.body)), "NoSuchBucket");
  if (call.method == "DELETE") return Done(store_.DeleteBucket(bucket), "NoSuchBucket", 204);
  if (call.method == "HEAD") {
    HttpReply reply = Done(store_.FindBucket(bucket).status(), "NoSuchBucket");
    reply.body.clear();
    reply.headers = {{"x-amz-bucket-region", "eu-west-1"}};
    return reply;
  }
  if (call.method == "POST") {
    pugi::xml_document document;
    document.load_buffer(call.body.data(), call.body.size());
    std::vector<std::string> keys;
    for (const pugi::xml_node& node : document.child("Delete").children("Object")) {
      keys.emplace_back(node.child("Key").text().as_string());
    }
    if (keys.size() > 1000) return Error(400, "MalformedXML");
    const Status deleted = store_.DeleteObjects(bucket, keys);
    return deleted.ok() ? Reply(200, "<DeleteResult/>") : ErrorFor(deleted, "NoSuchBucket");
  }
  return List(bucket, parameters);
}

HttpReply FakeS3::List(const std::string& bucket, const Parameters& parameters) {
  if (parameters.contains("uploads")) {
    const auto uploads = store_.ListUploads(bucket, At(parameters, "prefix"), At(parameters, "key-marker"),
                                            At(parameters, "upload-id-marker"), 1);
    std::string xml = "<ListMultipartUploadsResult>";
    for (const Upload& upload : *uploads) {
      xml +=
          fmt::format("<Upload><Key>{}</Key><UploadId>{}</UploadId></Upload>", UriEncode(upload.key), upload.upload_id);
    }
    return Reply(200, xml + "<IsTruncated>true</IsTruncated></ListMultipartUploadsResult>");
  }
  const auto page = store_.ListObjects(bucket, {.prefix = At(parameters, "prefix"),
                                                .delimiter = At(parameters, "delimiter"),
                                                .start_after = At(parameters, "start-after"),
                                                .limit = std::stoul(At(parameters, "max-keys"))});
  if (!page.ok()) return ErrorFor(page.status(), "NoSuchBucket");
  std::string xml = "<ListBucketResult>";
  for (const ObjectInfo& object : page->objects) {
    xml += fmt::format("<Contents><Key>{}</Key><Size>{}</Size><ETag>&quot;{}&quot;</ETag></Contents>",
                       UriEncode(object.key), object.size, object.etag);
  }
  for (const std::string& prefix : page->common_prefixes) {
    xml += fmt::format("<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", UriEncode(prefix));
  }
  return Reply(200, xml + fmt::format("<IsTruncated>{}</IsTruncated></ListBucketResult>", page->truncated));
}

HttpReply FakeS3::OnObject(const HttpCall& call, const std::string& bucket, const std::string& key,
                           const Parameters& parameters) {
  if (const auto upload_id = parameters.find("uploadId"); upload_id != parameters.end()) {
    return OnUpload(call, bucket, key, upload_id->second, parameters);
  }
  if (call.method == "POST") {
    const auto upload_id = store_.CreateUpload(bucket, key, AttributesOf(call));
    if (!upload_id.ok()) return ErrorFor(upload_id.status(), "NoSuchBucket");
    return Reply(200, fmt::format("<InitiateMultipartUploadResult><UploadId>{}</UploadId>"
                                  "</InitiateMultipartUploadResult>",
                                  *upload_id));
  }
  if (call.method == "PUT") {
    const auto writer = store_.BeginPut(bucket, key, AttributesOf(call));
    if (!writer.ok()) return ErrorFor(writer.status(), "NoSuchBucket");
    for (const auto& [name, value] : call.headers) {
      if (name.starts_with("x-amz-checksum-")) (*writer)->SetChecksum(name.substr(15), value);
    }
    ATTUNE_CHECK((*writer)->Append(AsBytes(call.body)).ok());
    const auto info = (*writer)->Commit();
    return info.ok() ? Described(Reply(200), *info) : ErrorFor(info.status(), "NoSuchBucket");
  }
  return Read(call, bucket, key);
}

HttpReply FakeS3::Read(const HttpCall& call, const std::string& bucket, const std::string& key) {
  const auto info = store_.FindObject(bucket, key);
  if (!info.ok()) return call.method == "HEAD" ? Reply(404) : ErrorFor(info.status(), "NoSuchKey");
  if (call.method == "HEAD") {
    ObjectInfo told = *info;
    if (HeaderOf(call, "x-amz-checksum-mode") != "ENABLED") told.checksums.clear();
    HttpReply reply = Described(Reply(200), told);
    reply.headers.emplace_back("content-length", std::to_string(info->size));
    return reply;
  }
  if (HeaderOf(call, "If-Match") != "\"" + info->etag + "\"") return Error(412, "PreconditionFailed");
  std::size_t first = 0;
  std::size_t last = 0;
  ATTUNE_CHECK(std::sscanf(HeaderOf(call, "Range").c_str(), "bytes=%zu-%zu", &first, &last) == 2);
  return Described(Reply(206, store_.ReadObject(bucket, key)->substr(first, last - first + 1)), *info);
}

HttpReply FakeS3::OnUpload(const HttpCall& call, const std::string& bucket, const std::string& key,
                           const std::string& upload_id, const Parameters& parameters) {
  if (call.method == "DELETE") return Done(store_.AbortUpload(bucket, key, upload_id), "NoSuchUpload", 204);
  if (call.method == "PUT") {
    const auto number = static_cast<std::uint32_t>(std::stoul(At(parameters, "partNumber")));
    const auto writer = store_.BeginPart(bucket, key, upload_id, number);
    if (!writer.ok()) return ErrorFor(writer.status(), "NoSuchUpload");
    ATTUNE_CHECK((*writer)->Append(AsBytes(call.body)).ok());
    const auto info = (*writer)->Commit();
    return info.ok() ? Described(Reply(200), *info) : ErrorFor(info.status(), "NoSuchUpload");
  }
  if (call.method == "GET") {
    const auto after = static_cast<std::uint32_t>(std::stoul(At(parameters, "part-number-marker")));
    // Pages of one part, to see them put together.
    const auto parts = store_.ListParts(bucket, key, upload_id, after, 1);
    if (!parts.ok()) return ErrorFor(parts.status(), "NoSuchUpload");
    std::string xml = "<ListPartsResult>";
    for (const Part& part : *parts) {
      xml += fmt::format("<Part><PartNumber>{}</PartNumber><Size>{}</Size><ETag>\"{}\"</ETag></Part>", part.number,
                         part.size, part.etag);
    }
    return Reply(200, xml + "<IsTruncated>true</IsTruncated></ListPartsResult>");
  }
  pugi::xml_document document;
  document.load_buffer(call.body.data(), call.body.size());
  std::vector<CompletedPart> parts;
  for (const pugi::xml_node& node : document.child("CompleteMultipartUpload").children("Part")) {
    std::string etag = node.child("ETag").text().as_string();
    std::erase(etag, '"');
    parts.push_back({.number = node.child("PartNumber").text().as_uint(), .etag = std::move(etag)});
  }
  const auto info = store_.CompleteUpload(bucket, key, upload_id, parts, {});
  if (!info.ok()) return ErrorFor(info.status(), "NoSuchUpload");
  return Reply(200, fmt::format("<CompleteMultipartUploadResult><ETag>&quot;{}&quot;</ETag>"
                                "</CompleteMultipartUploadResult>",
                                info->etag));
}

}  // namespace attune
