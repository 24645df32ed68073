#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "storage/blob_files.h"
#include "storage/object_store.h"

/// Keys and records of the object index, as docs/formats/object_store.md names them. Pure functions.
namespace attune::object_index {

struct BucketRecord {
  std::string region;
  std::int64_t created_ms = 0;
  std::optional<std::string> policy;
};

struct ObjectRecord {
  ObjectInfo info;          ///< The key is not part of what is stored.
  std::vector<Blob> blobs;  ///< The object's bytes are theirs, one after the other.
};

struct UploadRecord {
  std::int64_t initiated_ms = 0;
  ObjectAttributes attributes;
};

struct PartRecord {
  Part part;  ///< The number is not part of what is stored.
  Blob blob;
};

inline constexpr std::size_t kUploadIdDigits = 32;

inline constexpr std::string_view kBucketsPrefix = "b";
inline constexpr std::string_view kObjectsPrefix = "o";
inline constexpr std::string_view kPartsPrefix = "p";
std::string BucketKey(std::string_view bucket);
/// What the keys of all objects of a bucket begin with; ObjectKey is this and the object's key.
std::string ObjectsPrefix(std::string_view bucket);
std::string ObjectKey(std::string_view bucket, std::string_view key);
std::string UploadsPrefix(std::string_view bucket);
std::string UploadKey(std::string_view bucket, std::string_view key, std::string_view upload_id);
/// The object's key and the upload's id from what follows UploadsPrefix.
std::optional<std::pair<std::string_view, std::string_view>> ParseUploadKey(std::string_view rest);
std::string PartsPrefix(std::string_view upload_id);
std::string PartKey(std::string_view upload_id, std::uint32_t number);
/// 0 for what is no part's key.
std::uint32_t ParsePartNumber(std::string_view part_key);

/// The least key that is greater than every key that begins with `prefix`, whose first byte must not be 0xff.
std::string EndOfPrefix(std::string prefix);

std::string Encode(const BucketRecord& record);
std::string Encode(const ObjectRecord& record);
std::string Encode(const UploadRecord& record);
std::string Encode(const PartRecord& record);

// Corrupt for what Encode did not write.
Result<BucketRecord> DecodeBucket(std::string_view bytes);
Result<ObjectRecord> DecodeObject(std::string_view key, std::string_view bytes);
Result<UploadRecord> DecodeUpload(std::string_view bytes);
Result<PartRecord> DecodePart(std::uint32_t number, std::string_view bytes);

}  // namespace attune::object_index
