#include "serve/live_metadata.h"

#include <array>

namespace attune {
namespace {

/// The column that names a record of the schema: ITEM_ID, USER_ID or ACTION_ID.
std::string IdColumn(const Schema& schema) {
  constexpr std::array<std::string_view, 3> kIds = {"ITEM_ID", "USER_ID", "ACTION_ID"};
  for (const std::string_view id : kIds) {
    if (schema.FindColumn(id)) return std::string(id);
  }
  return std::string(kIds[0]);
}

}  // namespace

Status LiveMetadata::Refresh(const StoredDataset& dataset, Env& env, const EventLog& log) {
  if (IsFresh(dataset)) return {};
  const MutexLock loading(load_mutex_);
  if (IsFresh(dataset)) return {};  // Somebody else read it meanwhile.
  {
    const MutexLock lock(mutex_);
    is_loading_ = true;
    while_loading_.clear();
  }
  auto loaded = Load(dataset, env, log);
  const MutexLock lock(mutex_);
  is_loading_ = false;
  const std::vector<Put> meanwhile = std::exchange(while_loading_, {});
  if (!loaded.ok()) return loaded.status();
  current_ = {
      .table = std::move(loaded->table), .generation = current_.generation + 1, .version = current_.version + 1};
  dataset_ = dataset;
  loaded_sequence_ = loaded->last_sequence;
  sequence_of_.clear();
  ApplyNewer(meanwhile);
  return {};
}

void LiveMetadata::Apply(std::span<const EntityPut> puts, std::uint64_t first_sequence) {
  std::vector<Put> numbered;
  for (const EntityPut& put : puts) numbered.push_back({first_sequence + numbered.size(), put});
  const MutexLock lock(mutex_);
  if (is_loading_) while_loading_.insert(while_loading_.end(), numbered.begin(), numbered.end());
  if (current_.table) ApplyNewer(numbered);
}

LiveMetadata::Snapshot LiveMetadata::Current() const {
  const MutexLock lock(mutex_);
  return current_;
}

Result<LiveMetadata::Loaded> LiveMetadata::Load(const StoredDataset& dataset, Env& env, const EventLog& log) {
  ATTUNE_TRY(const auto segments, dataset.Open(env));
  Loaded loaded;
  std::vector<EntityPut> puts;
  ATTUNE_RETURN_IF_ERROR(log.Read(dataset.stream, 0, [&](std::uint64_t sequence, std::string_view payload) -> Status {
    ATTUNE_TRY(auto put, DecodeEntityPut(payload));
    puts.push_back(std::move(put));
    loaded.last_sequence = sequence;
    return {};
  }));
  loaded.table = MetadataTable::Build(*dataset.schema, IdColumn(*dataset.schema), segments, puts);
  return loaded;
}

bool LiveMetadata::IsFresh(const StoredDataset& dataset) const {
  const MutexLock lock(mutex_);
  return current_.table != nullptr && dataset_.HoldsWhat(dataset);
}

void LiveMetadata::ApplyNewer(std::span<const Put> puts) {
  std::vector<EntityPut> newer;
  for (const Put& put : puts) {
    if (put.sequence <= loaded_sequence_) continue;
    std::uint64_t& known = sequence_of_[put.put.id];
    if (put.sequence <= known) continue;
    known = put.sequence;
    newer.push_back(put.put);
  }
  if (newer.empty()) return;
  current_.table = current_.table->With(newer);
  ++current_.version;
}

}  // namespace attune
