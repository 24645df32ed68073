#include "cli/policy_estimates.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>

#include "base/hash.h"
#include "base/random.h"
#include "explore/exposure.h"
#include "explore/gaussian_thompson.h"

namespace attune {
namespace {

const GaussianThompson& Campaign() {
  static const GaussianThompson policy({.propensity_draws = 0});
  return policy;
}

/// Where in the contenders each place's item stands; empty where one is missing, or the list was drawn by a policy that
/// this program does not have.
std::vector<std::size_t> PlacesOf(const RecommendationRecord& record) {
  if (record.policy != Campaign().name() || record.policy_version != GaussianThompson::kVersion) return {};
  const auto& contenders = record.drawn_from->item_ids;
  if (record.drawn_from->examination.size() != record.item_ids.size()) return {};
  std::vector<std::size_t> places;
  for (const std::string& item_id : record.item_ids) {
    const auto found = std::ranges::find(contenders, item_id);
    if (found == contenders.end()) return {};
    places.push_back(static_cast<std::size_t>(found - contenders.begin()));
  }
  return places;
}

/// The chance of a click by one who looks, for each contender.
std::vector<double> ClickChances(const Contenders& contenders) {
  std::vector<double> chances;
  for (std::size_t i = 0; i < contenders.scores.size(); ++i) {
    const float correction = contenders.eligible[i] != 0 ? contenders.beliefs.TotalOf(i).mean : 0;
    const double logit = contenders.beliefs.calibration.Logit(static_cast<double>(contenders.scores[i] + correction));
    chances.push_back(1 / (1 + std::exp(-logit)));
  }
  return chances;
}

std::size_t DrawsOf(const Policy& policy, double weight, const PolicyEstimateOptions& options) {
  // All others that can be asked for draw nothing.
  return weight > 0 && policy.name() == Campaign().name() ? options.draw_count : 1;
}

/// Of one list: its places, for each question and, last, for the policy that served it.
class ListChoices {
 public:
  ListChoices(const LoggedList& list, std::vector<std::size_t> places, std::uint64_t user_number,
              const PolicyEstimateOptions& options)
      : list_(list),
        drawn_from_(*list.record.drawn_from),
        places_(std::move(places)),
        user_number_(user_number),
        options_(options),
        click_chances_(ClickChances(drawn_from_.contenders)),
        random_(Hash64(list.record.recommendation_id)) {
    served_ = Measure({.policy = nullptr, .weight = list.record.exploration_weight});
  }

  void Fill(const PolicyQuestion& question, std::span<LoggedChoice> out) {
    const Exposure exposure = question.policy ? Measure(question) : served_;
    double value = 0;
    for (std::size_t c = 0; c < click_chances_.size(); ++c) value += exposure.looked_at[c] * click_chances_[c];
    value /= static_cast<double>(places_.size());
    for (std::size_t place = 0; place < places_.size(); ++place) {
      const std::size_t c = places_[place];
      const auto examination = static_cast<double>(drawn_from_.examination[place]);
      const double logged = LoggedExposure(place);
      out[place] = {.reward = list_.clicked.contains(list_.record.item_ids[place]) ? 1.0 : 0.0,
                    .logged_probability = logged,
                    .target_probability = question.policy ? exposure.looked_at[c] : logged,
                    .predicted_reward = examination * click_chances_[c],
                    .predicted_value = value,
                    .examination = examination,
                    .group = user_number_};
    }
  }

 private:
  Exposure Measure(const PolicyQuestion& question) {
    const Policy& policy = question.policy ? *question.policy : Campaign();
    return MeasureExposure(policy, question.weight, drawn_from_.contenders, drawn_from_.deviation_max,
                           drawn_from_.examination, DrawsOf(policy, question.weight, options_), random_);
  }

