#pragma once

#include <memory>
#include <string_view>

#include "storage/env.h"

namespace rocksdb {
class Env;
}

namespace attune {

/// Stands in the message of a rocksdb::Status whose cause is a full disk.
inline constexpr std::string_view kDiskFullMark = "disk full";

/// Lets RocksDB keep its files in an Env, so that what holds for the Env (counted calls, injected faults, power cuts)
/// holds for the database too. Its log of what it does is dropped. `env` must outlive the result. Thread-safe.
std::unique_ptr<rocksdb::Env> MakeRocksdbEnv(Env& env);

}  // namespace attune
