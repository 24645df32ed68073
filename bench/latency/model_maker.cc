// Makes a model for latency_bench in minutes: every member but the sequence transformer is fitted as in training. The
// transformer has the shape and the weight of a trained one and embeddings that follow the latent places of its items:
// what it takes to compute does not depend on what it learned. See README.md.
//   attune_latency_model FOLDER-OF-CSV MODEL-DIR [threads = 2]
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/thread_pool.h"
#include "model/sequence_transformer.h"
#include "read_folder.h"
#include "storage/posix_env.h"
#include "train/folds.h"
#include "train/model_fit.h"

namespace attune {
namespace {

// As training left them on the sample world, about.
constexpr float kSequenceWeight = 0.6F;
constexpr float kEmbeddingNoise = 0.5F;

std::shared_ptr<const Member> MakeSequence(const ModelParts& parts) {
  const std::size_t width = kSequenceWidth;
  const SequenceShape shape{.item_count = parts.trained_item_count,
                            .block_count = 2,
                            .block = {.width = width, .hidden = 2 * width, .length_max = 200}};
  Random random(1);
  std::vector<float> parameters(SequenceLayout(shape).size);
  for (float& value : parameters) value = static_cast<float>(0.1 * random.Normal());
  const SequenceLayout at(shape);
  std::fill_n(parameters.begin() + static_cast<std::ptrdiff_t>(at.norm_scale), width, 1.0F);
  std::vector<float> turn(width * kLatentDimensions);
  for (float& value : turn) value = static_cast<float>(random.Normal());
  for (std::size_t item = 0; item < shape.item_count; ++item) {
    const LatentPlace& place = parts.catalogue.contents[item].place;
    float square = 1e-12F;
    for (const float value : place) square += value * value;
    const float scale = 1 / std::sqrt(square * static_cast<float>(width));
    for (std::size_t d = 0; d < width; ++d) {
      float value = kEmbeddingNoise * static_cast<float>(random.Normal() / std::sqrt(static_cast<double>(width)));
      for (std::size_t i = 0; i < kLatentDimensions; ++i) value += scale * turn[d * kLatentDimensions + i] * place[i];
      parameters[at.items + item * width + d] = value;
    }
  }
  return std::make_shared<SequenceTransformer>(shape, std::move(parameters));
}

void AddSequence(ModelParts& parts) {
  parts.members.push_back(MakeSequence(parts));
  Blend& blend = parts.blend;
  const auto end = static_cast<std::ptrdiff_t>(blend.feature_names.size());
  blend.feature_names.emplace_back(parts.members.back()->feature_names().front());
  blend.weights.insert(blend.weights.begin() + end, kSequenceWeight);
  blend.by_length.insert(blend.by_length.begin() + end, 0);
  blend.empty_weights.push_back(0);
}

/// ReadFolder knows no times of creation and takes the column for an attribute, in seconds.
void TakeTimesOfCreation(TrainingData& data) {
  const auto column =
      std::ranges::find(data.item_attributes.numeric, std::string_view("creation_timestamp"), &NumericColumn::name);
  if (column == data.item_attributes.numeric.end()) return;
  for (std::size_t item = 0; item < data.items.size(); ++item) {
    data.item_created_ms[item] = std::llround(double{column->values[item]}) * 1000;
  }
  data.item_attributes.numeric.erase(column);
}

Status Run(const std::string& folder, const std::string& out, std::size_t threads) {
  ATTUNE_TRY(TrainingData data, ReadFolder(folder));
  TakeTimesOfCreation(data);
  ThreadPool pool(threads, 1024);
  const FitContext context{.workers = Workers(pool),
                           .on_step = [](std::string_view step) { fmt::print("{}\n", step); }};
  const Fold fold = HoldOutNewest(WholeView(data), 1);
  ATTUNE_TRY(auto fitted, FitModel(fold.view, fold.cases, {.sequence_operations_max = 0}, context));
  AddSequence(fitted.parts);
  PosixEnv env;
  ATTUNE_RETURN_IF_ERROR(env.CreateDirectories(out));
  return SaveModel(env, out, fitted.parts,
                   {.recipe = "latency",
                    .training_mode = "FULL",
                    .user_count = data.users.size(),
                    .item_count = data.items.size(),
                    .interaction_count = data.interactions.size(),
                    .newest_interaction_ms = data.newest_interaction_ms});
}

}  // namespace
}  // namespace attune

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: attune_latency_model FOLDER-OF-CSV MODEL-DIR [threads=2]\n");
    return 2;
  }
  const attune::Status status = attune::Run(argv[1], argv[2], argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 2);
  if (!status.ok()) fmt::print(stderr, "{}\n", status.message());
  return status.ok() ? 0 : 1;
}
