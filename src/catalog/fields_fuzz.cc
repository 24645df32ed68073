// Any text as the body of each kind of resource in the catalog: Corrupt, or a body that is written and reads the same.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "catalog/arn.h"
#include "catalog/fields.h"
#include "catalog/resources.h"

namespace {

template <class R>
void Check(std::string_view body) {
  R resource;
  const attune::Status read = attune::DecodeFields(body, &resource);
  if (!read.ok()) {
    ATTUNE_CHECK(read.code() == attune::Code::kCorrupt);
    return;
  }
  const std::string written = attune::EncodeFields(resource);
  R again;
  ATTUNE_CHECK(attune::DecodeFields(written, &again).ok());
  ATTUNE_CHECK(attune::EncodeFields(again) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Check<attune::DatasetGroup>(text);
  Check<attune::SchemaResource>(text);
  Check<attune::Dataset>(text);
  Check<attune::DatasetImportJob>(text);
  Check<attune::DatasetExportJob>(text);
  Check<attune::EventTracker>(text);
  Check<attune::Solution>(text);
  Check<attune::SolutionVersion>(text);
  Check<attune::Campaign>(text);
  Check<attune::FilterResource>(text);
  (void)attune::Arn::Parse(text);
  return 0;
}
