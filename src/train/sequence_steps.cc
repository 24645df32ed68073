#include "train/sequence_steps.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "base/random.h"

namespace attune {
namespace {

constexpr std::size_t kParametersPerTask = 16'384;

}  // namespace

SequenceState InitialSequenceState(const SequenceShape& shape, std::size_t feature_count, std::uint64_t seed) {
  const SequenceLayout at(shape);
  const BlockLayout block(shape.block);
  const std::size_t width = shape.block.width;
  std::vector<float> parameters(at.size + feature_count * width);
  Random random(MixSeed(seed, 41));
  const auto fill = [&](std::size_t begin, std::size_t count, double deviation) {
    for (std::size_t i = 0; i < count; ++i) parameters[begin + i] = static_cast<float>(deviation * random.Normal());
  };
  const auto xavier = [&](std::size_t begin, std::size_t in, std::size_t out) {
    fill(begin, in * out, std::sqrt(2.0 / static_cast<double>(in + out)));
  };
  const auto ones = [&](std::size_t begin) {
    std::fill_n(parameters.begin() + static_cast<std::ptrdiff_t>(begin), width, 1.0f);
  };
  const double embedding = std::sqrt(2.0 / static_cast<double>(shape.item_count + width));
  fill(at.items, shape.item_count * width, embedding);
  fill(at.positions, shape.block.length_max * width, embedding);
  fill(at.size, feature_count * width, embedding);
  for (std::size_t b = 0; b < shape.block_count; ++b) {
    const std::size_t base = at.blocks + b * at.block_size;
    ones(base + block.norm1_scale);
    ones(base + block.norm2_scale);
    ones(base + block.gate1_shift);
    ones(base + block.gate2_shift);
    xavier(base + block.qkv, width, 3 * width);
    xavier(base + block.attended, width, width);
    xavier(base + block.gate1, width, width);
    xavier(base + block.expand, width, 2 * shape.block.hidden);
    xavier(base + block.contract, shape.block.hidden, width);
    xavier(base + block.gate2, width, width);
  }
  ones(at.norm_scale);
  SequenceState state{.parameters = std::move(parameters), .average = {}, .adam = Adam(0), .step = 0};
  state.average = state.parameters;
  state.adam = Adam(state.parameters.size());
  return state;
}

std::size_t SequenceUsersPerStep(std::size_t user_count, const SequenceStepOptions& options) {
  return std::clamp(user_count / 40, options.users_per_step_min, options.users_per_step_max);
}

std::vector<float> ServedParameters(const SequenceShape& shape, const AttributeEmbeddings& attributes,
                                    std::span<const float> parameters) {
  const SequenceLayout at(shape);
  const std::size_t width = shape.block.width;
  std::vector<float> served(parameters.begin(), parameters.begin() + static_cast<std::ptrdiff_t>(at.size));
  std::vector<std::uint32_t> items(shape.item_count);
  std::iota(items.begin(), items.end(), 0u);
  attributes.Add(parameters.subspan(at.size), width, items,
                 std::span(served).subspan(at.items, shape.item_count * width));
  return served;
}

SequenceSteps::SequenceSteps(const TrainingView& view, const AttributeEmbeddings& attributes,
                             const EventEncoder& events, const SequenceShape& shape, const SequenceStepOptions& options,
                             const Workers& workers)
    : view_(view),
      attributes_(attributes),
      events_(events),
      shape_(shape),
      options_(options),
      workers_(workers),
      at_(shape),
      step_items_(view, options.negatives),
      passed_over_(view),
      step_shape_(shape) {
  ATTUNE_CHECK(events.row_count() == shape.event_rows);
  std::size_t tokens = 0;
  for (std::uint32_t user = 0; user < view.user_count(); ++user) {
    if (view.Length(user) < 2) continue;
    users_.push_back(user);
    tokens += TokensOf(user);
  }
  const std::size_t step_tokens =
      tokens * std::min(options.users_per_step_max, users_.size()) / std::max<std::size_t>(1, users_.size());
  slots_.resize(std::clamp(step_tokens / kTokensPerSlot, kSlotsMin, kSlotsMax));
  gradients_.resize(at_.size + attributes.feature_count() * shape.block.width);
}

EpochOutcome SequenceSteps::RunEpoch(int epoch, const std::function<float(double)>& rate_share, SequenceState& state) {
  std::vector<std::uint32_t> order = users_;
  Random random(MixSeed(MixSeed(options_.seed, 43), static_cast<std::uint64_t>(epoch)));
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
  const std::size_t users_per_step = SequenceUsersPerStep(users_.size(), options_);
  EpochOutcome outcome;
  for (std::size_t begin = 0; begin < order.size() && !workers_.cancelled(); begin += users_per_step) {
    const std::size_t count = std::min(users_per_step, order.size() - begin);
    const float share = rate_share(static_cast<double>(begin) / static_cast<double>(order.size()));
    RunStep(std::span(order).subspan(begin, count), share, state, outcome);
  }
  outcome.loss /= static_cast<double>(std::max<std::size_t>(1, outcome.tokens));
  return outcome;
}

std::size_t SequenceSteps::TokensOf(std::uint32_t user) const {
  return std::min(view_.Length(user) - 1, options_.history_max);
}

std::span<const std::uint32_t> SequenceSteps::ItemsOf(std::uint32_t user) const {
  return view_.Items(user).last(TokensOf(user) + 1);
}

void SequenceSteps::AppendUser(std::uint32_t user, std::size_t place, Slot& slot) const {
  const auto items = ItemsOf(user);
  const std::size_t steps = items.size() - 1;
  const auto times = view_.Times(user).last(steps + 1);
  for (std::size_t i = 0; i < steps; ++i) {
    slot.items.push_back(step_items_.RowOf(items[i]));
    slot.targets.push_back(step_items_.RowOf(items[i + 1]));
  }
  if (LearnsFromLists()) AppendLists(place, slot.targets.size() - steps, slot);
  slot.times.insert(slot.times.end(), times.begin(), times.end() - 1);
  if (shape_.event_rows > 0) {
    const auto types = view_.EventTypes(user).last(steps + 1);
    const auto values = view_.EventValues(user).last(steps + 1);
    for (std::size_t i = 0; i < steps; ++i) slot.events.push_back(events_.Encode(types[i], values[i]));
  }
  // The newest piece is whole, so that every position is learned at its place.
  const std::size_t length_max = shape_.block.length_max;
  for (std::size_t left = (steps - 1) / length_max * length_max;; left -= length_max) {
    slot.begin.push_back(static_cast<std::uint32_t>(slot.items.size() - left));
    if (left == 0) return;
  }
}

void SequenceSteps::AppendLists(std::size_t place, std::size_t first_row, Slot& slot) const {
  ChoiceLists& lists = slot.lists;
  for (std::size_t row = first_row; row < slot.targets.size(); ++row) {
    lists.members.push_back(slot.targets[row]);
    for (const std::uint32_t item : passed_over_.Of(place, row - first_row)) {
      // Where only some items are chosen, some of what was passed over may be missing: the rest is as good a choice.
      if (step_items_.RowOf(item) != kNoIndex) lists.members.push_back(step_items_.RowOf(item));
    }
    if (lists.members.size() == lists.offsets.back() + 1) {
      lists.members.pop_back();
      continue;
    }
    lists.rows.push_back(static_cast<std::uint32_t>(row));
    lists.offsets.push_back(static_cast<std::uint32_t>(lists.members.size()));
  }
}

void SequenceSteps::RunBatch(std::uint64_t dropout_seed, Slot& slot) const {
  slot.batch.Assign(slot.begin, slot.times);
  const SequenceInputs inputs{.items = slot.items, .events = slot.events};
  SequenceForward(step_shape_, served_, slot.batch, inputs, {.rate = options_.dropout, .seed = dropout_seed},
                  slot.cache);
  slot.dstates.assign(slot.cache.states.size(), 0);
  const auto item_gradients = std::span(slot.gradients).first(step_shape_.item_count * shape_.block.width);
  slot.loss +=
      SoftmaxCrossEntropy(classes_, slot.cache.states, slot.targets, slot.dstates, item_gradients, slot.softmax);
  // Not part of the loss that is told, which is that of the next item whatever is known of lists.
  ListCrossEntropy(slot.lists, std::span(served_).first(item_gradients.size()), shape_.block.width, slot.cache.states,
                   options_.impression_weight, slot.dstates, item_gradients);
  SequenceBackward(step_shape_, served_, slot.batch, inputs, slot.cache, slot.dstates, slot.gradients);
  slot.tokens += slot.items.size();
}

/// Makes the parameters of the step's items those of a model of its own, followed by all others.
void SequenceSteps::BeginStep(std::span<const std::uint32_t> users, const SequenceState& state) {
  std::vector<std::span<const std::uint32_t>> held;
  for (const std::uint32_t user : users) held.push_back(ItemsOf(user));
  if (LearnsFromLists()) ChoosePassedOver(users, MixSeed(MixSeed(options_.seed, 59), state.step), held);
  step_items_.Choose(MixSeed(MixSeed(options_.seed, 53), state.step), held);
  const auto items = step_items_.items();
  const std::size_t width = shape_.block.width;
  const auto parameters = std::span(state.parameters);
  step_shape_.item_count = items.size();
  served_.clear();
  for (const std::uint32_t item : items) {
    const auto row = parameters.subspan(at_.items + item * width, width);
    served_.insert(served_.end(), row.begin(), row.end());
  }
  attributes_.Add(parameters.subspan(at_.size), width, items, served_);
  classes_.Assign(served_, width, step_items_.bias());
  const auto others = parameters.subspan(at_.positions, at_.size - at_.positions);
  served_.insert(served_.end(), others.begin(), others.end());
}

void SequenceSteps::ChoosePassedOver(std::span<const std::uint32_t> users, std::uint64_t seed,
                                     std::vector<std::span<const std::uint32_t>>& held) {
  std::vector<std::size_t> counts;
  for (const std::uint32_t user : users) counts.push_back(TokensOf(user));
  passed_over_.Choose(users, counts, seed, workers_);
  std::size_t left = kPassedOverHeldMax;
  for (std::size_t place = 0; place < users.size(); ++place) {
    const auto all = passed_over_.Of(place);
    held.push_back(all.first(std::min(left, all.size())));
    left -= held.back().size();
  }
}

void SequenceSteps::RunStep(std::span<const std::uint32_t> users, float rate_share, SequenceState& state,
                            EpochOutcome& outcome) {
  ++state.step;
  BeginStep(users, state);
  workers_.ParallelFor(slots_.size(), [&](std::size_t s) {
    Slot& slot = slots_[s];
    slot.gradients.assign(served_.size(), 0);
    slot.loss = 0;
    slot.tokens = 0;
    for (std::size_t i = s; i < users.size() && !workers_.cancelled();) {
      slot.begin.assign(1, 0);
      slot.items.clear();
      slot.targets.clear();
      slot.events.clear();
      slot.lists.Clear();
      slot.times.clear();
      const std::uint64_t seed = MixSeed(MixSeed(options_.seed, state.step), i);
      for (; i < users.size() && slot.items.size() < kBatchTokens; i += slots_.size()) AppendUser(users[i], i, slot);
      RunBatch(seed, slot);
    }
  });
  std::size_t tokens = 0;
  for (const Slot& slot : slots_) {
    outcome.loss += slot.loss;
    tokens += slot.tokens;
  }
  outcome.tokens += tokens;
  SumGradients(1 / static_cast<float>(std::max<std::size_t>(1, tokens)));
  const float warm = std::min(1.0f, static_cast<float>(state.step) / static_cast<float>(options_.warm_up_steps));
  Descend(options_.rate * warm * rate_share, state);
}

void SequenceSteps::ForRanges(std::size_t count, std::size_t width,
                              const std::function<void(std::size_t, std::size_t)>& body) const {
  const std::size_t each = (kParametersPerTask + width - 1) / width;
  workers_.ParallelFor((count + each - 1) / each,
                       [&](std::size_t task) { body(task * each, std::min(count, (task + 1) * each)); });
}

void SequenceSteps::SumGradients(float scale) {
  const auto sum = [&](std::size_t from, std::size_t to, std::size_t count) {
    float* out = gradients_.data() + to;
    std::copy_n(slots_[0].gradients.data() + from, count, out);
    for (std::size_t s = 1; s < slots_.size(); ++s) {
      const float* more = slots_[s].gradients.data() + from;
      for (std::size_t i = 0; i < count; ++i) out[i] += more[i];
    }
    for (std::size_t i = 0; i < count; ++i) out[i] *= scale;
  };
  const std::size_t width = shape_.block.width;
  const auto items = step_items_.items();
  ForRanges(items.size(), width, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) sum(row * width, at_.items + items[row] * width, width);
  });
  ForRanges(at_.size - at_.positions, 1, [&](std::size_t begin, std::size_t end) {
    sum(items.size() * width + begin, at_.positions + begin, end - begin);
  });
  const auto by_attributes = std::span(gradients_).subspan(at_.size);
  std::fill(by_attributes.begin(), by_attributes.end(), 0.0f);
  attributes_.AddBackward(std::span(gradients_).first(at_.positions), width, items, by_attributes);
}

/// Moves all parameters, and leaves the gradients of items zero.
void SequenceSteps::Descend(float rate, SequenceState& state) {
  const AdamOptions adam{.rate = rate};
  const auto step = static_cast<double>(state.step);
  const auto kept = static_cast<float>(std::min(double{options_.average}, (1 + step) / (10 + step)));
  ForRanges(gradients_.size(), 1, [&](std::size_t begin, std::size_t end) {
    state.adam.Update(state.step, adam, begin, std::span(gradients_).subspan(begin, end - begin), state.parameters);
    for (std::size_t i = begin; i < end; ++i) state.average[i] += (1 - kept) * (state.parameters[i] - state.average[i]);
  });
  const std::size_t width = shape_.block.width;
  for (const std::uint32_t item : step_items_.items()) {
    std::fill_n(gradients_.data() + at_.items + item * width, width, 0.0f);
  }
}

}  // namespace attune
