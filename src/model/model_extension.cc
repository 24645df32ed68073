#include "model/model_extension.h"

namespace attune {

std::uint32_t ModelExtension::Add(const NewItem& item) {
  if (!next_) next_ = std::shared_ptr<RecommenderModel>(new RecommenderModel(*published_));
  return next_->AddItem(item);
}

std::shared_ptr<const RecommenderModel> ModelExtension::Publish() {
  if (next_) published_ = std::move(next_);
  next_ = nullptr;
  return published_;
}

}  // namespace attune
