#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/status.h"
#include "storage/env.h"

namespace attune {

// A file of named sections, written once and then memory-mapped: docs/formats/snapshot_file.md names every field.

/// Writes one snapshot file. One thread at a time. Destroyed without a Finish that returned Ok, it leaves what `path`
/// held before. `env` must outlive it.
class SnapshotFileWriter {
 public:
  /// `kind` says what the sections mean, "attune.interactions" for instance, and `kind_version` in which version;
  /// the reader asks for both. The kind has at most kNameBytesMax bytes.
  static Result<std::unique_ptr<SnapshotFileWriter>> Create(Env& env, const std::string& path, std::string_view kind,
                                                            std::uint32_t kind_version);
  ~SnapshotFileWriter();

  /// Ends the section before and begins one, aligned to kSectionAlignment. InvalidArgument for a name that is empty,
  /// taken, or longer than kNameBytesMax; LimitExceeded beyond kSectionsMax.
  Status BeginSection(std::string_view name);
  /// Appends to the section that was begun last.
  Status Append(std::span<const std::byte> bytes);
  /// Begins a section, appends all of it.
  Status WriteSection(std::string_view name, std::span<const std::byte> bytes);
  Status WriteSection(std::string_view name, std::string_view bytes);
  /// Numbers of one kind, little-endian.
  template <class T>
  Status WriteArray(std::string_view name, std::span<const T> values) {
    static_assert(std::is_arithmetic_v<T>);
    return WriteSection(name, std::as_bytes(values));
  }
  /// Writes the table, syncs, and puts the file in the place of `path` in one step, durably. Call once, last.
  Status Finish();

  static constexpr std::size_t kSectionAlignment = 64;
  static constexpr std::size_t kNameBytesMax = 255;
  static constexpr std::size_t kSectionsMax = 4096;

 private:
  struct Section;
  SnapshotFileWriter(Env& env, std::string path, std::string kind, std::uint32_t kind_version,
                     std::unique_ptr<WritableFile> file);
  Status WriteRaw(std::span<const std::byte> bytes);
  Status PadTo(std::size_t alignment);
  std::string EncodeTable() const;

  // Constant after construction.
  Env& env_;
  const std::string path_;
  const std::string kind_;
  const std::uint32_t kind_version_;
  // One thread at a time.
  std::unique_ptr<WritableFile> file_;
  std::vector<Section> sections_;
  std::uint64_t offset_ = 0;
  bool finished_ = false;
};

/// An open snapshot file; all bytes were verified when it was opened, and stay mapped as long as this lives. Immutable.
class SnapshotFile {
 public:
  enum class Verify {
    kEverything,  ///< Reads the whole file once.
    kTable,       ///< Header, table and length only: for files that were verified when they were written or moved.
  };

  /// Corrupt for a file that is no snapshot file, of another kind, of a newer version (of the container, or of the kind
  /// than `kind_version_max`), torn, or with any byte changed; the message says which.
  static Result<std::unique_ptr<SnapshotFile>> Open(Env& env, const std::string& path, std::string_view kind,
                                                    std::uint32_t kind_version_max,
                                                    Verify verify = Verify::kEverything);
  ~SnapshotFile();

  std::uint32_t kind_version() const { return kind_version_; }
  /// In the order of writing.
  std::vector<std::string> SectionNames() const;
  bool HasSection(std::string_view name) const;
  /// Aligned to 64 bytes. Corrupt if there is none of that name.
  Result<std::span<const std::byte>> Section(std::string_view name) const;
  Result<std::string_view> TextSection(std::string_view name) const;
  /// Corrupt unless the section's length is a multiple of the size of T.
  template <class T>
  Result<std::span<const T>> Array(std::string_view name) const {
    static_assert(std::is_arithmetic_v<T>);
    ATTUNE_TRY(const auto bytes, Section(name));
    if (bytes.size() % sizeof(T) != 0) return Corrupt(BadArrayLength(name, bytes.size(), sizeof(T)));
    return std::span<const T>(reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T));
  }
  std::uint64_t file_bytes() const { return file_->bytes().size(); }

 private:
  struct Entry;
  SnapshotFile(std::string path, std::unique_ptr<MappedFile> file);
  Status ReadTable(std::string_view kind, std::uint32_t kind_version_max);
  Status VerifySections() const;
  std::string BadArrayLength(std::string_view name, std::size_t bytes, std::size_t element_bytes) const;

  const std::string path_;
  const std::unique_ptr<MappedFile> file_;
  std::uint32_t kind_version_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace attune
