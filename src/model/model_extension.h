#pragma once

#include <cstdint>
#include <memory>

#include "model/new_item.h"
#include "model/recommender_model.h"

namespace attune {

/// A model whose catalogue grows item by item, and is published from time to time: RecommenderModel::WithItems for a
/// stream. The first item after a publication copies what AddedItems says, those behind it next to nothing. One thread
/// at a time.
class ModelExtension {
 public:
  explicit ModelExtension(std::shared_ptr<const RecommenderModel> model) : published_(std::move(model)) {}

  /// With everything that was added.
  const RecommenderModel& model() const { return next_ ? *next_ : *published_; }
  /// See RecommenderModel::WithItems. Gives the item's index.
  std::uint32_t Add(const NewItem& item);
  /// The model as it is now; what is added later does not change it.
  std::shared_ptr<const RecommenderModel> Publish();

 private:
  std::shared_ptr<const RecommenderModel> published_;
  std::shared_ptr<RecommenderModel> next_;  ///< Null while nothing was added since.
};

}  // namespace attune
