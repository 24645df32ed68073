// Any bytes as an entry of the event log: Corrupt, or what is written and reads the same. Any text as the properties of
// an event and an item: InvalidArgument, or a record that survives being written and read.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "data/put_record.h"
#include "data/schema.h"

namespace {

using attune::Code;

attune::Schema Parse(std::string_view json) {
  auto schema = attune::Schema::Parse(json);
  ATTUNE_CHECK(schema.ok());
  return *std::move(schema);
}

template <class Decode, class Encode>
void CheckEntry(std::string_view bytes, Decode decode, Encode encode) {
  const auto entry = decode(bytes);
  if (!entry.ok()) {
    ATTUNE_CHECK(entry.status().code() == Code::kCorrupt);
    return;
  }
  const std::string written = encode(*entry);
  const auto again = decode(written);
  ATTUNE_CHECK(again.ok() && encode(*again) == written);
}

void CheckProperties(std::string_view properties) {
  static const attune::Schema interactions = Parse(
      R"({"type":"record","name":"Interactions","namespace":"com.amazonaws.personalize.schema","version":"1.0",
          "fields":[{"name":"USER_ID","type":"string"},{"name":"ITEM_ID","type":"string"},
          {"name":"TIMESTAMP","type":"long"},{"name":"EVENT_VALUE","type":["null","float"]},
          {"name":"DEVICE","type":["null","string"],"categorical":true}]})");
  static const attune::Schema items = Parse(
      R"({"type":"record","name":"Items","namespace":"com.amazonaws.personalize.schema","version":"1.0","fields":[
          {"name":"ITEM_ID","type":"string"},{"name":"GENRES","type":["null","string"],"categorical":true},
          {"name":"PRICE","type":["null","float"]},{"name":"YEAR","type":["null","int"]},
          {"name":"ON_SALE","type":["null","boolean"]},{"name":"DESCRIPTION","type":["null","string"],"textual":true},
          {"name":"CREATION_TIMESTAMP","type":["null","long"]}]})");
  attune::Event event;
  const attune::Status read = attune::ReadEventProperties(interactions, properties, &event);
  ATTUNE_CHECK(read.ok() || read.code() == Code::kInvalidArgument);
  if (read.ok()) ATTUNE_CHECK(attune::DecodeEvent(attune::EncodeEvent(event)).ok());
  const auto put = attune::ReadEntityProperties(items, "id", properties, 1);
  ATTUNE_CHECK(put.ok() || put.status().code() == Code::kInvalidArgument);
  if (put.ok()) ATTUNE_CHECK(attune::DecodeEntityPut(attune::EncodeEntityPut(*put)).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CheckEntry(bytes, attune::DecodeEvent, attune::EncodeEvent);
  CheckEntry(bytes, attune::DecodeEntityPut, attune::EncodeEntityPut);
  CheckProperties(bytes);
  return 0;
}
