#pragma once

#include <memory>
#include <string_view>

#include "storage/env.h"
#include "storage/file_fence.h"

namespace rocksdb {
class Env;
}

namespace attune {

/// Stands in the message of a rocksdb::Status whose cause is a full disk.
inline constexpr std::string_view kDiskFullMark = "disk full";

/// Lets RocksDB keep its files in an Env, so that what holds for the Env (counted calls, injected faults, power cuts)
/// holds for the database too; it changes them through `fence`. Its log of what it does is dropped, and its lock of the
/// folder keeps nobody out: that is for whoever opens it. `env` and `fence` must outlive the result. Thread-safe.
std::unique_ptr<rocksdb::Env> MakeRocksdbEnv(Env& env, FileFence& fence);

}  // namespace attune
