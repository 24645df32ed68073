#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "storage/env.h"

namespace attune {

/// Everything that one server keeps lies below one folder; this is its map, and the lock that keeps a second server
/// out. Immutable after Open.
///
///   LOCK              held by the running server
///   VERSION           the layout's version, so that an older server does not touch a newer one's data
///   catalog.db        SQLite: resources and jobs
///   log/              RocksDB: event log, object index, small state
///   objects/xx/…      bytes of objects
///   datasets/         columnar segments
///   artifacts/        trained models, one folder each
///   served_lists/     what was recommended under which id
///   recommendations/  the recommendation log, for people
///   credentials       the administrator's key pair, an AWS credentials file, mode 0600
///   temporary/        emptied at every start
class DataDirectory {
 public:
  /// Makes what is missing, takes the lock, empties temporary/. Busy if another server runs on it, Corrupt if its
  /// version is newer than kVersion. `env` must outlive it.
  static Result<std::unique_ptr<DataDirectory>> Open(Env& env, const std::string& path);

  const std::string& path() const { return path_; }
  std::string catalog_path() const { return JoinPath(path_, "catalog.db"); }
  std::string log_path() const { return JoinPath(path_, "log"); }
  std::string objects_path() const { return JoinPath(path_, "objects"); }
  std::string datasets_path() const { return JoinPath(path_, "datasets"); }
  std::string artifacts_path() const { return JoinPath(path_, "artifacts"); }
  std::string served_lists_path() const { return JoinPath(path_, "served_lists"); }
  std::string recommendation_log_path() const { return JoinPath(path_, "recommendations"); }
  std::string credentials_path() const { return JoinPath(path_, "credentials"); }
  std::string temporary_path() const { return JoinPath(path_, "temporary"); }

  static constexpr int kVersion = 1;

 private:
  DataDirectory(std::string path, std::unique_ptr<FileLock> lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  const std::string path_;
  const std::unique_ptr<FileLock> lock_;
};

}  // namespace attune
