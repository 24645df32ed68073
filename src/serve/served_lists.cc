#include "serve/served_lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/log.h"

namespace attune {
namespace {

constexpr std::size_t kHeadBytes = 8;  // Length and checksum.
constexpr std::uint32_t kItemsMax = 10'000;
constexpr std::uint8_t kLayout = 1;

void WriteNumbers(ByteWriter& writer, const std::vector<float>& numbers) {
  writer.Number(static_cast<std::uint32_t>(numbers.size()));
  for (const float number : numbers) writer.Number(number);
}

std::vector<float> ReadNumbers(ByteReader& reader) {
  std::vector<float> numbers;
  const auto count = reader.Number<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && count <= kItemsMax && reader.ok(); ++i) {
    numbers.push_back(reader.Number<float>());
  }
  return numbers;
}

std::string Encode(std::string_view recommendation_id, const ServedList& list) {
  std::string payload;
  ByteWriter writer(&payload);
  writer.Number(kLayout);
  writer.String(recommendation_id);
  writer.Number(list.served_ms);
  writer.String(list.deployment);
  writer.String(list.model);
  writer.String(list.user_id);
  writer.Number(static_cast<std::uint32_t>(list.item_ids.size()));
  for (const std::string& item_id : list.item_ids) writer.String(item_id);
  WriteNumbers(writer, list.scores);
  WriteNumbers(writer, list.propensities);
  WriteNumbers(writer, list.factors);
  std::string record;
  ByteWriter head(&record);
  head.Number(static_cast<std::uint32_t>(payload.size()));
  head.Number(Crc32c(AsBytes(payload)));
  return record + payload;
}

struct Decoded {
  std::string recommendation_id;
  ServedList list;
};

Result<Decoded> Decode(std::string_view payload) {
  ByteReader reader(payload);
  if (reader.Number<std::uint8_t>() != kLayout) return Corrupt("a served list has an unknown layout");
  Decoded out;
  out.recommendation_id = reader.String();
  out.list.served_ms = reader.Number<std::int64_t>();
  out.list.deployment = reader.String();
  out.list.model = reader.String();
  out.list.user_id = reader.String();
  const auto count = reader.Number<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && count <= kItemsMax && reader.ok(); ++i) {
    out.list.item_ids.emplace_back(reader.String());
  }
  out.list.scores = ReadNumbers(reader);
  out.list.propensities = ReadNumbers(reader);
  out.list.factors = ReadNumbers(reader);
  ATTUNE_RETURN_IF_ERROR(reader.Finish("a served list"));
  if (out.list.scores.size() != count || out.list.propensities.size() != count) {
    return Corrupt("a served list's parts do not fit together");
  }
  return out;
}

/// The payload that `bytes` begin with; nothing where it is torn.
std::optional<std::string_view> PayloadOf(std::string_view bytes) {
  ByteReader reader(bytes);
  const auto size = reader.Number<std::uint32_t>();
  const auto crc = reader.Number<std::uint32_t>();
  if (!reader.ok() || bytes.size() - kHeadBytes < size) return std::nullopt;
  const std::string_view payload = bytes.substr(kHeadBytes, size);
  if (Crc32c(AsBytes(payload)) != crc) return std::nullopt;
  return payload;
}

}  // namespace

Result<std::unique_ptr<ServedLists>> ServedLists::Open(Env& env, std::string folder, const Clock& clock,
                                                       Limits limits) {
  ATTUNE_RETURN_IF_ERROR(env.CreateDirectories(folder));
  ATTUNE_TRY(const auto entries, env.List(folder));
  std::unique_ptr<ServedLists> lists(new ServedLists(env, std::move(folder), clock, limits));
  const MutexLock lock(lists->mutex_);
  for (const DirectoryEntry& entry : entries) {
    std::uint64_t number = 0;
    const std::string_view name = entry.name;
    if (std::from_chars(name.data(), name.data() + name.size(), number).ec != std::errc()) continue;
    lists->next_name_ = number + 1;
    ATTUNE_RETURN_IF_ERROR(lists->Load(entry.name));
  }
  lists->MakeRoom();
  return lists;
}

Status ServedLists::Load(const std::string& name) {
  File file{.path = JoinPath(folder_, name)};
  ATTUNE_TRY(const std::string bytes, env_.ReadFile(file.path, limits_.bytes_max + (std::uint64_t{1} << 20)));
  ATTUNE_TRY(auto reader, env_.OpenRandom(file.path));
  file.reader = std::move(reader);
  file.bytes = bytes.size();
  bytes_ += file.bytes;
  files_.push_back(std::move(file));
  std::uint64_t offset = 0;
  while (offset < bytes.size()) {
    const auto payload = PayloadOf(std::string_view(bytes).substr(offset));
    if (!payload) {
      LogWarning("{}: {} bytes from {} on are torn and passed over", files_.back().path, bytes.size() - offset, offset);
      break;
    }
    ATTUNE_TRY(const auto decoded, Decode(*payload));
    const auto record_bytes = static_cast<std::uint32_t>(kHeadBytes + payload->size());
    Insert(Hash64(decoded.recommendation_id), decoded.list.served_ms,
           {.file = first_file_ + files_.size() - 1, .offset = offset, .bytes = record_bytes});
    offset += record_bytes;
  }
  return {};
}

void ServedLists::Insert(std::uint64_t key, std::int64_t served_ms, Place place) {
  if (!places_.emplace(key, place).second) return;
  File& file = files_[place.file - first_file_];
  file.keys.push_back(key);
  file.newest_ms = std::max(file.newest_ms, served_ms);
}

