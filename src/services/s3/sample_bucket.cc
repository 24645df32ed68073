#include "services/s3/sample_bucket.h"

#include <functional>
#include <string>

#include "base/hash.h"
#include "data/sample_world.h"

namespace attune {
namespace {

constexpr std::string_view kCsvType = "text/csv";

using Write = std::function<Status(const SampleWorld::Sink&)>;

Status EnsureObject(ObjectStore& objects, std::string_view key, const Write& write) {
  const std::string bucket(kSampleBucket);
  const auto found = objects.FindObject(bucket, std::string(key));
  if (found.ok() || found.status().code() != Code::kNotFound) return found.ok() ? Status() : found.status();
  ATTUNE_TRY(const auto writer, objects.BeginPut(bucket, std::string(key), {.content_type = std::string(kCsvType)}));
  ATTUNE_RETURN_IF_ERROR(write([&](std::string_view text) { return writer->Append(AsBytes(text)); }));
  const auto info = writer->Commit();
  return info.ok() ? Status() : info.status();
}

}  // namespace

Status EnsureSampleBucket(ObjectStore& objects, std::string_view region) {
  const auto created = objects.CreateBucket(std::string(kSampleBucket), std::string(region));
  if (!created.ok() && created.code() != Code::kAlreadyExists) return created;
  ATTUNE_TRY(const auto world, SampleWorld::Create({}));
  ATTUNE_RETURN_IF_ERROR(EnsureObject(objects, kSampleInteractionsKey,
                                      [&](const SampleWorld::Sink& sink) { return world.WriteInteractions(sink); }));
  return EnsureObject(objects, kSampleItemsKey, [&](const SampleWorld::Sink& sink) { return world.WriteItems(sink); });
}

}  // namespace attune
