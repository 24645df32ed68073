#include "storage/rocksdb_session.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>

#include <utility>

#include "storage/rocksdb_env.h"

namespace attune {
namespace {

constexpr int kOpenFilesMax = 256;
constexpr int kBloomBitsPerKey = 10;
constexpr std::uint64_t kLogBytesMax = std::uint64_t{64} << 20;

rocksdb::Options MakeOptions(const KeyValueStore::Options& options, rocksdb::Env* env) {
  rocksdb::Options rocks;
  rocks.env = env;
  rocks.create_if_missing = true;
  rocks.paranoid_checks = true;
  // A log file that was synced and is missing or shorter at the next start is reported, not taken for a torn end.
  rocks.track_and_verify_wals_in_manifest = true;
  rocks.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // No thread of RocksDB resumes after a failed write.
  rocks.max_bgerror_resume_count = 0;
  rocks.max_open_files = kOpenFilesMax;
  rocks.max_background_jobs = 2;
  rocks.write_buffer_size = options.write_buffer_bytes / 2;
  rocks.db_write_buffer_size = options.write_buffer_bytes;
  rocks.max_write_buffer_number = 2;
  rocks.max_total_wal_size = kLogBytesMax;
  // All is in the synced log: closing has nothing to write, and so waits for nothing that could fail.
  rocks.avoid_flush_during_shutdown = true;
  rocks.stats_dump_period_sec = 0;
  rocks.stats_persist_period_sec = 0;
  rocks.compression = rocksdb::kLZ4Compression;

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(options.cache_bytes);
  table.cache_index_and_filter_blocks = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  rocks.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return rocks;
}

}  // namespace

Status FromRocksdb(const rocksdb::Status& status) {
  if (status.ok()) return {};
  const std::string message = fmt::format("key-value store: {}", status.ToString());
  if (status.IsCorruption()) return Corrupt(message);
  if (message.find(kDiskFullMark) != std::string::npos) return ResourceExhausted(message);
  if (status.IsNotFound()) return NotFound(message);
  return IoError(message);
}

/// Hears of failed flushes and compactions, which no call reports.
class RocksdbSession::Listener final : public rocksdb::EventListener {
 public:
  explicit Listener(RocksdbSession& session) : session_(session) {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* status) override {
    session_.Fail(FromRocksdb(*status));
  }

 private:
  RocksdbSession& session_;
};

RocksdbSession::RocksdbSession(Env& env) : env_(env), rocks_env_(MakeRocksdbEnv(env, fence_)) {}

RocksdbSession::~RocksdbSession() = default;

Result<std::shared_ptr<RocksdbSession>> RocksdbSession::Open(Env& env, const std::string& path,
                                                             const KeyValueStore::Options& options) {
  std::shared_ptr<RocksdbSession> session(new RocksdbSession(env));
  rocksdb::Options rocks_options = MakeOptions(options, session->rocks_env_.get());
  rocks_options.listeners.push_back(std::make_shared<Listener>(*session));
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(rocks_options, path, &opened);
  session->rocks_.reset(opened);
  ATTUNE_RETURN_IF_ERROR(FromRocksdb(status));
  return session;
}

Status RocksdbSession::failure() const {
  const MutexLock lock(mutex_);
  return failure_;
}

void RocksdbSession::Fail(Status failure) {
  const MutexLock lock(mutex_);
  if (failure_.ok()) failure_ = std::move(failure);
  failed_ = !failure_.ok();
}

Status RocksdbSession::GiveUp() {
  fence_.Close();
  return fence_.CutTornEnds(env_);
}

Status RocksdbSession::Close() {
  if (!rocks_) return {};
  const Status flushed = failed() ? failure() : FromRocksdb(rocks_->Flush(rocksdb::FlushOptions()));
  const Status closed = FromRocksdb(rocks_->Close());
  rocks_.reset();
  return flushed.ok() ? closed : flushed;
}

}  // namespace attune
