#include "train/sequence_checkpoint.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <limits>

#include "base/random.h"
#include "storage/snapshot_file.h"

namespace attune {
namespace {

constexpr std::string_view kKind = "attune.sequence_checkpoint";
constexpr std::uint32_t kKindVersion = 1;
constexpr std::uint64_t kCountMax = std::numeric_limits<int>::max();

Result<std::vector<float>> ReadFloats(const SnapshotFile& file, std::string_view name, std::size_t count) {
  ATTUNE_TRY(const auto values, file.Array<float>(name));
  if (values.size() != count) {
    return Corrupt(fmt::format("checkpoint: {} has {} values, not {}", name, values.size(), count));
  }
  return std::vector<float>(values.begin(), values.end());
}

}  // namespace

std::uint64_t SequenceFingerprint(const TrainingView& view, std::span<const ValidationCase> cases,
                                  const SequenceShape& shape, const SequenceOptions& options) {
  std::uint64_t mixed = kKindVersion;
  const auto mix = [&](auto value) {
    if constexpr (std::is_floating_point_v<decltype(value)>) {
      mixed = MixSeed(mixed, std::bit_cast<std::uint64_t>(static_cast<double>(value)));
    } else {
      mixed = MixSeed(mixed, static_cast<std::uint64_t>(value));
    }
  };
  for (const std::size_t size : {shape.item_count, shape.block_count, shape.block.width, shape.block.hidden,
                                 shape.block.length_max, view.user_count(), cases.size()}) {
    mix(size);
  }
  const SequenceStepOptions& steps = options.steps;
  for (const std::size_t count :
       {steps.history_max, steps.users_per_step_min, steps.users_per_step_max, steps.negatives}) {
    mix(count);
  }
  for (const float value : {steps.rate, steps.dropout, steps.average}) mix(value);
  for (const int count :
       {steps.warm_up_steps, options.epochs_max, options.epochs_between_checks, options.checks_without_gain_max}) {
    mix(count);
  }
  mix(steps.seed);
  for (std::uint32_t user = 0; user < view.user_count(); ++user) {
    mix(view.Length(user));
    for (const std::uint32_t item : view.Items(user)) mix(item);
    for (const std::int64_t time : view.Times(user)) mix(time);
  }
  for (const ValidationCase& one : cases) mix(one.position);
  const Interactions& interactions = view.data->interactions;
  for (std::uint32_t user = 0; user < view.user_count() && shape.event_rows > 0; ++user) {
    for (const std::uint32_t type : view.EventTypes(user)) mix(type);
    for (const float value : view.EventValues(user)) mix(value);
  }
  if (interactions.impressions.empty()) return mixed;
  mix(steps.impression_weight);
  mix(options.trial_steps);  // A checkpoint beyond the trial says how it was decided.
  for (const std::uint32_t offset : interactions.impression_offsets) mix(offset);
  for (const std::uint32_t item : interactions.impressions) mix(item);
  return mixed;
}

Status SaveSequenceCheckpoint(const CheckpointPlace& place, std::uint64_t fingerprint,
                              const SequenceCheckpoint& checkpoint) {
  ATTUNE_TRY(const auto file, SnapshotFileWriter::Create(*place.env, place.path, kKind, kKindVersion));
  const std::array<std::uint64_t, 5> numbers = {fingerprint, static_cast<std::uint64_t>(checkpoint.epoch),
                                                static_cast<std::uint64_t>(checkpoint.checks_without_gain),
                                                checkpoint.state.step,
                                                static_cast<std::uint64_t>(checkpoint.best.epochs)};
  const std::array<double, 2> qualities = {checkpoint.last_ndcg, checkpoint.best.validation_ndcg};
  ATTUNE_RETURN_IF_ERROR(file->WriteArray<std::uint64_t>("numbers", numbers));
  ATTUNE_RETURN_IF_ERROR(file->WriteArray<double>("qualities", qualities));
  ATTUNE_RETURN_IF_ERROR(file->WriteArray<float>("parameters", checkpoint.state.parameters));
  ATTUNE_RETURN_IF_ERROR(file->WriteArray<float>("average", checkpoint.state.average));
  ATTUNE_RETURN_IF_ERROR(file->WriteArray<float>("mean", checkpoint.state.adam.mean()));
  ATTUNE_RETURN_IF_ERROR(file->WriteArray<float>("square", checkpoint.state.adam.square()));
  ATTUNE_RETURN_IF_ERROR(file->WriteArray<float>("best", checkpoint.best.parameters));
  return file->Finish();
}

Result<SequenceCheckpoint> LoadSequenceCheckpoint(const CheckpointPlace& place, std::uint64_t fingerprint,
                                                  std::size_t parameter_count) {
  if (!place.env->Exists(place.path)) return NotFound(fmt::format("there is no checkpoint {}", place.path));
  ATTUNE_TRY(const auto file, SnapshotFile::Open(*place.env, place.path, kKind, kKindVersion));
  ATTUNE_TRY(const auto numbers, file->Array<std::uint64_t>("numbers"));
  ATTUNE_TRY(const auto qualities, file->Array<double>("qualities"));
  if (numbers.size() != 5 || qualities.size() != 2) return Corrupt("checkpoint: sections of wrong length");
  if (numbers[0] != fingerprint) return NotFound(fmt::format("checkpoint {} is of other data", place.path));
  for (const std::uint64_t count : {numbers[1], numbers[2], numbers[4]}) {
    if (count > kCountMax) return Corrupt(fmt::format("checkpoint: {} epochs cannot be", count));
  }
  SequenceCheckpoint checkpoint{.epoch = static_cast<int>(numbers[1]),
                                .checks_without_gain = static_cast<int>(numbers[2]),
                                .last_ndcg = qualities[0],
                                .state = {},
                                .best = {}};
  checkpoint.best.epochs = static_cast<int>(numbers[4]);
  checkpoint.best.validation_ndcg = qualities[1];
  checkpoint.state.step = numbers[3];
  ATTUNE_TRY(checkpoint.state.parameters, ReadFloats(*file, "parameters", parameter_count));
  ATTUNE_TRY(checkpoint.state.average, ReadFloats(*file, "average", parameter_count));
  ATTUNE_TRY(auto mean, ReadFloats(*file, "mean", parameter_count));
  ATTUNE_TRY(auto square, ReadFloats(*file, "square", parameter_count));
  checkpoint.state.adam = Adam(std::move(mean), std::move(square));
  ATTUNE_TRY(checkpoint.best.parameters, ReadFloats(*file, "best", checkpoint.best.epochs > 0 ? parameter_count : 0));
  return checkpoint;
}

}  // namespace attune
