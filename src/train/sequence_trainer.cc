#include "train/sequence_trainer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.h"
#include "evaluate/ranking_metrics.h"
#include "tensor/adam.h"
#include "tensor/softmax_loss.h"

namespace attune {
namespace {

// A step's users are shared among so many slots, each with its own sums, which are added in order: fixed, so that the
// number of threads changes nothing.
constexpr std::size_t kSlots = 8;
constexpr std::size_t kParametersPerTask = 16'384;
constexpr std::size_t kCheckTasks = 32;
constexpr std::size_t kCheckCasesMax = 2000;

std::vector<float> InitialParameters(const SequenceShape& shape, std::uint64_t seed) {
  const SequenceLayout at(shape);
  const BlockLayout block(shape.block);
  std::vector<float> parameters(at.size);
  Random random(MixSeed(seed, 41));
  const std::size_t width = shape.block.width;
  const auto fill = [&](std::size_t begin, std::size_t count, double deviation) {
    for (std::size_t i = 0; i < count; ++i) parameters[begin + i] = static_cast<float>(deviation * random.Normal());
  };
  const auto xavier = [&](std::size_t begin, std::size_t in, std::size_t out) {
    fill(begin, in * out, std::sqrt(2.0 / static_cast<double>(in + out)));
  };
  const double embedding = std::sqrt(2.0 / static_cast<double>(shape.item_count + width));
  fill(at.items, shape.item_count * width, embedding);
  fill(at.positions, shape.block.length_max * width, embedding);
  for (std::size_t b = 0; b < shape.block_count; ++b) {
    const std::size_t base = at.blocks + b * at.block_size;
    std::fill_n(parameters.begin() + static_cast<std::ptrdiff_t>(base + block.norm1_scale), width, 1.0f);
    std::fill_n(parameters.begin() + static_cast<std::ptrdiff_t>(base + block.norm2_scale), width, 1.0f);
    std::fill_n(parameters.begin() + static_cast<std::ptrdiff_t>(base + block.gate1_shift), width, 1.0f);
    std::fill_n(parameters.begin() + static_cast<std::ptrdiff_t>(base + block.gate2_shift), width, 1.0f);
    xavier(base + block.qkv, width, 3 * width);
    xavier(base + block.attended, width, width);
    xavier(base + block.gate1, width, width);
    xavier(base + block.expand, width, 2 * shape.block.hidden);
    xavier(base + block.contract, shape.block.hidden, width);
    xavier(base + block.gate2, width, width);
  }
  std::fill_n(parameters.begin() + static_cast<std::ptrdiff_t>(at.norm_scale), width, 1.0f);
  return parameters;
}

std::vector<float> Transposed(std::span<const float> matrix, std::size_t rows, std::size_t columns) {
  std::vector<float> out(matrix.size());
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) out[column * rows + row] = matrix[row * columns + column];
  }
  return out;
}

/// One training, step by step. One thread at a time.
class Trainer {
 public:
  Trainer(const TrainingView& view, const SequenceShape& shape, const SequenceOptions& options, const Workers& workers,
          std::vector<float> parameters)
      : view_(view),
        shape_(shape),
        options_(options),
        workers_(workers),
        at_(shape),
        parameters_(std::move(parameters)),
        average_(parameters_),
        adam_(at_.size),
        slots_(kSlots) {
    for (std::uint32_t user = 0; user < view.user_count(); ++user) {
      if (view.Length(user) >= 2) users_.push_back(user);
    }
    for (Slot& slot : slots_) slot.gradients.resize(at_.size);
  }

  /// Mean loss of a step of training; `rate_share` scales the learning rate.
  double RunEpoch(int epoch, const std::function<float(double)>& rate_share) {
    std::vector<std::uint32_t> order = users_;
    Random random(MixSeed(MixSeed(options_.seed, 43), static_cast<std::uint64_t>(epoch)));
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
    const std::size_t users_per_step =
        std::clamp(users_.size() / 40, options_.users_per_step_min, options_.users_per_step_max);
    double loss = 0;
    std::size_t tokens = 0;
    for (std::size_t begin = 0; begin < order.size() && !workers_.cancelled(); begin += users_per_step) {
      const std::size_t count = std::min(users_per_step, order.size() - begin);
      const float share = rate_share(static_cast<double>(begin) / static_cast<double>(order.size()));
      RunStep(std::span(order).subspan(begin, count), share, loss, tokens);
    }
    return loss / static_cast<double>(std::max<std::size_t>(1, tokens));
  }

