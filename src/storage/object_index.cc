#include "storage/object_index.h"

#include <fmt/format.h>

#include "base/bytes.h"

namespace attune::object_index {
namespace {

constexpr std::uint8_t kRecordVersion = 1;
constexpr std::string_view kUploadsPrefix = "u";
constexpr char kSeparator = '\0';

std::string KeyOf(std::string_view prefix, std::string_view bucket) {
  std::string key(prefix);
  key.append(bucket);
  key.push_back(kSeparator);
  return key;
}

using TextMap = std::map<std::string, std::string>;

void EncodeMap(ByteWriter& out, const TextMap& map) {
  out.Number(static_cast<std::uint32_t>(map.size()));
  for (const auto& [name, value] : map) {
    out.String(name);
    out.String(value);
  }
}

TextMap DecodeMap(ByteReader& in) {
  TextMap map;
  const auto count = in.Number<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const std::string_view name = in.String();
    map.emplace(name, in.String());
  }
  return map;
}

void EncodeAttributes(ByteWriter& out, const ObjectAttributes& attributes) {
  out.String(attributes.content_type);
  EncodeMap(out, attributes.headers);
  EncodeMap(out, attributes.metadata);
}

ObjectAttributes DecodeAttributes(ByteReader& in) {
  ObjectAttributes attributes;
  attributes.content_type = in.String();
  attributes.headers = DecodeMap(in);
  attributes.metadata = DecodeMap(in);
  return attributes;
}

void EncodeBlob(ByteWriter& out, const Blob& blob) {
  out.String(blob.id);
  out.Number(blob.size);
}

Blob DecodeBlob(ByteReader& in) {
  Blob blob;
  blob.id = in.String();
  blob.size = in.Number<std::uint64_t>();
  return blob;
}

Status CheckVersion(ByteReader& in, std::string_view what) {
  const auto version = in.Number<std::uint8_t>();
  if (!in.ok() || version == kRecordVersion) return {};
  return Corrupt(fmt::format("{} is of version {}; this program reads version {}", what, version, kRecordVersion));
}

}  // namespace

std::string BucketKey(std::string_view bucket) { return std::string(kBucketsPrefix).append(bucket); }
std::string ObjectsPrefix(std::string_view bucket) { return KeyOf(kObjectsPrefix, bucket); }
std::string ObjectKey(std::string_view bucket, std::string_view key) { return ObjectsPrefix(bucket).append(key); }
std::string UploadsPrefix(std::string_view bucket) { return KeyOf(kUploadsPrefix, bucket); }

std::string UploadKey(std::string_view bucket, std::string_view key, std::string_view upload_id) {
  std::string result = UploadsPrefix(bucket);
  result.append(key);
  result.push_back(kSeparator);
  result.append(upload_id);
  return result;
}

std::optional<std::pair<std::string_view, std::string_view>> ParseUploadKey(std::string_view rest) {
  // From the end: an object's key may hold the separator, an upload's id has one length.
  if (rest.size() <= kUploadIdDigits || rest[rest.size() - kUploadIdDigits - 1] != kSeparator) return std::nullopt;
  return std::pair(rest.substr(0, rest.size() - kUploadIdDigits - 1), rest.substr(rest.size() - kUploadIdDigits));
}

std::string PartsPrefix(std::string_view upload_id) { return KeyOf(kPartsPrefix, upload_id); }

std::string PartKey(std::string_view upload_id, std::uint32_t number) {
  std::string key = PartsPrefix(upload_id);
  for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<char>(number >> shift));
  return key;
}

std::uint32_t ParsePartNumber(std::string_view part_key) {
  if (part_key.size() < sizeof(std::uint32_t)) return 0;
  std::uint32_t number = 0;
  for (const char byte : part_key.substr(part_key.size() - sizeof(std::uint32_t))) {
    number = number << 8 | static_cast<unsigned char>(byte);
  }
  return number;
}

