#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/csv_reader.h"
#include "data/importer.h"
#include "data/schema.h"
#include "data/segment.h"
#include "data/training_data_builder.h"
#include "storage/memory_env.h"

namespace attune {

/// A schema of the dataset type that `name` names, from the text of its fields' list.
inline Schema TestSchema(std::string_view name, std::string_view fields) {
  auto schema = Schema::Parse(R"({"type":"record","name":")" + std::string(name) +
                              R"(","namespace":"com.amazonaws.personalize.schema","version":"1.0","fields":[)" +
                              std::string(fields) + "]}");
  EXPECT_TRUE(schema.ok()) << schema.status().ToString();
  return *std::move(schema);
}

inline Schema TestInteractionsSchema() {
  return TestSchema("Interactions",
                    R"({"name":"USER_ID","type":"string"},{"name":"ITEM_ID","type":"string"},
                       {"name":"TIMESTAMP","type":"long"},{"name":"EVENT_TYPE","type":["null","string"]},
                       {"name":"EVENT_VALUE","type":["float","null"]},{"name":"IMPRESSION","type":["null","string"]},
                       {"name":"DEVICE_TYPE","type":["null","string"],"categorical":true})");
}

inline Schema TestItemsSchema() {
  return TestSchema("Items",
                    R"({"name":"ITEM_ID","type":"string"},
                       {"name":"GENRES","type":["null","string"],"categorical":true},
                       {"name":"PRICE","type":["null","float"]},{"name":"YEAR","type":["null","int"]},
                       {"name":"ON_SALE","type":["null","boolean"]},{"name":"BRAND","type":["null","string"]},
                       {"name":"DESCRIPTION","type":["null","string"],"textual":true},
                       {"name":"CREATION_TIMESTAMP","type":["null","long"]})");
}

/// Imports CSV text as items, users or whatever needs no thousand rows. `received_ms` is when.
inline ImportedSegment ImportText(Env& env, const Schema& schema, std::string_view csv, std::int64_t received_ms,
                                  DatasetType type = DatasetType::kItems) {
  static int count = 0;
  ImportRequest request{.type = type, .schema = &schema, .files = {}, .segment_path = {}};
  request.segment_path = "/" + std::to_string(++count) + ".segment";
  request.files.push_back({.name = "test.csv", .source = std::make_unique<StringSource>(csv)});
  const std::string path = request.segment_path;
  const auto summary = ImportCsv(env, std::move(request));
  EXPECT_TRUE(summary.ok()) << summary.status().ToString();
  auto segment = Segment::Open(env, path);
  EXPECT_TRUE(segment.ok()) << segment.status().ToString();
  return {.segment = *std::move(segment), .received_ms = received_ms};
}

}  // namespace attune
