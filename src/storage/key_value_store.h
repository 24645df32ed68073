#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "storage/env.h"

namespace attune {

/// Who owns a key. The number is the first byte of the key on disk: never change one.
enum class KeySpace : char {
  kEvents = 'e',   ///< EventLog.
  kObjects = 'o',  ///< DirectoryObjectStore.
  kState = 's',    ///< Anything small and durable; keys begin with the name of the owner and '/'.
};

/// Changes that become durable and visible together or not at all. One thread at a time.
class KeyValueBatch {
 public:
  KeyValueBatch();
  ~KeyValueBatch();
  KeyValueBatch(KeyValueBatch&&) noexcept;
  KeyValueBatch& operator=(KeyValueBatch&&) noexcept;

  void Put(KeySpace space, std::string_view key, std::string_view value);
  void Delete(KeySpace space, std::string_view key);
  /// Deletes every key that begins with `prefix`. Requires a prefix.
  void DeletePrefix(KeySpace space, std::string_view prefix);

 private:
  friend class KeyValueStore;
  struct Changes;
  std::unique_ptr<Changes> changes_;
};

/// Walks through a key space in byte order as it was when the iterator was made. One thread at a time; the store must
/// outlive it.
class KeyValueIterator {
 public:
  virtual ~KeyValueIterator() = default;
  /// To the first key that is not less than `key`. After an error it stays where it is: at nothing.
  virtual void Seek(std::string_view key) = 0;
  virtual void Next() = 0;
  /// False past the last key of the space, and after an error: what seems to be the end is one only if status() is Ok.
  virtual bool Valid() const = 0;
  /// The first error; it stays.
  virtual Status status() const = 0;
  // Require Valid(); the views hold until the iterator moves.
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
};

/// The files of a store as they were at one moment. None of them goes while this lives. Must die before the store. One
/// thread at a time.
class KeyValueFiles {
 public:
  virtual ~KeyValueFiles() = default;
  /// What CopyTo will write, about.
  virtual std::uint64_t bytes() const = 0;
  /// Writes them, synced, into the folder `path`, which is made and must not exist: a store that opens and holds what
  /// this one held at that moment. Cancelled once `is_cancelled`.
  virtual Status CopyTo(const std::string& path, const std::atomic<bool>& is_cancelled) const = 0;
};

/// An ordered map of byte strings on disk, over RocksDB. Every write is in the synced write-ahead log before the call
/// returns; concurrent writes share one sync. A checksum that does not match gives Corrupt. Thread-safe.
///
/// When the disk refuses a write, in a call or behind it, that write and the following ones fail (Io,
/// ResourceExhausted), reads go on, and each write first tries to Recover().
class KeyValueStore {
 public:
  struct Options {
    std::uint64_t cache_bytes = std::uint64_t{16} << 20;         ///< For blocks read.
    std::uint64_t write_buffer_bytes = std::uint64_t{16} << 20;  ///< For writes not yet sorted into files, in all.
  };

  /// Opens or makes the store in the folder `path`. `env` must outlive it.
  static Result<std::unique_ptr<KeyValueStore>> Open(Env& env, const std::string& path, Options options);
  static Result<std::unique_ptr<KeyValueStore>> Open(Env& env, const std::string& path) { return Open(env, path, {}); }
  ~KeyValueStore();

  Result<std::optional<std::string>> Get(KeySpace space, std::string_view key) const;
  Status Put(KeySpace space, std::string_view key, std::string_view value);
  Status Delete(KeySpace space, std::string_view key);
  Status Write(KeyValueBatch batch);

  using Entry = std::pair<std::string, std::string>;
  /// Up to `limit` keys that begin with `prefix` and are not less than `from`, in byte order, with their values.
  Result<std::vector<Entry>> Scan(KeySpace space, std::string_view prefix, std::string_view from,
                                  std::size_t limit) const;
  std::unique_ptr<KeyValueIterator> Iterate(KeySpace space) const;

  /// About what the keys with this prefix take on disk and in the write buffers.
  std::uint64_t BytesUsed(KeySpace space, std::string_view prefix) const;

  /// False after a write failed in a way that keeps later ones from succeeding.
  bool writable() const;
  /// Tries to leave that state, once the disk is well again: opens the database anew, as after a crash, while reads go
  /// on. Ok if writes work. An iterator or held files from before may fail later (Io), for files of theirs may go.
  /// Corrupt, always, after a file was found damaged: that takes a restart.
  Status Recover();

  /// This moment, for a backup: holds every write that has returned. Takes milliseconds; reads and writes go on.
  Result<std::unique_ptr<KeyValueFiles>> HoldFiles();

  /// Writes what is in the buffers to sorted files, so that the next Open is fast, and closes; no other call may
  /// follow. Without it nothing is lost: the destructor closes too.
  Status Close();

 private:
  struct Database;
  explicit KeyValueStore(std::unique_ptr<Database> database);
  const std::unique_ptr<Database> database_;
};

}  // namespace attune
