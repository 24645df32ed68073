// How long does the sequence transformer take for one user? See README.md.
//   attune_inference_bench [length = 50] [width = 64] [blocks = 2] [requests = 20000]
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "model/sequence_transformer.h"
#include "tensor/cpu.h"

namespace attune {
namespace {

constexpr std::size_t kItems = 1000;
constexpr std::size_t kWarmUp = 200;

int Run(std::size_t length, std::size_t width, std::size_t block_count, std::size_t requests) {
  const SequenceShape shape{.item_count = kItems,
                            .block_count = block_count,
                            .block = {.width = width, .hidden = 2 * width, .length_max = 200}};
  Random random(1);
  std::vector<float> parameters(SequenceLayout(shape).size);
  for (float& value : parameters) value = static_cast<float>(0.1 * random.Normal());
  std::vector<std::uint32_t> items(length);
  std::vector<std::int64_t> times(length);
  for (std::size_t i = 0; i < length; ++i) {
    items[i] = static_cast<std::uint32_t>(random.Below(kItems));
    times[i] = static_cast<std::int64_t>(i) * 60'000;
  }
  const std::array<std::uint32_t, 2> begin = {0, static_cast<std::uint32_t>(length)};
  SequenceBatch batch;
  SequenceCache cache;

  const SystemClock clock;
  std::vector<double> micros;
  for (std::size_t i = 0; i < kWarmUp + requests; ++i) {
    const std::int64_t before = clock.MonotonicNanoseconds();
    batch.Assign(begin, times);
    SequenceForwardOfLast(shape, parameters, batch, {.items = items}, cache);
    if (i >= kWarmUp) micros.push_back(static_cast<double>(clock.MonotonicNanoseconds() - before) * 1e-3);
  }
  const AlignedFloats last = cache.states;
  SequenceForward(shape, parameters, batch, {.items = items}, {}, cache);
  for (std::size_t d = 0; d < width; ++d) {
    if (!(std::abs(last[d] - cache.states[(length - 1) * width + d]) < 1e-3F)) {
      fmt::print(stderr, "the last row is not that of all rows: number {}\n", d);
      return 1;
    }
  }
  std::ranges::sort(micros);
  fmt::print("length {}, width {}, {} blocks: p50 {:.1f} µs, p99 {:.1f} µs\n", length, width, block_count,
             micros[micros.size() / 2], micros[micros.size() * 99 / 100]);
  return 0;
}

}  // namespace
}  // namespace attune

int main(int argc, char** argv) {
  const auto argument = [&](int index, std::size_t otherwise) {
    return argc > index ? static_cast<std::size_t>(std::strtoull(argv[index], nullptr, 10)) : otherwise;
  };
  if (const char* level = std::getenv("ATTUNE_CPU"); level != nullptr) {
    if (const auto status = attune::CapCpu(level); !status.ok()) {
      fmt::print(stderr, "{}\n", status.message());
      return 2;
    }
  }
  return attune::Run(std::max<std::size_t>(1, std::min<std::size_t>(argument(1, 50), 200)), argument(2, 64),
                     argument(3, 2), argument(4, 20'000));
}
