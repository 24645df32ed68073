// Any bytes as a form and as a query string: an error, or parameters that survive being encoded and read again.
#include <cstddef>
#include <cstdint>

#include "protocol/query.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto form = attune::QueryForm::Parse(text);
  if (!form.ok()) return 0;
  std::string encoded;
  for (const auto& [name, value] : form->parameters()) {
    encoded += attune::UriEncode(name) + "=" + attune::UriEncode(value) + "&";
  }
  const auto again = attune::QueryForm::Parse(encoded);
  ATTUNE_CHECK(again.ok());
  ATTUNE_CHECK(again->parameters() == form->parameters());
  (void)form->List("ActionNames");
  (void)form->StructureList("Tags");
  return 0;
}
