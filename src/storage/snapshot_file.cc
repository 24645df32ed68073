#include "storage/snapshot_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/hash.h"

namespace attune {
namespace {

// docs/formats/snapshot_file.md describes all of this.
constexpr std::string_view kHeaderMagic =
    "\x89"
    "ATTUNE\n";
constexpr std::string_view kTrailerMagic = "ATSF";
constexpr std::uint32_t kContainerVersion = 1;
constexpr std::size_t kHeaderBytes = 64;
constexpr std::size_t kTrailerBytes = 32;
/// The checksum in the trailer covers the table and so much of the trailer.
constexpr std::size_t kTrailerBytesChecked = 24;

static_assert(kHeaderMagic.size() == 8);
static_assert(kHeaderBytes % SnapshotFileWriter::kSectionAlignment == 0);

std::string_view ToView(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

struct SnapshotFileWriter::Section {
  std::string name;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint32_t crc = 0;
};

SnapshotFileWriter::SnapshotFileWriter(Env& env, std::string path, std::string kind, std::uint32_t kind_version,
                                       std::unique_ptr<WritableFile> file)
    : env_(env), path_(std::move(path)), kind_(std::move(kind)), kind_version_(kind_version), file_(std::move(file)) {}

SnapshotFileWriter::~SnapshotFileWriter() {
  if (finished_) return;
  file_.reset();
  // What cannot be removed now has a name that the owner of the folder removes later.
  (void)env_.RemoveFile(path_ + std::string(Env::kTemporarySuffix));
}

Result<std::unique_ptr<SnapshotFileWriter>> SnapshotFileWriter::Create(Env& env, const std::string& path,
                                                                       std::string_view kind,
                                                                       std::uint32_t kind_version) {
  if (kind.empty() || kind.size() > kNameBytesMax) {
    return InvalidArgument(
        fmt::format("a snapshot file's kind is {} bytes; it must be 1 to {}", kind.size(), kNameBytesMax));
  }
  ATTUNE_TRY(auto file, env.Create(path + std::string(Env::kTemporarySuffix)));
  std::unique_ptr<SnapshotFileWriter> writer(
      new SnapshotFileWriter(env, path, std::string(kind), kind_version, std::move(file)));
  std::string header(kHeaderMagic);
  ByteWriter(&header).Number(kContainerVersion);
  header.resize(kHeaderBytes, '\0');
  ATTUNE_RETURN_IF_ERROR(writer->WriteRaw(AsBytes(header)));
  return writer;
}

Status SnapshotFileWriter::WriteRaw(std::span<const std::byte> bytes) {
  ATTUNE_RETURN_IF_ERROR(file_->Append(bytes));
  offset_ += bytes.size();
  return {};
}

Status SnapshotFileWriter::PadTo(std::size_t alignment) {
  static constexpr std::array<std::byte, kSectionAlignment> kZeros{};
  const std::size_t over = offset_ % alignment;
  return over == 0 ? Status() : WriteRaw(std::span(kZeros).first(alignment - over));
}

Status SnapshotFileWriter::BeginSection(std::string_view name) {
  if (name.empty() || name.size() > kNameBytesMax) {
    return InvalidArgument(
        fmt::format("a section's name is {} bytes in {}; it must be 1 to {}", name.size(), path_, kNameBytesMax));
  }
  if (sections_.size() == kSectionsMax) {
    return LimitExceeded(fmt::format("{} has {} sections; more are not allowed", path_, kSectionsMax));
  }
  for (const Section& section : sections_) {
    if (section.name == name) return InvalidArgument(fmt::format("{} has a section {} already", path_, name));
  }
  ATTUNE_RETURN_IF_ERROR(PadTo(kSectionAlignment));
  sections_.push_back({.name = std::string(name), .offset = offset_});
  return {};
}

Status SnapshotFileWriter::Append(std::span<const std::byte> bytes) {
  ATTUNE_CHECK(!sections_.empty() && !finished_);
  Section& section = sections_.back();
  section.crc = Crc32c(bytes, section.crc);
  section.length += bytes.size();
  return WriteRaw(bytes);
}

Status SnapshotFileWriter::WriteSection(std::string_view name, std::span<const std::byte> bytes) {
  ATTUNE_RETURN_IF_ERROR(BeginSection(name));
  return Append(bytes);
}

Status SnapshotFileWriter::WriteSection(std::string_view name, std::string_view bytes) {
  return WriteSection(name, AsBytes(bytes));
}

std::string SnapshotFileWriter::EncodeTable() const {
  std::string table;
  ByteWriter out(&table);
  out.String(kind_);
  out.Number(kind_version_);
  out.Number(static_cast<std::uint32_t>(sections_.size()));
  for (const Section& section : sections_) {
    out.String(section.name);
    out.Number(section.offset);
    out.Number(section.length);
    out.Number(section.crc);
  }
  return table;
}

Status SnapshotFileWriter::Finish() {
  ATTUNE_CHECK(!finished_);
  ATTUNE_RETURN_IF_ERROR(PadTo(kSectionAlignment));
  std::string end = EncodeTable();
  const std::uint64_t table_bytes = end.size();
  ByteWriter out(&end);
  out.Number(offset_);
  out.Number(table_bytes);
  out.Number(offset_ + table_bytes + kTrailerBytes);
  out.Number(Crc32c(AsBytes(end)));
  end.append(kTrailerMagic);
  ATTUNE_CHECK(end.size() == table_bytes + kTrailerBytes);
  ATTUNE_RETURN_IF_ERROR(WriteRaw(AsBytes(end)));
  ATTUNE_RETURN_IF_ERROR(file_->Sync());
  ATTUNE_RETURN_IF_ERROR(file_->Close());
  ATTUNE_RETURN_IF_ERROR(env_.Rename(path_ + std::string(Env::kTemporarySuffix), path_));
  finished_ = true;
  return env_.SyncDirectory(ParentPath(path_));
}

struct SnapshotFile::Entry {
  std::string name;
  std::span<const std::byte> bytes;
  std::uint32_t crc = 0;
};

SnapshotFile::SnapshotFile(std::string path, std::unique_ptr<MappedFile> file)
    : path_(std::move(path)), file_(std::move(file)) {}

SnapshotFile::~SnapshotFile() = default;

Result<std::unique_ptr<SnapshotFile>> SnapshotFile::Open(Env& env, const std::string& path, std::string_view kind,
                                                         std::uint32_t kind_version_max, Verify verify) {
  ATTUNE_TRY(auto file, env.Map(path));
  std::unique_ptr<SnapshotFile> snapshot(new SnapshotFile(path, std::move(file)));
  ATTUNE_RETURN_IF_ERROR(snapshot->ReadTable(kind, kind_version_max));
  if (verify == Verify::kEverything) ATTUNE_RETURN_IF_ERROR(snapshot->VerifySections());
  return snapshot;
}

Status SnapshotFile::ReadTable(std::string_view kind, std::uint32_t kind_version_max) {
  const std::string_view file = ToView(file_->bytes());
  if (!file.starts_with(kHeaderMagic)) return Corrupt(fmt::format("{} is not a snapshot file", path_));
  if (file.size() < kHeaderBytes + kTrailerBytes) {
    return Corrupt(fmt::format("{} is torn: it has only {} bytes", path_, file.size()));
  }
  const auto version = ByteReader(file.substr(kHeaderMagic.size())).Number<std::uint32_t>();
  if (version != kContainerVersion) {
    return Corrupt(fmt::format("{} is a snapshot file of version {}; this program reads version {}", path_, version,
                               kContainerVersion));
  }

  const std::string_view trailer = file.substr(file.size() - kTrailerBytes);
  ByteReader trailer_reader(trailer);
  const auto table_offset = trailer_reader.Number<std::uint64_t>();
  const auto table_bytes = trailer_reader.Number<std::uint64_t>();
  const auto file_bytes = trailer_reader.Number<std::uint64_t>();
  const auto crc = trailer_reader.Number<std::uint32_t>();
  if (!trailer.ends_with(kTrailerMagic) || file_bytes != file.size()) {
    return Corrupt(fmt::format("{} is torn: its {} bytes do not end as they should", path_, file.size()));
  }
  const std::size_t trailer_offset = file.size() - kTrailerBytes;
  if (table_offset < kHeaderBytes || table_offset > trailer_offset || table_bytes != trailer_offset - table_offset ||
      Crc32c(AsBytes(file.substr(table_offset, table_bytes + kTrailerBytesChecked))) != crc) {
    return Corrupt(fmt::format("{}: the table of sections is damaged", path_));
  }

  ByteReader table(file.substr(table_offset, table_bytes));
  const std::string_view found_kind = table.String();
  kind_version_ = table.Number<std::uint32_t>();
  if (found_kind != kind) return Corrupt(fmt::format("{} holds {}, not {}", path_, found_kind, kind));
  if (kind_version_ > kind_version_max) {
    return Corrupt(fmt::format("{} holds {} in version {}; this program reads up to version {}", path_, kind,
                               kind_version_, kind_version_max));
  }
  const auto section_count = table.Number<std::uint32_t>();
  for (std::uint32_t i = 0; i < section_count && table.ok(); ++i) {
    const std::string_view name = table.String();
    const auto offset = table.Number<std::uint64_t>();
    const auto length = table.Number<std::uint64_t>();
    const auto section_crc = table.Number<std::uint32_t>();
    if (!table.ok()) break;
    if (offset > table_offset || length > table_offset - offset || offset < kHeaderBytes ||
        offset % SnapshotFileWriter::kSectionAlignment != 0) {
      return Corrupt(fmt::format("{}: section {} lies outside of the file", path_, name));
    }
    entries_.push_back({std::string(name), file_->bytes().subspan(offset, length), section_crc});
  }
  return table.Finish(fmt::format("{}: the table of sections", path_));
}

Status SnapshotFile::VerifySections() const {
  for (const Entry& entry : entries_) {
    if (Crc32c(entry.bytes) != entry.crc) {
      return Corrupt(fmt::format("{}: the checksum of section {} does not match", path_, entry.name));
    }
  }
  return {};
}

std::vector<std::string> SnapshotFile::SectionNames() const {
  std::vector<std::string> names;
  for (const Entry& entry : entries_) names.push_back(entry.name);
  return names;
}

bool SnapshotFile::HasSection(std::string_view name) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.name == name; });
}

Result<std::span<const std::byte>> SnapshotFile::Section(std::string_view name) const {
  for (const Entry& entry : entries_) {
    if (entry.name == name) return entry.bytes;
  }
  return Corrupt(fmt::format("{} has no section {}", path_, name));
}

Result<std::string_view> SnapshotFile::TextSection(std::string_view name) const {
  ATTUNE_TRY(const auto bytes, Section(name));
  return ToView(bytes);
}

std::string SnapshotFile::BadArrayLength(std::string_view name, std::size_t bytes, std::size_t element_bytes) const {
  return fmt::format("{}: section {} has {} bytes, which is no multiple of {}", path_, name, bytes, element_bytes);
}

}  // namespace attune
