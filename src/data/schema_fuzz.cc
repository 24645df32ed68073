// Any text as an Avro schema: a refusal, or a schema that its own text replaces and that finds its own fields.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "data/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto domain : {attune::Domain::kNone, attune::Domain::kEcommerce, attune::Domain::kVideoOnDemand}) {
    const auto schema = attune::Schema::Parse(text, domain);
    if (!schema.ok()) continue;
    ATTUNE_CHECK(schema->CheckReplaceableBy(*schema).ok());
    ATTUNE_CHECK(!schema->fields().empty());
    for (const auto type :
         {attune::DatasetType::kInteractions, attune::DatasetType::kItems, attune::DatasetType::kUsers,
          attune::DatasetType::kActions, attune::DatasetType::kActionInteractions}) {
      (void)schema->CheckFits(type, domain);
    }
  }
  return 0;
}
