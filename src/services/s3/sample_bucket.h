#pragma once

#include <string_view>

#include "base/status.h"
#include "storage/object_store.h"

namespace attune {

inline constexpr std::string_view kSampleBucket = "personalize-cli-json-models";
inline constexpr std::string_view kSampleInteractionsKey = "sample-dataset/interactions-sample.csv";
inline constexpr std::string_view kSampleItemsKey = "sample-dataset/items-with-creation-timestamp-sample.csv";

/// Makes the bucket of sample data and each of its two objects that is missing, from the generator with its default
/// options. What is there stays as it is, whoever put it.
Status EnsureSampleBucket(ObjectStore& objects, std::string_view region);

}  // namespace attune