  /// The probability that was logged says more than the draws; these tell at which places the item stands.
  double LoggedExposure(std::size_t place) const {
    const std::size_t c = places_[place];
    const double looked_at = served_.shown[c] > 0 ? served_.looked_at[c] / served_.shown[c]
                                                  : static_cast<double>(drawn_from_.examination[place]);
    return static_cast<double>(list_.record.propensities[place]) * looked_at;
  }

  const LoggedList& list_;
  const RecommendationRecord::DrawnFrom& drawn_from_;
  const std::vector<std::size_t> places_;
  const std::uint64_t user_number_;
  const PolicyEstimateOptions& options_;
  const std::vector<double> click_chances_;
  Random random_;
  Exposure served_;
};

/// Lists of one user stand together; otherwise in the order of the log.
std::vector<std::size_t> OrderByUser(const PolicyLog& log) {
  std::vector<std::size_t> order(log.lists.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) -> std::string_view { return log.lists[i].record.user_id; });
  return order;
}

double PropensityError(const PolicyLog& log) {
  double squares = 0;
  std::size_t count = 0;
  for (const LoggedList& list : log.lists) {
    const RecommendationRecord& record = list.record;
    for (std::size_t i = 0; i < record.propensity_errors.size(); ++i, ++count) {
      const auto relative =
          static_cast<double>(record.propensity_errors[i]) / static_cast<double>(record.propensities[i]);
      squares += relative * relative;
    }
  }
  return count > 0 ? std::sqrt(squares / static_cast<double>(count)) : 0;
}

}  // namespace

PolicyAnswers AnswerPolicyQuestions(const PolicyLog& log, const std::vector<PolicyQuestion>& questions,
                                    const PolicyEstimateOptions& options, const Workers& workers,
                                    const std::function<void(double fraction)>& on_progress) {
  struct Task {
    const LoggedList* list;
    std::vector<std::size_t> places;
    std::uint64_t user_number;
    std::size_t offset;
  };
  PolicyAnswers answers;
  std::vector<Task> tasks;
  std::string_view user;
  std::uint64_t user_number = 0;
  for (const std::size_t i : OrderByUser(log)) {
    const LoggedList& list = log.lists[i];
    if (list.record.item_ids.empty()) continue;
    auto places = PlacesOf(list.record);
    if (places.empty()) {
      ++answers.unknown_policy;
      continue;
    }
    if (user_number == 0 || list.record.user_id != user) ++user_number;
    user = list.record.user_id;
    answers.cut_short += list.record.drawn_from->contenders.left_out > 0 ? 1 : 0;
    tasks.push_back({.list = &list, .places = std::move(places), .user_number = user_number, .offset = answers.places});
    answers.places += list.record.item_ids.size();
  }
  answers.lists = tasks.size();
  answers.propensity_error = PropensityError(log);

  std::vector<std::vector<LoggedChoice>> choices(questions.size() + 1, std::vector<LoggedChoice>(answers.places));
  constexpr std::size_t kListsATime = 256;
  for (std::size_t begin = 0; begin < tasks.size(); begin += kListsATime) {
    const std::size_t count = std::min(kListsATime, tasks.size() - begin);
    workers.ParallelFor(count, [&](std::size_t i) {
      const Task& task = tasks[begin + i];
      const std::size_t size = task.places.size();
      ListChoices list(*task.list, task.places, task.user_number, options);
      for (std::size_t q = 0; q <= questions.size(); ++q) {
        list.Fill(q < questions.size() ? questions[q] : PolicyQuestion(),
                  std::span(choices[q]).subspan(task.offset, size));
      }
    });
    on_progress(static_cast<double>(begin + count) / static_cast<double>(tasks.size()));
  }
  for (const LoggedChoice& choice : choices.back()) answers.clicks += choice.reward > 0 ? 1 : 0;
  for (std::size_t q = 0; q < questions.size(); ++q) {
    answers.estimates.push_back(EstimateOffPolicy(choices[q], {.weight_max = options.weight_max}));
  }
  answers.observed = EstimateOffPolicy(choices.back());
  return answers;
}

}  // namespace attune
