#include "serve/score_cache.h"

#include "base/bytes.h"

namespace attune {
namespace {

template <class T>
void WriteArray(ByteWriter& writer, std::span<const T> values) {
  writer.Number(static_cast<std::uint64_t>(values.size()));
  for (const T value : values) writer.Number(value);
}

void WriteNamedValues(ByteWriter& writer, std::span<const NamedValue> values) {
  writer.Number(static_cast<std::uint64_t>(values.size()));
  for (const NamedValue& value : values) {
    writer.String(value.name);
    writer.String(value.value);
  }
}

}  // namespace

std::string ScoreCache::KeyOf(const RecommenderModel& model, const Query& query) {
  std::string key;
  ByteWriter writer(&key);
  writer.Number(reinterpret_cast<std::uintptr_t>(&model));
  writer.Number(query.trained_user);
  WriteArray(writer, query.items);
  WriteArray(writer, query.timestamp_ms);
  WriteArray(writer, query.event_type);
  WriteArray(writer, query.event_value);
  WriteNamedValues(writer, query.context);
  WriteNamedValues(writer, query.user_attributes);
  return key;
}

ScoreCache::Scores ScoreCache::Find(const std::shared_ptr<const RecommenderModel>& model, const std::string& key) {
  const MutexLock lock(mutex_);
  ++figures_.asked;
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  const auto entry = found->second;
  if (entry->model.owner_before(model) || model.owner_before(entry->model)) {
    Remove(entry);
    return nullptr;
  }
  ++figures_.found;
  entries_.splice(entries_.begin(), entries_, entry);
  return entry->scores;
}

void ScoreCache::Keep(const std::shared_ptr<const RecommenderModel>& model, std::string key, Scores scores) {
  Entry made{.key = std::move(key), .model = model, .scores = std::move(scores)};
  const std::uint64_t bytes = BytesOf(made);
  if (bytes > bytes_max_) return;
  const MutexLock lock(mutex_);
  // Two may have asked at once.
  if (const auto found = by_key_.find(made.key); found != by_key_.end()) Remove(found->second);
  entries_.push_front(std::move(made));
  by_key_.emplace(entries_.front().key, entries_.begin());
  figures_.bytes += bytes;
  while (figures_.bytes > bytes_max_) Remove(std::prev(entries_.end()));
}

ScoreCache::Figures ScoreCache::figures() const {
  const MutexLock lock(mutex_);
  return figures_;
}

void ScoreCache::Remove(Entries::iterator entry) {
  figures_.bytes -= BytesOf(*entry);
  by_key_.erase(entry->key);
  entries_.erase(entry);
}

}  // namespace attune