Status ServedLists::StartFile() {
  writer_ = nullptr;
  File file{.path = JoinPath(folder_, fmt::format("{:012}.lists", next_name_++))};
  ATTUNE_TRY(auto writer, env_.Create(file.path));
  ATTUNE_TRY(auto reader, env_.OpenRandom(file.path));
  file.reader = std::move(reader);
  files_.push_back(std::move(file));
  writer_ = std::move(writer);
  MakeRoom();
  return {};
}

void ServedLists::MakeRoom() {
  const auto is_old = [&](const File& file) {
    return file.newest_ms < clock_.UnixMilliseconds() - limits_.keep_for.count();
  };
  // The newest is kept: it is being written.
  while (files_.size() > 1 && (bytes_ > limits_.bytes_max || places_.size() > limits_.lists_max ||
                               files_.size() > kFiles + 1 || is_old(files_.front()))) {
    const File& oldest = files_.front();
    for (const std::uint64_t key : oldest.keys) places_.erase(key);
    const Status removed = env_.RemoveFile(oldest.path);
    if (!removed.ok()) LogWarning("{}: {}", oldest.path, removed.message());
    bytes_ -= oldest.bytes;
    files_.pop_front();
    ++first_file_;
  }
}

Status ServedLists::Remember(std::string_view recommendation_id, ServedList list) {
  list.served_ms = clock_.UnixMilliseconds();
  const std::string record = Encode(recommendation_id, list);
  const std::uint64_t key = Hash64(recommendation_id);
  const MutexLock lock(mutex_);
  if (places_.contains(key)) return {};
  const bool is_full = writer_ && (files_.back().bytes >= limits_.bytes_max / kFiles ||
                                   files_.back().keys.size() >= std::max<std::size_t>(limits_.lists_max / kFiles, 1));
  if (!writer_ || is_full) ATTUNE_RETURN_IF_ERROR(StartFile());
  const Status written = writer_->Append(AsBytes(record));
  if (!written.ok()) {
    writer_ = nullptr;  // Where it ends is unknown: the next list begins another file.
    return written;
  }
  Insert(key, list.served_ms,
         {.file = first_file_ + files_.size() - 1,
          .offset = files_.back().bytes,
          .bytes = static_cast<std::uint32_t>(record.size())});
  files_.back().bytes += record.size();
  bytes_ += record.size();
  return {};
}

std::optional<ServedList> ServedLists::Find(std::string_view recommendation_id) const {
  Place place;
  std::shared_ptr<const RandomFile> reader;
  {
    const MutexLock lock(mutex_);
    const auto found = places_.find(Hash64(recommendation_id));
    if (found == places_.end()) return std::nullopt;
    place = found->second;
    reader = files_[place.file - first_file_].reader;
  }
  std::string bytes(place.bytes, '\0');
  const auto read = reader->ReadAt(place.offset, std::as_writable_bytes(std::span(bytes)));
  const auto payload = read.ok() && *read == bytes.size() ? PayloadOf(bytes) : std::nullopt;
  auto decoded = payload ? Decode(*payload) : Result<Decoded>(Corrupt("the record is torn"));
  if (!decoded.ok()) {
    LogWarning("the list {} cannot be read: {}", recommendation_id, decoded.status().message());
    return std::nullopt;
  }
  if (decoded->recommendation_id != recommendation_id) return std::nullopt;
  if (decoded->list.served_ms < clock_.UnixMilliseconds() - limits_.keep_for.count()) return std::nullopt;
  return std::move(decoded->list);
}

std::size_t ServedLists::size() const {
  const MutexLock lock(mutex_);
  return places_.size();
}

std::uint64_t ServedLists::bytes() const {
  const MutexLock lock(mutex_);
  return bytes_;
}

void ServedLists::Resolve(Event* event) {
  if (event->recommendation_id.empty()) return;
  const auto list = Find(event->recommendation_id);
  if (!list) return;
  bool is_first = false;
  {
    const MutexLock lock(mutex_);
    const auto found = places_.find(Hash64(event->recommendation_id));
    if (found == places_.end()) return;  // It had to make room meanwhile.
    is_first = !found->second.observed;
    found->second.observed = true;
  }
  const bool is_explicit = !event->impression.empty();
  ServedImpression served{.is_late = !is_first, .model = list->model, .factors = list->factors};
  for (std::size_t i = 0; i < list->item_ids.size(); ++i) {
    const std::string& item_id = list->item_ids[i];
    const bool is_told = !is_first
                             ? item_id == event->item_id
                             : !is_explicit || std::ranges::find(event->impression, item_id) != event->impression.end();
    if (!is_told) continue;
    served.items.push_back({.item_id = item_id, .rank = static_cast<std::uint32_t>(i + 1), .score = list->scores[i]});
  }
  event->served = std::move(served);
}

void ServedLists::Withdraw(const Event& event) {
  if (event.served && !event.served->is_late) SetObserved(event.recommendation_id, false);
}

void ServedLists::MarkObserved(const Event& event) {
  if (event.served) SetObserved(event.recommendation_id, true);
}

void ServedLists::SetObserved(std::string_view recommendation_id, bool observed) {
  const MutexLock lock(mutex_);
  const auto found = places_.find(Hash64(recommendation_id));
  if (found != places_.end()) found->second.observed = observed;
}

}  // namespace attune
