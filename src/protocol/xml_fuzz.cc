// Any bytes as XML: an error or a document, whose text survives being written and read again.
#include <cstddef>
#include <cstdint>

#include "protocol/rest_xml.h"

namespace {

void Visit(const attune::XmlElement& element) {
  std::string text;
  attune::XmlWriter xml(&text);
  xml.Element("Key", element.text());
  const auto again = attune::XmlDocument::Parse(text);
  ATTUNE_CHECK(again.ok());
  for (const attune::XmlElement& child : element.Children()) Visit(child);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto document = attune::XmlDocument::Parse({reinterpret_cast<const char*>(data), size});
  if (document.ok()) Visit(document->root());
  return 0;
}