std::string EndOfPrefix(std::string prefix) {
  while (static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

std::string Encode(const BucketRecord& record) {
  std::string bytes;
  ByteWriter out(&bytes);
  out.Number(kRecordVersion);
  out.String(record.region);
  out.Number(record.created_ms);
  out.Number(static_cast<std::uint8_t>(record.policy.has_value()));
  out.String(record.policy.value_or(""));
  return bytes;
}

std::string Encode(const ObjectRecord& record) {
  std::string bytes;
  ByteWriter out(&bytes);
  out.Number(kRecordVersion);
  out.Number(record.info.size);
  out.String(record.info.etag);
  out.Number(record.info.last_modified_ms);
  EncodeAttributes(out, record.info.attributes);
  EncodeMap(out, record.info.checksums);
  out.Number(static_cast<std::uint32_t>(record.blobs.size()));
  for (const Blob& blob : record.blobs) EncodeBlob(out, blob);
  return bytes;
}

std::string Encode(const UploadRecord& record) {
  std::string bytes;
  ByteWriter out(&bytes);
  out.Number(kRecordVersion);
  out.Number(record.initiated_ms);
  EncodeAttributes(out, record.attributes);
  return bytes;
}

std::string Encode(const PartRecord& record) {
  std::string bytes;
  ByteWriter out(&bytes);
  out.Number(kRecordVersion);
  out.Number(record.part.size);
  out.String(record.part.etag);
  out.Number(record.part.last_modified_ms);
  EncodeMap(out, record.part.checksums);
  EncodeBlob(out, record.blob);
  return bytes;
}

Result<BucketRecord> DecodeBucket(std::string_view bytes) {
  ByteReader in(bytes);
  ATTUNE_RETURN_IF_ERROR(CheckVersion(in, "a bucket's record"));
  BucketRecord record;
  record.region = in.String();
  record.created_ms = in.Number<std::int64_t>();
  const bool has_policy = in.Number<std::uint8_t>() != 0;
  const std::string_view policy = in.String();
  if (has_policy) record.policy = policy;
  ATTUNE_RETURN_IF_ERROR(in.Finish("a bucket's record"));
  return record;
}

Result<ObjectRecord> DecodeObject(std::string_view key, std::string_view bytes) {
  ByteReader in(bytes);
  ATTUNE_RETURN_IF_ERROR(CheckVersion(in, "an object's record"));
  ObjectRecord record;
  record.info.key = key;
  record.info.size = in.Number<std::uint64_t>();
  record.info.etag = in.String();
  record.info.last_modified_ms = in.Number<std::int64_t>();
  record.info.attributes = DecodeAttributes(in);
  record.info.checksums = DecodeMap(in);
  const auto blob_count = in.Number<std::uint32_t>();
  for (std::uint32_t i = 0; i < blob_count && in.ok(); ++i) record.blobs.push_back(DecodeBlob(in));
  ATTUNE_RETURN_IF_ERROR(in.Finish("an object's record"));
  if (record.info.etag.find('-') != std::string::npos) {
    for (const Blob& blob : record.blobs) record.info.part_sizes.push_back(blob.size);
  }
  return record;
}

Result<UploadRecord> DecodeUpload(std::string_view bytes) {
  ByteReader in(bytes);
  ATTUNE_RETURN_IF_ERROR(CheckVersion(in, "an upload's record"));
  UploadRecord record;
  record.initiated_ms = in.Number<std::int64_t>();
  record.attributes = DecodeAttributes(in);
  ATTUNE_RETURN_IF_ERROR(in.Finish("an upload's record"));
  return record;
}

Result<PartRecord> DecodePart(std::uint32_t number, std::string_view bytes) {
  ByteReader in(bytes);
  ATTUNE_RETURN_IF_ERROR(CheckVersion(in, "a part's record"));
  PartRecord record;
  record.part.number = number;
  record.part.size = in.Number<std::uint64_t>();
  record.part.etag = in.String();
  record.part.last_modified_ms = in.Number<std::int64_t>();
  record.part.checksums = DecodeMap(in);
  record.blob = DecodeBlob(in);
  ATTUNE_RETURN_IF_ERROR(in.Finish("a part's record"));
  return record;
}

}  // namespace attune::object_index
