// Any bytes as a body in chunks, with and without signatures and trailer: however they are cut on the way, the outcome
// and what was unpacked are the same, and no more than was declared.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "services/s3/chunked_payload.h"

namespace {

using namespace attune;

struct Unpacked {
  std::string bytes;
  std::string error;  ///< Its code; "" if it came to its end.
};

Unpacked Unpack(const VerifiedSignature& signature, std::uint64_t declared, std::string_view body, std::size_t cut) {
  Unpacked out;
  ChunkedPayload payload(signature, declared);
  const auto take = [&](std::span<const std::byte> part) -> std::optional<AwsError> {
    out.bytes.append(reinterpret_cast<const char*>(part.data()), part.size());
    return std::nullopt;
  };
  for (std::size_t begin = 0; begin < body.size() && out.error.empty(); begin += cut) {
    if (const auto error = payload.Update(AsBytes(body.substr(begin, cut)), take)) out.error = error->code();
  }
  if (out.error.empty()) {
    if (const auto error = payload.Finish()) out.error = error->code();
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::uint64_t declared = data[1];
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  VerifiedSignature signature;
  signature.amz_date = "20261127T000000Z";
  constexpr PayloadCheck kChecks[] = {PayloadCheck::kSignedChunks, PayloadCheck::kSignedChunksTrailer,
                                      PayloadCheck::kUnsignedChunksTrailer};
  signature.payload_check = kChecks[data[0] % 3];
  const Unpacked whole = Unpack(signature, declared, body, std::max<std::size_t>(1, body.size()));
  const Unpacked bytewise = Unpack(signature, declared, body, 1);
  ATTUNE_CHECK(whole.error == bytewise.error);
  if (whole.error.empty()) ATTUNE_CHECK(whole.bytes == bytewise.bytes && whole.bytes.size() == declared);
  return 0;
}