  const std::vector<float>& average() const { return average_; }

 private:
  struct Slot {
    std::vector<float> gradients;
    SequenceCache cache;
    std::vector<float> dstates;
    double loss = 0;
    std::size_t tokens = 0;
  };

  void RunUser(std::uint32_t user, std::span<const float> transposed, Slot& slot) {
    const std::size_t steps = std::min(view_.Length(user) - 1, shape_.block.length_max);
    const auto items = view_.Items(user).last(steps + 1);
    const auto times = view_.Times(user).last(steps + 1);
    const Dropout dropout{.rate = options_.dropout, .seed = MixSeed(MixSeed(options_.seed, step_), user)};
    SequenceForward(shape_, parameters_, items.first(steps), times.first(steps), dropout, slot.cache);
    slot.dstates.assign(slot.cache.states.size(), 0);
    const std::size_t item_size = shape_.item_count * shape_.block.width;
    slot.loss +=
        SoftmaxCrossEntropy(slot.cache.states, std::span(parameters_).subspan(at_.items, item_size), transposed,
                            items.last(steps), slot.dstates, std::span(slot.gradients).subspan(at_.items, item_size));
    SequenceBackward(shape_, parameters_, items.first(steps), times.first(steps), slot.cache, slot.dstates,
                     slot.gradients);
    slot.tokens += steps;
  }

  void RunStep(std::span<const std::uint32_t> users, float rate_share, double& loss, std::size_t& tokens) {
    ++step_;
    const auto transposed =
        Transposed(std::span(parameters_).subspan(at_.items, shape_.item_count * shape_.block.width), shape_.item_count,
                   shape_.block.width);
    workers_.ParallelFor(kSlots, [&](std::size_t s) {
      Slot& slot = slots_[s];
      std::fill(slot.gradients.begin(), slot.gradients.end(), 0.0f);
      slot.loss = 0;
      slot.tokens = 0;
      for (std::size_t i = s; i < users.size() && !workers_.cancelled(); i += kSlots) {
        RunUser(users[i], transposed, slot);
      }
    });
    std::size_t step_tokens = 0;
    for (const Slot& slot : slots_) {
      loss += slot.loss;
      step_tokens += slot.tokens;
    }
    tokens += step_tokens;
    const float warm = std::min(1.0f, static_cast<float>(step_) / static_cast<float>(options_.warm_up_steps));
    const AdamOptions adam{.rate = options_.rate * warm * rate_share};
    const float scale = 1 / static_cast<float>(std::max<std::size_t>(1, step_tokens));
    const auto average = static_cast<float>(
        std::min(double{options_.average}, (1.0 + static_cast<double>(step_)) / (10.0 + static_cast<double>(step_))));
    workers_.ParallelFor((at_.size + kParametersPerTask - 1) / kParametersPerTask, [&](std::size_t task) {
      const std::size_t begin = task * kParametersPerTask;
      const std::size_t end = std::min(at_.size, begin + kParametersPerTask);
      std::vector<float> gradients(end - begin);
      for (const Slot& slot : slots_) {
        for (std::size_t i = begin; i < end; ++i) gradients[i - begin] += slot.gradients[i] * scale;
      }
      adam_.Update(step_, adam, begin, gradients, parameters_);
      for (std::size_t i = begin; i < end; ++i) average_[i] += (1 - average) * (parameters_[i] - average_[i]);
    });
  }

  const TrainingView& view_;
  const SequenceShape& shape_;
  const SequenceOptions& options_;
  const Workers workers_;
  const SequenceLayout at_;
  std::vector<std::uint32_t> users_;
  std::vector<float> parameters_;
  std::vector<float> average_;
  Adam adam_;
  std::vector<Slot> slots_;
  std::uint64_t step_ = 0;
};

