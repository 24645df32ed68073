#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/metadata_table.h"
#include "data/put_record.h"
#include "filter/check.h"

// A small dataset group, for tests.
namespace attune {

inline std::shared_ptr<const Schema> GroupSchema(std::string_view name, std::string_view fields) {
  auto schema = Schema::Parse(R"({"type":"record","namespace":"com.amazonaws.personalize.schema","version":"1.0",)"
                              R"("name":")" +
                              std::string(name) + R"(","fields":[)" + std::string(fields) + "]}");
  EXPECT_TRUE(schema.ok()) << schema.status().ToString();
  return std::make_shared<const Schema>(*std::move(schema));
}

inline FilterSchemas TestSchemas() {
  return {
      {DatasetType::kItems, GroupSchema("Items", R"({"name":"ITEM_ID","type":"string"},
                              {"name":"GENRES","type":["null","string"],"categorical":true},
                              {"name":"BRAND","type":["null","string"]},
                              {"name":"PRICE","type":["null","float"]},
                              {"name":"YEAR","type":["null","long"]},
                              {"name":"ON_SALE","type":["null","boolean"]},
                              {"name":"DESCRIPTION","type":["null","string"],"textual":true},
                              {"name":"CREATION_TIMESTAMP","type":["null","long"]})")},
      {DatasetType::kUsers, GroupSchema("Users", R"({"name":"USER_ID","type":"string"},
                                                   {"name":"AGE","type":["null","int"]},
                                                   {"name":"MEMBERSHIP","type":["null","string"],"categorical":true})")},
      {DatasetType::kInteractions, GroupSchema("Interactions", R"({"name":"USER_ID","type":"string"},
                                                                 {"name":"ITEM_ID","type":"string"},
                                                                 {"name":"TIMESTAMP","type":"long"},
                                                                 {"name":"EVENT_TYPE","type":"string"})")},
      {DatasetType::kActions, GroupSchema("Actions", R"({"name":"ACTION_ID","type":"string"},
                                                       {"name":"VALUE","type":["null","long"]},
                                                       {"name":"REPEAT_FREQUENCY","type":["null","long"]},
                                                       {"name":"ACTION_EXPIRATION_TIMESTAMP","type":["null","long"]},
                                                       {"name":"KIND","type":["null","string"],"categorical":true})")},
      {DatasetType::kActionInteractions, GroupSchema("ActionInteractions", R"({"name":"USER_ID","type":"string"},
                                                                             {"name":"ACTION_ID","type":"string"},
                                                                             {"name":"EVENT_TYPE","type":"string"},
                                                                             {"name":"TIMESTAMP","type":"long"})")},
  };
}

/// A record from its id and properties, as PutItems and PutUsers take them.
inline EntityPut TestPut(const Schema& schema, std::string_view id, std::string_view properties) {
  auto put = ReadEntityProperties(schema, id, properties, 1);
  EXPECT_TRUE(put.ok()) << put.status().ToString();
  return *std::move(put);
}

}  // namespace attune
