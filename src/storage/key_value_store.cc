#include "storage/key_value_store.h"

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/metadata.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <atomic>

#include "base/mutex.h"
#include "storage/copy_file.h"
#include "storage/rocksdb_session.h"

namespace attune {
namespace {

constexpr std::string_view kLockName = "LOCK";
/// Written and removed again to see whether the disk takes files; RocksDB leaves it alone.
constexpr std::string_view kProbeName = "PROBE";

rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

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

rocksdb::WriteOptions Synced() {
  rocksdb::WriteOptions options;
  options.sync = true;
  return options;
}

/// Stays within one key space.
class SpaceIterator final : public KeyValueIterator {
 public:
  SpaceIterator(std::shared_ptr<RocksdbSession> session, KeySpace space)
      : session_(std::move(session)),
        space_(space),
        upper_bound_(1, static_cast<char>(static_cast<char>(space) + 1)),
        upper_slice_(upper_bound_) {
    rocksdb::ReadOptions options;
    options.iterate_upper_bound = &upper_slice_;
    iterator_.reset(session_->rocks().NewIterator(options));
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
  const std::shared_ptr<RocksdbSession> session_;
  const KeySpace space_;
  const std::string upper_bound_;
  const rocksdb::Slice upper_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

class HeldFiles final : public KeyValueFiles {
 public:
  HeldFiles(std::shared_ptr<RocksdbSession> session, std::vector<rocksdb::LiveFileStorageInfo> files)
      : session_(std::move(session)), files_(std::move(files)) {}
  ~HeldFiles() override { (void)session_->rocks().EnableFileDeletions(/*force=*/false); }

  std::uint64_t bytes() const override {
    std::uint64_t sum = 0;
    for (const auto& file : files_) sum += file.size;
    return sum;
  }

  Status CopyTo(const std::string& path, const std::atomic<bool>& is_cancelled) const override {
    Env& env = session_->env();
    ATTUNE_RETURN_IF_ERROR(env.CreateDirectory(path));
    for (const auto& file : files_) {
      const std::string to = JoinPath(path, file.relative_filename);
      if (!file.replacement_contents.empty()) {
        ATTUNE_RETURN_IF_ERROR(env.WriteFileAtomically(to, file.replacement_contents));
        continue;
      }
      const std::string from = JoinPath(file.directory, file.relative_filename);
      ATTUNE_RETURN_IF_ERROR(CopyFile(env, from, to, is_cancelled, file.size).status());
    }
    ATTUNE_RETURN_IF_ERROR(env.SyncDirectory(path));
    return env.SyncDirectory(ParentPath(path));
  }

 private:
  const std::shared_ptr<RocksdbSession> session_;
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
  Database(Env& env, std::string folder, const Options& open_options)
      : files(env), path(std::move(folder)), options(open_options) {}

  std::shared_ptr<RocksdbSession> Session() const EXCLUDES(mutex) {
    const MutexLock lock(mutex);
    return session;
  }
  Status OpenSession() EXCLUDES(mutex) {
    ATTUNE_TRY(auto opened, RocksdbSession::Open(files, path, options));
    const MutexLock lock(mutex);
    session = std::move(opened);
    return {};
  }
  Status Probe() {
    const std::string probe = JoinPath(path, kProbeName);
    ATTUNE_RETURN_IF_ERROR(files.WriteFileAtomically(probe, kProbeName));
    return files.RemoveFile(probe);
  }

  // Constant after construction.
  Env& files;
  const std::string path;
  const Options options;
  std::unique_ptr<FileLock> folder_lock;
  /// Shared by writes, alone in recovery; taken before `mutex`.
  SharedMutex gate;
  mutable Mutex mutex;
  /// The last one opened. Iterators and held files keep theirs.
  std::shared_ptr<RocksdbSession> session GUARDED_BY(mutex);
};

KeyValueStore::KeyValueStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}

KeyValueStore::~KeyValueStore() = default;

Result<std::unique_ptr<KeyValueStore>> KeyValueStore::Open(Env& env, const std::string& path, Options options) {
  ATTUNE_RETURN_IF_ERROR(env.CreateDirectories(path));
  auto database = std::make_unique<Database>(env, path, options);
  ATTUNE_TRY(database->folder_lock, env.Lock(JoinPath(path, kLockName)));
  ATTUNE_RETURN_IF_ERROR(database->OpenSession());
  return std::unique_ptr<KeyValueStore>(new KeyValueStore(std::move(database)));
}

Result<std::optional<std::string>> KeyValueStore::Get(KeySpace space, std::string_view key) const {
  std::string value;
  const rocksdb::Status status = database_->Session()->rocks().Get(rocksdb::ReadOptions(), FullKey(space, key), &value);
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
  const auto session = database_->Session();
  Status status = FromRocksdb(session->rocks().Write(Synced(), &batch.changes_->batch));
  if (!status.ok()) session->Fail(status);
  return status;
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
  return std::make_unique<SpaceIterator>(database_->Session(), space);
}

std::uint64_t KeyValueStore::BytesUsed(KeySpace space, std::string_view prefix) const {
  const std::string begin = FullKey(space, prefix);
  const std::string end = EndOfPrefix(begin);
  const rocksdb::Range range(begin, end);
  rocksdb::SizeApproximationOptions options;
  options.include_memtables = true;
  options.include_files = true;
  std::uint64_t bytes = 0;
  const auto session = database_->Session();
  rocksdb::DB& rocks = session->rocks();
  const rocksdb::Status status = rocks.GetApproximateSizes(options, rocks.DefaultColumnFamily(), &range, 1, &bytes);
  return status.ok() ? bytes : 0;
}

bool KeyValueStore::writable() const { return !database_->Session()->failed(); }

Status KeyValueStore::Recover() {
  if (writable()) return {};
  // Dies, and so closes, after the gate is open again, unless an iterator holds it.
  std::shared_ptr<RocksdbSession> failed;
  const WriterLock lock(database_->gate);
  failed = database_->Session();
  if (!failed->failed()) return {};
  // Opening anew would not mend that, and repeat what found it.
  if (const Status failure = failed->failure(); failure.code() == Code::kCorrupt) return failure;
  // A look at the disk costs less than an opening that fails.
  ATTUNE_RETURN_IF_ERROR(database_->Probe());
  ATTUNE_RETURN_IF_ERROR(failed->GiveUp());
  return database_->OpenSession();
}

Result<std::unique_ptr<KeyValueFiles>> KeyValueStore::HoldFiles() {
  auto session = database_->Session();
  ATTUNE_RETURN_IF_ERROR(FromRocksdb(session->rocks().DisableFileDeletions()));
  rocksdb::LiveFilesStorageInfoOptions options;
  options.wal_size_for_flush = ~std::uint64_t{0};  // Nothing is flushed: the write-ahead log is copied as it stands.
  std::vector<rocksdb::LiveFileStorageInfo> files;
  const rocksdb::Status listed = session->rocks().GetLiveFilesStorageInfo(options, &files);
  std::unique_ptr<KeyValueFiles> held = std::make_unique<HeldFiles>(std::move(session), std::move(files));
  ATTUNE_RETURN_IF_ERROR(FromRocksdb(listed));
  return held;
}

Status KeyValueStore::Close() { return database_->Session()->Close(); }

}  // namespace attune