/// NDCG@10 over the cases: an answer that is new to its user among the items that are, any other among all.
double Check(const TrainingData& data, std::span<const ValidationCase> cases, const SequenceTransformer& model,
             const Workers& workers) {
  std::vector<double> gained(kCheckTasks);
  const std::size_t count = std::min(cases.size(), kCheckCasesMax);
  workers.ParallelFor(kCheckTasks, [&](std::size_t task) {
    const auto scratch = model.MakeScratch();
    std::vector<float> scores(model.item_count());
    std::vector<std::uint8_t> excluded(model.item_count());
    for (std::size_t i = task; i < count && !workers.cancelled(); i += kCheckTasks) {
      const Query query = CaseQuery(data, cases[i], model.shape().block.length_max);
      const std::uint32_t answer = data.interactions.item[cases[i].position];
      model.Score(query, *scratch, scores);
      const bool repeats = std::find(query.items.begin(), query.items.end(), answer) != query.items.end();
      for (const std::uint32_t item : query.items) excluded[item] = repeats ? 0 : 1;
      gained[task] += NdcgAtRank(ExpectedRank(scores, answer, excluded), 10);
      for (const std::uint32_t item : query.items) excluded[item] = 0;
    }
  });
  return std::accumulate(gained.begin(), gained.end(), 0.0) / static_cast<double>(std::max<std::size_t>(1, count));
}

}  // namespace

double SequenceEpochCost(const TrainingView& view, const SequenceShape& shape) {
  const auto width = static_cast<double>(shape.block.width);
  const double dense = static_cast<double>(SequenceLayout(shape).block_size * shape.block_count);
  double cost = 0;
  for (std::uint32_t user = 0; user < view.user_count(); ++user) {
    const auto steps = static_cast<double>(std::min(view.Length(user), shape.block.length_max));
    const double attention = steps * width * static_cast<double>(shape.block_count);
    // Forward and twice as much backward, a multiplication and an addition each.
    cost += 6 * steps * (dense + static_cast<double>(shape.item_count) * width + attention);
  }
  return cost;
}

Result<SequenceFit> FitSequence(const TrainingView& view, std::span<const ValidationCase> cases,
                                const SequenceShape& shape, const SequenceOptions& options, const Workers& workers,
                                const std::function<void(int, double)>& on_epoch) {
  Trainer trainer(view, shape, options, workers, InitialParameters(shape, options.seed));
  SequenceFit best{.shape = shape, .parameters = {}, .epochs = 0, .validation_ndcg = -1};
  int checks_without_gain = 0;
  for (int epoch = 1; epoch <= options.epochs_max && checks_without_gain < options.checks_without_gain_max; ++epoch) {
    const double loss = trainer.RunEpoch(epoch, [](double) { return 1.0f; });
    if (workers.cancelled()) return Cancelled("training was stopped");
    if (on_epoch) on_epoch(epoch, loss);
    if (epoch % options.epochs_between_checks != 0 && epoch != options.epochs_max) continue;
    const double ndcg = Check(*view.data, cases, SequenceTransformer(shape, trainer.average()), workers);
    ++checks_without_gain;
    if (ndcg <= best.validation_ndcg) continue;
    checks_without_gain = 0;
    best = {.shape = shape, .parameters = trainer.average(), .epochs = epoch, .validation_ndcg = ndcg};
  }
  if (workers.cancelled()) return Cancelled("training was stopped");
  return best;
}

Result<SequenceFit> ContinueSequence(const TrainingView& view, const SequenceFit& start, int epochs,
                                     const SequenceOptions& options, const Workers& workers) {
  SequenceOptions own = options;
  own.seed = MixSeed(options.seed, 47);
  Trainer trainer(view, start.shape, own, workers, start.parameters);
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    trainer.RunEpoch(
        epoch, [&](double done) { return static_cast<float>(1 - (epoch - 1 + done) / static_cast<double>(epochs)); });
    if (workers.cancelled()) return Cancelled("training was stopped");
  }
  return SequenceFit{.shape = start.shape,
                     .parameters = trainer.average(),
                     .epochs = start.epochs,
                     .validation_ndcg = start.validation_ndcg};
}

}  // namespace attune
