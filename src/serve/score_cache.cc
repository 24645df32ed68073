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
  const auto found = cache_.Find(
      key, [&](const Kept& kept) { return !kept.model.owner_before(model) && !model.owner_before(kept.model); });
  return found ? found->scores : nullptr;
}

void ScoreCache::Keep(const std::shared_ptr<const RecommenderModel>& model, std::string key, Scores scores) {
  const std::uint64_t bytes = scores->size() * sizeof(float);
  cache_.Keep(std::move(key), {.model = model, .scores = std::move(scores)}, bytes);
}

}  // namespace attune
