// Any bytes as what exploration learned, and again around the effects of attributes under a checksum that is right; and
// as the factors of users: an error, or beliefs that can be asked, told and written again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/hash.h"
#include "explore/posterior.h"
#include "explore/user_factors.h"

namespace {

using attune::Posterior;

void Check(const Posterior::Options& options, std::string_view bytes) {
  const auto posterior = Posterior::Parse(options, bytes);
  if (!posterior.ok()) return;
  const std::string same = (*posterior)->Serialize();
  const auto again = Posterior::Parse(options, same);
  ATTUNE_CHECK(again.ok() && (*again)->Serialize() == same);
  const std::vector<float> factors(options.factor_count, 0.5F);
  const std::vector<attune::Impression> list{{.item = 0, .score = -1, .feedback = attune::Feedback::kClicked},
                                             {.item = 1, .rank = 2, .score = -2}};
  for (const auto& impression : list) (void)(*posterior)->Believe(impression.item, factors);
  (void)(*posterior)->examination().At(1);
  (void)(*posterior)->calibration().Logit(-1);
  ATTUNE_CHECK((*posterior)->Observe(list, factors).ok());
  (*posterior)->Relax(0.5);
  ATTUNE_CHECK((*posterior)->SetItem(1, 0.5, std::vector<std::uint64_t>{1, 2}).ok());
  (*posterior)->Forget(0);
  const std::string written = (*posterior)->Serialize();
  ATTUNE_CHECK(Posterior::Parse(options, written).ok());
}

/// The input's first two bytes say how many of the rest stand before the effects of attributes, which would be too many
/// to be found by chance; what is left stands behind them, and then the checksum.
std::string WithEffects(const Posterior::Options& options, std::string_view input) {
  static const std::string effects = [&] {
    constexpr std::size_t kEffectsBytes = Posterior::kEffectsMax * sizeof(std::uint64_t);
    constexpr std::size_t kEndBytes = 8;  // No item, and the checksum.
    const std::string bytes = Posterior(options).Serialize();
    return bytes.substr(bytes.size() - kEffectsBytes - kEndBytes, kEffectsBytes);
  }();
  const std::size_t before = attune::ByteReader(input).Number<std::uint16_t>();
  input.remove_prefix(std::min<std::size_t>(input.size(), 2));
  std::string bytes(input.substr(0, before));
  bytes += effects;
  bytes += input.substr(std::min(before, input.size()));
  attune::ByteWriter(&bytes).Number(attune::Crc32c(attune::AsBytes(bytes)));
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Posterior::Options options{.factor_count = 2, .items_max = 5000};
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)attune::UserFactors::Parse(bytes);
  Check(options, bytes);
  Check(options, WithEffects(options, bytes));
  return 0;
}
