#include "storage/event_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/bytes.h"
#include "base/hash.h"

namespace attune {
namespace {

// docs/formats/event_log.md names these keys.
constexpr std::string_view kLastSequenceKey = "n";
constexpr char kPayloadKey = 'p';

/// One write takes at most about so much, so that a crowd of appends does not become one huge batch.
constexpr std::size_t kGroupBytesMax = std::size_t{4} << 20;

void AppendBigEndian64(std::string* out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out->push_back(static_cast<char>(value >> shift));
}

std::uint64_t ReadBigEndian64(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes.substr(0, 8)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

/// The length comes first, so that no stream's keys stand among those of a stream whose name begins with its name.
std::string StreamPrefix(std::string_view stream) {
  std::string prefix(1, kPayloadKey);
  prefix.push_back(static_cast<char>(stream.size() >> 8));
  prefix.push_back(static_cast<char>(stream.size()));
  prefix.append(stream);
  return prefix;
}

Status CheckStream(std::string_view stream) {
  if (stream.size() <= EventLog::kStreamBytesMax) return {};
  return InvalidArgument(
      fmt::format("stream name is {} bytes; the limit is {}", stream.size(), EventLog::kStreamBytesMax));
}

std::string EncodeValue(std::string_view payload) {
  std::string value;
  value.reserve(sizeof(std::uint32_t) + payload.size());
  ByteWriter(&value).Number(Crc32c(AsBytes(payload)));
  value.append(payload);
  return value;
}

/// The payload within `value`; nothing if its checksum does not match.
std::optional<std::string_view> DecodeValue(std::string_view value) {
  ByteReader reader(value);
  const auto crc = reader.Number<std::uint32_t>();
  if (!reader.ok()) return std::nullopt;
  value.remove_prefix(sizeof(crc));
  if (Crc32c(AsBytes(value)) != crc) return std::nullopt;
  return value;
}

}  // namespace

/// One call of Append, until it is committed.
struct EventLog::Waiter {
  std::string_view stream;
  std::span<const std::string> payloads;
  std::uint64_t first_sequence = 0;
  Status status;
  bool done = false;
};

EventLog::EventLog(KeyValueStore& store, std::uint64_t last_sequence)
    : store_(store), next_sequence_(last_sequence + 1), last_sequence_(last_sequence) {}

EventLog::~EventLog() = default;

Result<std::unique_ptr<EventLog>> EventLog::Open(KeyValueStore& store) {
  ATTUNE_TRY(const auto stored, store.Get(KeySpace::kEvents, kLastSequenceKey));
  if (!stored) return std::unique_ptr<EventLog>(new EventLog(store, 0));
  ByteReader reader(*stored);
  const auto last_sequence = reader.Number<std::uint64_t>();
  ATTUNE_RETURN_IF_ERROR(reader.Finish("the event log's last sequence"));
  return std::unique_ptr<EventLog>(new EventLog(store, last_sequence));
}

Result<std::uint64_t> EventLog::Append(std::string_view stream, std::span<const std::string> payloads) {
  ATTUNE_RETURN_IF_ERROR(CheckStream(stream));
  if (payloads.empty()) return InvalidArgument("there is no payload to append");
  for (const std::string& payload : payloads) {
    if (payload.size() > kPayloadBytesMax) {
      return InvalidArgument(fmt::format("payload is {} bytes; the limit is {}", payload.size(), kPayloadBytesMax));
    }
  }

  Waiter self{.stream = stream, .payloads = payloads};
  MutexLock lock(mutex_);
  waiting_.push_back(&self);
  while (!self.done) {
    if (committing_) {
      committed_.Wait(mutex_);
    } else {
      CommitGroup();
    }
  }
  ATTUNE_RETURN_IF_ERROR(self.status);
  return self.first_sequence;
}

void EventLog::CommitGroup() {
  std::size_t group_size = 0;
  std::size_t group_bytes = 0;
  while (group_size < waiting_.size() && group_bytes < kGroupBytesMax) {
    Waiter& waiter = *waiting_[group_size++];
    waiter.first_sequence = next_sequence_;
    next_sequence_ += waiter.payloads.size();
    for (const std::string& payload : waiter.payloads) group_bytes += payload.size();
  }
  const std::vector<Waiter*> group(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(group_size));
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(group_size));
  const std::uint64_t group_last = next_sequence_ - 1;
  committing_ = true;
  mutex_.unlock();

