// Any text as each record of the identity store: Corrupt, or a record that is written and reads the same.
#include <cstddef>
#include <cstdint>
#include <string>

#include "access/identity_codec.h"
#include "base/check.h"

namespace {

template <class Record>
void Check(std::string_view text) {
  Record record;
  const attune::Status read = attune::DecodeIdentity(text, &record);
  if (!read.ok()) {
    ATTUNE_CHECK(read.code() == attune::Code::kCorrupt);
    return;
  }
  const std::string written = attune::EncodeIdentity(record);
  Record again;
  ATTUNE_CHECK(attune::DecodeIdentity(written, &again).ok());
  ATTUNE_CHECK(attune::EncodeIdentity(again) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Check<attune::Role>(text);
  Check<attune::User>(text);
  Check<attune::CustomerPolicy>(text);
  Check<attune::RoleSession>(text);
  return 0;
}
