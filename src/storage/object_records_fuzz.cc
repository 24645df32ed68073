// Any bytes as a record of the object index: Corrupt, or a record that is written and reads the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "storage/object_index.h"

namespace {

/// `decode` takes bytes alone.
template <class Decode>
void Check(std::string_view bytes, Decode decode) {
  const auto record = decode(bytes);
  if (!record.ok()) {
    ATTUNE_CHECK(record.status().code() == attune::Code::kCorrupt);
    return;
  }
  const std::string written = attune::object_index::Encode(*record);
  const auto again = decode(written);
  ATTUNE_CHECK(again.ok() && attune::object_index::Encode(*again) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attune::object_index;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Check(bytes, DecodeBucket);
  Check(bytes, [](std::string_view text) { return DecodeObject("key", text); });
  Check(bytes, DecodeUpload);
  Check(bytes, [](std::string_view text) { return DecodePart(1, text); });
  if (const auto key = ParseUploadKey(bytes)) ATTUNE_CHECK(key->first.size() + key->second.size() <= bytes.size());
  (void)ParsePartNumber(bytes);
  return 0;
}
