#include "storage/key_value_store.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/metadata.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <atomic>

#include "base/mutex.h"
#include "storage/copy_file.h"
#include "storage/rocksdb_env.h"

namespace attune {
namespace {

constexpr int kOpenFilesMax = 256;
constexpr int kBloomBitsPerKey = 10;
constexpr std::uint64_t kLogBytesMax = std::uint64_t{64} << 20;
/// In no key space; holds nothing.
constexpr std::string_view kRecoveryKey = "!recovery";

rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

Status FromRocksdb(const rocksdb::Status& status) {
  if (status.ok()) return {};
  const std::string message = fmt::format("key-value store: {}", status.ToString());
  if (status.IsCorruption()) return Corrupt(message);
  if (message.find(kDiskFullMark) != std::string::npos) return ResourceExhausted(message);
  if (status.IsNotFound()) return NotFound(message);
  return IoError(message);
}

std::string FullKey(KeySpace space, std::string_view key) {
  std::string full(1, static_cast<char>(space));
  full.append(key);
  return full;
}

/// The least key that is greater than every key that begins with `prefix`. A key space's byte is never 0xff.
std::string EndOfPrefix(std::string prefix) {
  while (static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

rocksdb::Options MakeOptions(const KeyValueStore::Options& options, rocksdb::Env* env) {
  rocksdb::Options rocks;
  rocks.env = env;
  rocks.create_if_missing = true;
  rocks.paranoid_checks = true;
  // A log file that was synced and is missing or shorter at the next start is reported, not taken for a torn end.
  rocks.track_and_verify_wals_in_manifest = true;
  rocks.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // Recover() resumes after a failed write; no thread of RocksDB does.
  rocks.max_bgerror_resume_count = 0;
  rocks.max_open_files = kOpenFilesMax;
  rocks.max_background_jobs = 2;
  rocks.write_buffer_size = options.write_buffer_bytes / 2;
  rocks.db_write_buffer_size = options.write_buffer_bytes;
  rocks.max_write_buffer_number = 2;
  rocks.max_total_wal_size = kLogBytesMax;
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

rocksdb::WriteOptions Synced() {
  rocksdb::WriteOptions options;
  options.sync = true;
  return options;
}

/// Stays within one key space.
class SpaceIterator final : public KeyValueIterator {
 public:
  SpaceIterator(rocksdb::DB& database, KeySpace space)
      : space_(space), upper_bound_(1, static_cast<char>(static_cast<char>(space) + 1)), upper_slice_(upper_bound_) {
    rocksdb::ReadOptions options;
    options.iterate_upper_bound = &upper_slice_;
    iterator_.reset(database.NewIterator(options));
  }

  void Seek(std::string_view key) override {
    // RocksDB forgets an error at the next Seek, and whoever asks for the status once, at the end, would never hear it.
    if (iterator_->status().ok()) iterator_->Seek(FullKey(space_, key));
  }
  void Next() override { iterator_->Next(); }
  bool Valid() const override { return iterator_->Valid(); }
  Status status() const override { return FromRocksdb(iterator_->status()); }
  std::string_view key() const override { return ToView(iterator_->key()).substr(1); }
  std::string_view value() const override { return ToView(iterator_->value()); }

 private:
  const KeySpace space_;
  const std::string upper_bound_;
  const rocksdb::Slice upper_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

class HeldFiles final : public KeyValueFiles {
 public:
  HeldFiles(Env& env, rocksdb::DB& database, std::vector<rocksdb::LiveFileStorageInfo> files)
      : env_(env), database_(database), files_(std::move(files)) {}
  ~HeldFiles() override { (void)database_.EnableFileDeletions(/*force=*/false); }

  std::uint64_t bytes() const override {
    std::uint64_t sum = 0;
    for (const auto& file : files_) sum += file.size;
    return sum;
  }

  Status CopyTo(const std::string& path, const std::atomic<bool>& is_cancelled) const override {
    ATTUNE_RETURN_IF_ERROR(env_.CreateDirectory(path));
    for (const auto& file : files_) {
      const std::string to = JoinPath(path, file.relative_filename);
      if (!file.replacement_contents.empty()) {
        ATTUNE_RETURN_IF_ERROR(env_.WriteFileAtomically(to, file.replacement_contents));
        continue;
      }
      const std::string from = JoinPath(file.directory, file.relative_filename);
      ATTUNE_RETURN_IF_ERROR(CopyFile(env_, from, to, is_cancelled, file.size).status());
    }
    ATTUNE_RETURN_IF_ERROR(env_.SyncDirectory(path));
    return env_.SyncDirectory(ParentPath(path));
  }

 private:
  Env& env_;
  rocksdb::DB& database_;
  const std::vector<rocksdb::LiveFileStorageInfo> files_;
};

}  // namespace

struct KeyValueBatch::Changes {
  rocksdb::WriteBatch batch;
};

KeyValueBatch::KeyValueBatch() : changes_(std::make_unique<Changes>()) {}
KeyValueBatch::~KeyValueBatch() = default;
KeyValueBatch::KeyValueBatch(KeyValueBatch&&) noexcept = default;
KeyValueBatch& KeyValueBatch::operator=(KeyValueBatch&&) noexcept = default;

void KeyValueBatch::Put(KeySpace space, std::string_view key, std::string_view value) {
  const char space_byte = static_cast<char>(space);
  const std::array key_parts{rocksdb::Slice(&space_byte, 1), ToSlice(key)};
  const rocksdb::Slice value_slice = ToSlice(value);
  // Fails only where a column family is wrong or a limit was set: never for the default ones.
  ATTUNE_CHECK(changes_->batch.Put({key_parts.data(), 2}, {&value_slice, 1}).ok());
}

void KeyValueBatch::Delete(KeySpace space, std::string_view key) {
  ATTUNE_CHECK(changes_->batch.Delete(FullKey(space, key)).ok());
}

void KeyValueBatch::DeletePrefix(KeySpace space, std::string_view prefix) {
  ATTUNE_CHECK(!prefix.empty());
  const std::string begin = FullKey(space, prefix);
  ATTUNE_CHECK(changes_->batch.DeleteRange(begin, EndOfPrefix(begin)).ok());
}

struct KeyValueStore::Database {
  Env* files = nullptr;
  // The database must die before its env.
  std::unique_ptr<rocksdb::Env> env;
  std::unique_ptr<rocksdb::DB> rocks;
  std::atomic<bool> writable = true;
  /// Shared by writes, alone in recovery.
  SharedMutex gate;
};

KeyValueStore::KeyValueStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}

KeyValueStore::~KeyValueStore() = default;

Result<std::unique_ptr<KeyValueStore>> KeyValueStore::Open(Env& env, const std::string& path, Options options) {
  ATTUNE_RETURN_IF_ERROR(env.CreateDirectories(path));
  auto database = std::make_unique<Database>();
  database->files = &env;
  database->env = MakeRocksdbEnv(env);
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(MakeOptions(options, database->env.get()), path, &opened);
  database->rocks.reset(opened);
  ATTUNE_RETURN_IF_ERROR(FromRocksdb(status));
  return std::unique_ptr<KeyValueStore>(new KeyValueStore(std::move(database)));
}

Result<std::optional<std::string>> KeyValueStore::Get(KeySpace space, std::string_view key) const {
  std::string value;
  const rocksdb::Status status = database_->rocks->Get(rocksdb::ReadOptions(), FullKey(space, key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  ATTUNE_RETURN_IF_ERROR(FromRocksdb(status));
  return std::optional<std::string>(std::move(value));
}

Status KeyValueStore::Put(KeySpace space, std::string_view key, std::string_view value) {
  KeyValueBatch batch;
  batch.Put(space, key, value);
  return Write(std::move(batch));
}

Status KeyValueStore::Delete(KeySpace space, std::string_view key) {
  KeyValueBatch batch;
  batch.Delete(space, key);
  return Write(std::move(batch));
}

Status KeyValueStore::Write(KeyValueBatch batch) {
  ATTUNE_RETURN_IF_ERROR(Recover());
  ReaderLock lock(database_->gate);
  const rocksdb::Status status = database_->rocks->Write(Synced(), &batch.changes_->batch);
  if (!status.ok()) database_->writable = false;
  return FromRocksdb(status);
}

Result<std::vector<KeyValueStore::Entry>> KeyValueStore::Scan(KeySpace space, std::string_view prefix,
                                                              std::string_view from, std::size_t limit) const {
  std::vector<Entry> entries;
  const auto iterator = Iterate(space);
  for (iterator->Seek(std::max(prefix, from)); iterator->Valid() && entries.size() < limit; iterator->Next()) {
    if (!iterator->key().starts_with(prefix)) break;
    entries.emplace_back(iterator->key(), iterator->value());
  }
  ATTUNE_RETURN_IF_ERROR(iterator->status());
  return entries;
}

std::unique_ptr<KeyValueIterator> KeyValueStore::Iterate(KeySpace space) const {
  return std::make_unique<SpaceIterator>(*database_->rocks, space);
}

std::uint64_t KeyValueStore::BytesUsed(KeySpace space, std::string_view prefix) const {
  const std::string begin = FullKey(space, prefix);
  const std::string end = EndOfPrefix(begin);
  const rocksdb::Range range(begin, end);
  rocksdb::SizeApproximationOptions options;
  options.include_memtables = true;
  options.include_files = true;
  std::uint64_t bytes = 0;
  const rocksdb::Status status =
      database_->rocks->GetApproximateSizes(options, database_->rocks->DefaultColumnFamily(), &range, 1, &bytes);
  return status.ok() ? bytes : 0;
}

bool KeyValueStore::writable() const { return database_->writable; }

Status KeyValueStore::Recover() {
  if (writable()) return {};
  WriterLock lock(database_->gate);
  if (writable()) return {};
  rocksdb::DB& rocks = *database_->rocks;
  ATTUNE_RETURN_IF_ERROR(FromRocksdb(rocks.Resume()));
  // Resume begins a new write-ahead log only when it has something to flush, and RocksDB aborts the process (where it
  // is built with assertions, as Debian does) when it appends to a log after a failed write. So give it something.
  rocksdb::WriteOptions memory_only;
  memory_only.disableWAL = true;
  ATTUNE_RETURN_IF_ERROR(FromRocksdb(rocks.Put(memory_only, kRecoveryKey, "")));
  // The flush may meet the error of the old log; the second Resume then flushes past it.
  if (!rocks.Flush(rocksdb::FlushOptions()).ok()) ATTUNE_RETURN_IF_ERROR(FromRocksdb(rocks.Resume()));
  database_->writable = true;
  return {};
}

Result<std::unique_ptr<KeyValueFiles>> KeyValueStore::HoldFiles() {
  rocksdb::DB& rocks = *database_->rocks;
  ATTUNE_RETURN_IF_ERROR(FromRocksdb(rocks.DisableFileDeletions()));
  rocksdb::LiveFilesStorageInfoOptions options;
  options.wal_size_for_flush = ~std::uint64_t{0};  // Nothing is flushed: the write-ahead log is copied as it stands.
  std::vector<rocksdb::LiveFileStorageInfo> files;
  const rocksdb::Status listed = rocks.GetLiveFilesStorageInfo(options, &files);
  std::unique_ptr<KeyValueFiles> held = std::make_unique<HeldFiles>(*database_->files, rocks, std::move(files));
  ATTUNE_RETURN_IF_ERROR(FromRocksdb(listed));
  return held;
}

Status KeyValueStore::Close() {
  if (!database_->rocks) return {};
  const rocksdb::Status flushed = database_->rocks->Flush(rocksdb::FlushOptions());
  const rocksdb::Status closed = database_->rocks->Close();
  database_->rocks.reset();
  ATTUNE_RETURN_IF_ERROR(FromRocksdb(flushed));
  return FromRocksdb(closed);
}

}  // namespace attune
