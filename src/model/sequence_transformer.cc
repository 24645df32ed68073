#include "model/sequence_transformer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "model/snapshot_text.h"
#include "tensor/matmul.h"
#include "tensor/row_kernels.h"

namespace attune {
namespace {

constexpr std::array<std::string_view, 1> kNames = {"sequence"};
// Limits of what a file may state, so that a corrupt one cannot ask for absurd memory.
constexpr std::uint64_t kWidthMax = RowScan::kWidthMax;
constexpr std::uint64_t kBlocksMax = 16;
constexpr std::uint64_t kLengthMax = 4096;

struct Scratch final : MemberScratch {
  SequenceBatch batch;
  SequenceCache cache;
  std::vector<std::uint32_t> items;
  std::vector<EventInput> events;
  std::vector<std::int64_t> times;
  std::vector<float> logits;
};

std::span<const float> BlockParameters(const SequenceLayout& at, std::span<const float> parameters, std::size_t block) {
  return parameters.subspan(at.blocks + block * at.block_size, at.block_size);
}

/// Of one user nothing is rounded: what an artifact says does not depend on the processor.
SequenceShape Exact(SequenceShape shape) {
  shape.block.rounds_products = false;
  return shape;
}

/// Calls body(step, row, weight) for whatever the events of the steps say, in their order. The weights have the scale
/// of item embeddings.
template <class Body>
void ForEventRows(const SequenceShape& shape, std::span<const EventInput> events, const Body& body) {
  if (shape.event_rows == 0) return;
  const float scale = std::sqrt(static_cast<float>(shape.block.width));
  for (std::size_t step = 0; step < events.size(); ++step) {
    for (std::size_t i = 0; i < events[step].rows.size(); ++i) {
      if (events[step].weights[i] != 0) body(step, events[step].rows[i], events[step].weights[i] * scale);
    }
  }
}

/// x [T, D]: what was taken, how long ago counted in steps, and what was done with it.
void Embed(const SequenceShape& shape, std::span<const float> parameters, const SequenceBatch& batch,
           const SequenceInputs& inputs, std::vector<float>& x) {
  const SequenceLayout at(shape);
  const std::size_t width = shape.block.width;
  const auto items = inputs.items;
  ATTUNE_CHECK(items.size() == batch.step_count() && parameters.size() == at.size);
  ATTUNE_CHECK(inputs.events.empty() || inputs.events.size() == items.size());
  const float scale = std::sqrt(static_cast<float>(width));
  x.resize(items.size() * width);
  for (std::size_t s = 0; s < batch.sequence_count(); ++s) {
    for (std::size_t t = 0; t < batch.length(s); ++t) {
      const std::size_t step = batch.begin(s) + t;
      const float* item = parameters.data() + at.items + items[step] * width;
      const float* position = parameters.data() + at.positions + (batch.length(s) - 1 - t) * width;
      for (std::size_t d = 0; d < width; ++d) x[step * width + d] = item[d] * scale + position[d];
    }
  }
  ForEventRows(shape, inputs.events, [&](std::size_t step, std::size_t row, float weight) {
    const float* event = parameters.data() + at.events + row * width;
    for (std::size_t d = 0; d < width; ++d) x[step * width + d] += weight * event[d];
  });
}

}  // namespace

SequenceLayout::SequenceLayout(const SequenceShape& shape) {
  size = 0;
  const auto take = [&](std::size_t count) { return std::exchange(size, size + count); };
  block_size = BlockLayout(shape.block).size;
  items = take(shape.item_count * shape.block.width);
  positions = take(shape.block.length_max * shape.block.width);
  blocks = take(shape.block_count * block_size);
  norm_scale = take(shape.block.width);
  norm_shift = take(shape.block.width);
  events = take(shape.event_rows * shape.block.width);
}

void SequenceForward(const SequenceShape& shape, std::span<const float> parameters, const SequenceBatch& batch,
                     const SequenceInputs& inputs, const Dropout& dropout, SequenceCache& cache) {
  const SequenceLayout at(shape);
  const std::size_t width = shape.block.width;
  Embed(shape, parameters, batch, inputs, cache.x);
  DrawDropout(dropout, 0, cache.x.size(), cache.embedded_factors);
  MultiplyBy(cache.embedded_factors, cache.x);
  cache.blocks.resize(shape.block_count);
  for (std::size_t block = 0; block < shape.block_count; ++block) {
    const Dropout own{.rate = dropout.rate, .seed = MixSeed(dropout.seed, block + 1)};
    GatedBlockForward(shape.block, BlockParameters(at, parameters, block), batch, own, cache.x, cache.blocks[block]);
  }
  cache.states.resize(inputs.items.size() * width);
  cache.inverse.resize(inputs.items.size());
  NormRows(cache.x, parameters.subspan(at.norm_scale, width), parameters.subspan(at.norm_shift, width), cache.states,
           cache.inverse);
}

void SequenceForwardOfLast(const SequenceShape& shape, std::span<const float> parameters, const SequenceBatch& batch,
                           const SequenceInputs& inputs, SequenceCache& cache) {
  const SequenceLayout at(shape);
  const std::size_t width = shape.block.width;
  Embed(shape, parameters, batch, inputs, cache.x);
  cache.blocks.resize(shape.block_count);
  for (std::size_t block = 0; block + 1 < shape.block_count; ++block) {
    GatedBlockForward(shape.block, BlockParameters(at, parameters, block), batch, {}, cache.x, cache.blocks[block]);
  }
  cache.states.resize(width);
  cache.inverse.resize(1);
  if (shape.block_count == 0) {
    std::copy_n(cache.x.end() - static_cast<std::ptrdiff_t>(width), width, cache.states.begin());
  } else {
    GatedBlockForwardOfLast(shape.block, BlockParameters(at, parameters, shape.block_count - 1), batch, cache.x,
                            cache.states, cache.blocks.back());
  }
  NormRows(cache.states, parameters.subspan(at.norm_scale, width), parameters.subspan(at.norm_shift, width),
           cache.states, cache.inverse);
}

void SequenceBackward(const SequenceShape& shape, std::span<const float> parameters, const SequenceBatch& batch,
                      const SequenceInputs& inputs, const SequenceCache& cache, std::span<const float> dstates,
                      std::span<float> gradients) {
  const SequenceLayout at(shape);
  const std::size_t width = shape.block.width;
  const auto items = inputs.items;
  std::vector<float> dx(items.size() * width);
  NormRowsBackward(cache.x, parameters.subspan(at.norm_scale, width), cache.inverse, dstates, dx,
                   gradients.subspan(at.norm_scale, width), gradients.subspan(at.norm_shift, width));
  for (std::size_t block = shape.block_count; block-- > 0;) {
    GatedBlockBackward(shape.block, BlockParameters(at, parameters, block), batch, cache.blocks[block], dx,
                       gradients.subspan(at.blocks + block * at.block_size, at.block_size));
  }
  MultiplyBy(cache.embedded_factors, dx);
  const float scale = std::sqrt(static_cast<float>(width));
  for (std::size_t s = 0; s < batch.sequence_count(); ++s) {
    for (std::size_t t = 0; t < batch.length(s); ++t) {
      const std::size_t step = batch.begin(s) + t;
      float* item = gradients.data() + at.items + items[step] * width;
      float* position = gradients.data() + at.positions + (batch.length(s) - 1 - t) * width;
      for (std::size_t d = 0; d < width; ++d) {
        item[d] += dx[step * width + d] * scale;
        position[d] += dx[step * width + d];
      }
    }
  }
  ForEventRows(shape, inputs.events, [&](std::size_t step, std::size_t row, float weight) {
    float* event = gradients.data() + at.events + row * width;
    for (std::size_t d = 0; d < width; ++d) event[d] += weight * dx[step * width + d];
  });
}

SequenceTransformer::SequenceTransformer(const SequenceShape& shape, std::vector<float> parameters, EventEncoder events)
    : shape_(Exact(shape)),
      parameters_(std::move(parameters)),
      events_(std::move(events)),
      items_(std::span(parameters_).first(shape.item_count * shape.block.width), shape.block.width) {
  ATTUNE_CHECK(parameters_.size() == SequenceLayout(shape).size && events_.row_count() == shape.event_rows);
}

std::span<const std::string_view> SequenceTransformer::feature_names() const { return kNames; }

std::unique_ptr<MemberScratch> SequenceTransformer::MakeScratch() const { return std::make_unique<Scratch>(); }

void SequenceTransformer::Score(const Query& query, MemberScratch& member_scratch, std::span<Feature> features) const {
  auto& scratch = static_cast<Scratch&>(member_scratch);
  scratch.items.clear();
  scratch.events.clear();
  scratch.times.clear();
  for (std::size_t i = query.items.size(); i-- > 0 && scratch.items.size() < shape_.block.length_max;) {
    if (query.items[i] >= shape_.item_count) continue;
    scratch.items.push_back(query.items[i]);
    scratch.times.push_back(query.timestamp_ms.empty() ? 0 : query.timestamp_ms[i]);
    if (shape_.event_rows == 0 || (query.event_type.empty() && query.event_value.empty())) continue;
    scratch.events.push_back(events_.Encode(query.event_type.empty() ? kNoIndex : query.event_type[i],
                                            query.event_value.empty() ? kMissing : query.event_value[i]));
  }
  if (scratch.items.empty()) {
    features[0] = {.rest = -std::log(static_cast<float>(shape_.item_count))};
    return;
  }
  std::reverse(scratch.items.begin(), scratch.items.end());
  std::reverse(scratch.events.begin(), scratch.events.end());
  std::reverse(scratch.times.begin(), scratch.times.end());
  const std::array<std::uint32_t, 2> begin = {0, static_cast<std::uint32_t>(scratch.items.size())};
  scratch.batch.Assign(begin, scratch.times);
  SequenceForwardOfLast(shape_, parameters_, scratch.batch, {.items = scratch.items, .events = scratch.events},
                        scratch.cache);
  scratch.logits.resize(shape_.item_count);
  items_.Multiply(scratch.cache.states, scratch.logits);
  features[0] = {.dense = scratch.logits};
}

void SequenceTransformer::Refine(std::span<const std::uint32_t> items, MemberScratch& member_scratch) const {
  auto& scratch = static_cast<Scratch&>(member_scratch);
  if (scratch.items.empty()) return;
  MultiplyRowsAt(std::span(parameters_).first(shape_.item_count * shape_.block.width), scratch.cache.states, items,
                 scratch.logits);
}

Status SequenceTransformer::Save(SnapshotFileWriter& file) const {
  const std::array<std::uint64_t, 5> sizes = {shape_.item_count, shape_.block_count, shape_.block.width,
                                              shape_.block.hidden, shape_.block.length_max};
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::uint64_t>("sizes", sizes));
  ATTUNE_RETURN_IF_ERROR(events_.Save(file));
  return file.WriteArray<float>("parameters", parameters_);
}

Result<std::unique_ptr<Member>> SequenceTransformer::Load(const SnapshotFile& file) {
  std::vector<std::uint64_t> sizes;
  std::vector<float> parameters;
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "sizes", sizes));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "parameters", parameters));
  ATTUNE_TRY(auto events, EventEncoder::Load(file));
  if (sizes.size() != 5 || sizes[0] > parameters.size() || sizes[1] > kBlocksMax || sizes[2] == 0 ||
      sizes[2] > kWidthMax || sizes[3] > kWidthMax || sizes[4] == 0 || sizes[4] > kLengthMax) {
    return Corrupt("a sequence transformer of impossible sizes");
  }
  const SequenceShape shape{.item_count = sizes[0],
                            .block_count = sizes[1],
                            .block = {.width = sizes[2], .hidden = sizes[3], .length_max = sizes[4]},
                            .event_rows = events.row_count()};
  if (SequenceLayout(shape).size != parameters.size()) {
    return Corrupt("a sequence transformer whose parameters do not fit its sizes");
  }
  return std::unique_ptr<Member>(
      std::make_unique<SequenceTransformer>(shape, std::move(parameters), std::move(events)));
}

}  // namespace attune
