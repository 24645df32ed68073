#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "explore/contenders.h"

namespace attune {

/// A list that was recommended, and what it was drawn from.
struct RecommendationRecord {
  std::int64_t time_ms = 0;  ///< Since 1970 UTC, by the server's clock.
  std::string recommendation_id;
  std::string campaign_arn;
  std::string user_id;
  std::string model;   ///< Names the model that made it.
  std::string policy;  ///< That drew it.
  std::uint32_t policy_version = 0;
  double exploration_weight = 0;
  std::string reward_event_type;  ///< Of the events that are rewards; "" for all. In lower case.
  std::vector<std::string> item_ids;
  std::vector<float> scores;        ///< Natural log of each item's probability.
  std::vector<float> propensities;  ///< The chance each item had to be in the list.
  /// Standard error of each chance, 0 where it is exact. Empty in lines that older servers wrote: it is not known.
  std::vector<float> propensity_errors;
  std::vector<std::uint8_t> explored;  ///< 1: the plain ranking would not show it.

  /// Absent where nothing was drawn.
  struct DrawnFrom {
    std::vector<std::string> item_ids;  ///< Of the contenders. Contenders::indexes do not outlive the request.
    Contenders contenders;
    std::vector<float> examination;  ///< Of each place of the list, as far as it was known then.
    double deviation_max = 0;        ///< See SeasonedScores.
  };
  std::optional<DrawnFrom> drawn_from;
};

/// What somebody did with an item of such a list.
struct FeedbackRecord {
  std::int64_t time_ms = 0;  ///< By the client's clock.
  std::string recommendation_id;
  std::string item_id;
  std::string event_type;
};

/// One line of JSON, without the end of line: docs/formats/recommendation_log.md. What the list was drawn from is that
/// of the record, or what EncodeDrawnFrom made of it once for many lists.
std::string EncodeLogLine(const RecommendationRecord& record, std::string_view drawn_from = {});
std::string EncodeDrawnFrom(const RecommendationRecord::DrawnFrom& drawn_from);
std::string EncodeLogLine(const FeedbackRecord& record);

/// Corrupt for what is no such line; the message says why.
Result<std::variant<RecommendationRecord, FeedbackRecord>> DecodeLogLine(JsonParser& parser, std::string_view line);

}  // namespace attune
