#pragma once

#include <cstdint>

#include "data/training_data.h"
#include "model/attribute_encoder.h"
#include "model/query.h"

namespace attune {

/// A question with a known answer: interaction `position` of the data is what `user` took next; the history is what
/// the user did before it.
struct ValidationCase {
  std::uint32_t user = 0;
  std::uint32_t position = 0;
};

/// The query of a case, of at most `history_max` events, with the attributes of its user and of its moment. Views into
/// the data and itself.
class CaseQuery {
 public:
  CaseQuery(const TrainingData& data, const ValidationCase& validation_case, std::size_t history_max);
  CaseQuery(const CaseQuery&) = delete;
  CaseQuery& operator=(const CaseQuery&) = delete;

  const Query& query() const& { return query_; }
  const Query& query() const&& = delete;  // What it views would be gone.

 private:
  const RowTexts user_attributes_;
  const RowTexts context_;
  Query query_;
};

}  // namespace attune
