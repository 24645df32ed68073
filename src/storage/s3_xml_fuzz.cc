// Any bytes as what a store elsewhere answers: Corrupt, or what could be read.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "storage/s3_xml.h"

namespace {

template <class Parsed>
void Check(const attune::Result<Parsed>& parsed) {
  ATTUNE_CHECK(parsed.ok() || parsed.status().code() == attune::Code::kCorrupt);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view xml(reinterpret_cast<const char*>(data), size);
  Check(attune::ParseListBuckets(xml));
  Check(attune::ParseListObjects(xml));
  Check(attune::ParseCreateUpload(xml));
  Check(attune::ParseListParts(xml));
  Check(attune::ParseListUploads(xml));
  Check(attune::ParseCompleteUpload(xml));
  Check(attune::ParseDeleteObjects(xml));
  (void)attune::ParseS3Error(xml);
  (void)attune::ParseS3Time(xml);
  return 0;
}
