#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/put_record.h"
#include "data/segment.h"
#include "serve/stored_dataset.h"
#include "storage/event_log.h"
#include "storage/memory_env.h"

// A log, and datasets in files, for tests.
namespace attune {

class TestStores {
 public:
  TestStores() {
    auto store = KeyValueStore::Open(env_, "/log");
    EXPECT_TRUE(store.ok()) << store.status().ToString();
    store_ = *std::move(store);
    auto log = EventLog::Open(*store_);
    EXPECT_TRUE(log.ok()) << log.status().ToString();
    log_ = *std::move(log);
  }

  Env& env() { return env_; }
  EventLog& log() { return *log_; }

  /// Gives the sequence.
  std::uint64_t Append(const StoredDataset& dataset, const EntityPut& put) {
    return Append(dataset, EncodeEntityPut(put));
  }
  std::uint64_t Append(const StoredDataset& dataset, const Event& event) { return Append(dataset, EncodeEvent(event)); }

  /// Writes rows of an import whose schema's columns are all strings or longs. Cells are text.
  void Import(StoredDataset* dataset, const std::vector<std::vector<std::string>>& rows, std::int64_t received_ms) {
    SegmentBuilder builder(dataset->schema->fields());
    for (const auto& row : rows) {
      for (std::size_t column = 0; column < row.size(); ++column) {
        if (row[column].empty()) continue;
        switch (dataset->schema->fields()[column].type) {
          case FieldType::kString: builder.AddText(column, row[column]); break;
          case FieldType::kInt:
          case FieldType::kLong: builder.AddInteger(column, std::stoll(row[column])); break;
          default: builder.AddReal(column, std::stod(row[column])); break;
        }
      }
      builder.EndRow();
    }
    const std::string path = "/" + dataset->uid + "-" + std::to_string(++import_count_) + ".segment";
    const Status written = builder.Write(env_, path);
    EXPECT_TRUE(written.ok()) << written.ToString();
    dataset->segments.push_back({.path = path, .received_ms = received_ms});
  }

 private:
  std::uint64_t Append(const StoredDataset& dataset, const std::string& payload) {
    const auto sequence = log_->Append(dataset.stream, std::vector<std::string>{payload});
    EXPECT_TRUE(sequence.ok()) << sequence.status().ToString();
    return sequence.ok() ? *sequence : 0;
  }

  MemoryEnv env_;
  int import_count_ = 0;
  std::unique_ptr<KeyValueStore> store_;
  std::unique_ptr<EventLog> log_;
};

inline StoredDataset TestDataset(std::string uid, std::shared_ptr<const Schema> schema) {
  return {.uid = uid, .stream = "dataset/" + uid, .schema_name = "v1", .schema = std::move(schema), .segments = {}};
}

}  // namespace attune