  KeyValueBatch batch;
  for (const Waiter* waiter : group) {
    std::string key = StreamPrefix(waiter->stream);
    const std::size_t prefix_size = key.size();
    std::uint64_t sequence = waiter->first_sequence;
    for (const std::string& payload : waiter->payloads) {
      key.resize(prefix_size);
      AppendBigEndian64(&key, sequence++);
      batch.Put(KeySpace::kEvents, key, EncodeValue(payload));
    }
  }
  std::string last;
  ByteWriter(&last).Number(group_last);
  batch.Put(KeySpace::kEvents, kLastSequenceKey, last);
  const Status written = store_.Write(std::move(batch));

  mutex_.lock();
  committing_ = false;
  // The sequences of a failed write are not given again: it may have reached the disk all the same.
  if (written.ok()) last_sequence_ = group_last;
  for (Waiter* waiter : group) {
    waiter->status = written;
    waiter->done = true;
  }
  committed_.NotifyAll();
}

Status EventLog::Read(std::string_view stream, std::uint64_t from_sequence, const Visitor& visit) const {
  ATTUNE_RETURN_IF_ERROR(CheckStream(stream));
  const std::uint64_t last_sequence = LastSequence();
  const std::string prefix = StreamPrefix(stream);
  std::string first_key = prefix;
  AppendBigEndian64(&first_key, from_sequence);
  const auto iterator = store_.Iterate(KeySpace::kEvents);
  for (iterator->Seek(first_key); iterator->Valid(); iterator->Next()) {
    const std::string_view key = iterator->key();
    if (!key.starts_with(prefix)) break;
    if (key.size() != prefix.size() + sizeof(std::uint64_t)) {
      return Corrupt(fmt::format("event log: a key of stream {} has {} bytes", stream, key.size()));
    }
    const std::uint64_t sequence = ReadBigEndian64(key.substr(prefix.size()));
    if (sequence > last_sequence) break;
    const auto payload = DecodeValue(iterator->value());
    if (!payload) {
      return Corrupt(
          fmt::format("event log: the checksum of payload {} of stream {} does not match", sequence, stream));
    }
    ATTUNE_RETURN_IF_ERROR(visit(sequence, *payload));
  }
  return iterator->status();
}

Status EventLog::DropStream(std::string_view stream) {
  ATTUNE_RETURN_IF_ERROR(CheckStream(stream));
  KeyValueBatch batch;
  batch.DeletePrefix(KeySpace::kEvents, StreamPrefix(stream));
  return store_.Write(std::move(batch));
}

Result<std::vector<std::string>> EventLog::Streams() const {
  std::vector<std::string> streams;
  const auto iterator = store_.Iterate(KeySpace::kEvents);
  iterator->Seek(std::string(1, kPayloadKey));
  while (iterator->Valid() && iterator->key().starts_with(kPayloadKey)) {
    const std::string_view key = iterator->key();
    constexpr std::size_t kLengthEnd = 3;
    if (key.size() < kLengthEnd) return Corrupt(fmt::format("event log: a key has {} bytes", key.size()));
    const std::size_t length = static_cast<unsigned char>(key[1]) * 256u + static_cast<unsigned char>(key[2]);
    streams.emplace_back(key.substr(kLengthEnd, length));
    std::string past_the_stream = StreamPrefix(streams.back());
    AppendBigEndian64(&past_the_stream, std::numeric_limits<std::uint64_t>::max());
    iterator->Seek(past_the_stream);  // No payload has that sequence.
  }
  ATTUNE_RETURN_IF_ERROR(iterator->status());
  return streams;
}

std::uint64_t EventLog::LastSequence() const {
  MutexLock lock(mutex_);
  return last_sequence_;
}

std::uint64_t EventLog::BytesUsed(std::string_view stream) const {
  return store_.BytesUsed(KeySpace::kEvents, StreamPrefix(stream));
}

}  // namespace attune
