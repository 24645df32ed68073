#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cli/option_table.h"
#include "cli/system_sources.h"
#include "cli/verbs.h"
#include "evaluate/ranking_metrics.h"
#include "model/explanation.h"
#include "storage/posix_env.h"

namespace attune {
namespace {

constexpr std::uint64_t kCountMax = 500;  // As numResults.
constexpr std::size_t kReasonsShown = 3;

struct RecommendOptions {
  std::string model;
  std::string user;
  std::string history;
  std::vector<std::string> user_attributes;  ///< "AGE=30"
  std::vector<std::string> context;
  std::uint64_t count = 10;
  bool explain = false;
};

/// Of an option that takes NAME=VALUE,NAME=VALUE.
OptionTable::Set NamedValues(std::vector<std::string>* target) {
  return [target](std::string_view text) -> Status {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find(','), text.size());
      const std::string_view pair = text.substr(0, end);
      if (pair.find('=') == std::string_view::npos || pair.starts_with('=')) {
        return InvalidArgument(fmt::format("'{}' is not NAME=VALUE", pair));
      }
      target->emplace_back(pair);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return {};
  };
}

std::vector<NamedValue> Split(const std::vector<std::string>& pairs) {
  std::vector<NamedValue> values;
  for (const std::string_view pair : pairs) {
    values.push_back({pair.substr(0, pair.find('=')), pair.substr(pair.find('=') + 1)});
  }
  return values;
}

OptionTable RecommendOptionTable(RecommendOptions* options) {
  OptionTable table("attune recommend --model DIR [--user ID] [--history ID,ID,...] [OPTION...]",
                    "Prints a list from a model of attune train (or of a server: DATA-DIR/artifacts/...). Nothing is\n"
                    "explored: the same question gives the same list.");
  table.AddText("model", "DIR", "The model's folder.", &options->model);
  table.AddText("user", "ID", "Whose history the model knows; nobody's unless given.", &options->user);
  table.AddText("history", "ID,ID,...", "What the user took since, oldest first.", &options->history);
  table.Add("user-attributes", "NAME=VALUE,...", "", "What is known of the user: columns of the Users dataset.",
            NamedValues(&options->user_attributes));
  table.Add("context", "NAME=VALUE,...", "", "Contextual columns of the interactions at this moment.",
            NamedValues(&options->context));
  table.AddNumber("count", "N", 1, kCountMax, "How many items.", &options->count);
  table.AddSwitch("explain", "Say why each item is there.", &options->explain);
  return table;
}

/// The events to ask with. InvalidArgument for an item that the model does not know.
struct History {
  std::vector<std::uint32_t> items;
  std::vector<std::int64_t> timestamp_ms;
  std::vector<std::uint32_t> event_type;
  std::vector<float> event_value;
  std::uint32_t user = kNoIndex;
};

Result<History> ReadHistory(const RecommenderModel& model, const RecommendOptions& options) {
  const TrainedHistory known = model.FindHistory(options.user);
  History history{.items = {known.items.begin(), known.items.end()},
                  .timestamp_ms = {known.timestamp_ms.begin(), known.timestamp_ms.end()},
                  .event_type = {known.event_type.begin(), known.event_type.end()},
                  .event_value = {known.event_value.begin(), known.event_value.end()},
                  .user = known.user};
  const bool says_more = !options.history.empty() || !options.user_attributes.empty();
  if (!options.user.empty() && known.user == kNoIndex && !says_more) {
    return NotFound(
        fmt::format("the model knows no user '{}'; give --history to say what they took, or "
                    "--user-attributes to say who they are",
                    options.user));
  }
  std::string_view rest = options.history;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    const auto item = model.FindItem(rest.substr(0, end));
    if (!item) return NotFound(fmt::format("the model knows no item '{}'", rest.substr(0, end)));
    history.items.push_back(*item);
    history.timestamp_ms.push_back(model.newest_interaction_ms());
    history.event_type.push_back(kNoIndex);
    history.event_value.push_back(kMissing);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return history;
}

void PrintReasons(const RecommenderModel& model, const History& history, const Explanation& explanation) {
  if (explanation.is_cold) {
    fmt::print("      nobody took it when the model was trained: its attributes alone speak\n");
  } else {
    std::string parts;
    for (const auto& [name, value] : explanation.parts) {
      if (std::abs(value) >= 0.05) parts += fmt::format("{}{} {:+.1f}", parts.empty() ? "" : ", ", name, value);
    }
    fmt::print("      log score over an average item: {}\n", parts.empty() ? "nothing speaks for it" : parts);
  }
  for (std::size_t i = 0; i < std::min(kReasonsShown, explanation.events.size()); ++i) {
    const auto& [place, fall] = explanation.events[i];
    if (fall <= 0) break;
    fmt::print("      because of {}: without it {:.1f} times less likely\n", model.item_id(history.items[place]),
               std::exp(fall));
  }
  for (std::size_t i = 0; i < std::min(kReasonsShown, explanation.shared_attributes.size()); ++i) {
    const auto& [attribute, times] = explanation.shared_attributes[i];
    fmt::print("      {}, as {} of the history\n", model.attribute_name(attribute), times);
  }
  fmt::print("      taken {} times in training\n", explanation.interactions);
}

Status PrintList(PosixEnv& env, const RecommendOptions& options) {
  ATTUNE_TRY(const auto model, RecommenderModel::Load(env, options.model));
  ATTUNE_TRY(const History history, ReadHistory(*model, options));
  const auto user_attributes = Split(options.user_attributes);
  const auto context = Split(options.context);
  const Query query{.items = history.items,
                    .timestamp_ms = history.timestamp_ms,
                    .event_type = history.event_type,
                    .event_value = history.event_value,
                    .trained_user = history.user,
                    .context = context,
                    .user_attributes = user_attributes};
  ScoreScratch scratch = model->MakeScratch();
  std::vector<float> scores(model->item_count());
  model->ScoreAll(query, scratch, scores);
  int place = 0;
  for (const std::uint32_t item : TopItems(scores, options.count)) {
    fmt::print("{:4}. {:<24} {:.5f}\n", ++place, model->item_id(item), std::exp(static_cast<double>(scores[item])));
    if (options.explain) PrintReasons(*model, history, Explain(*model, query, item, scratch));
  }
  return {};
}

}  // namespace

int Recommend(std::span<const std::string> arguments) {
  PosixEnv env;
  RecommendOptions options;
  OptionTable table = RecommendOptionTable(&options);
  const auto outcome = table.Parse(arguments, SystemSources(env));
  if (outcome.ok() && *outcome == OptionTable::Outcome::kHelp) {
    std::fputs(table.Help().c_str(), stdout);
    return 0;
  }
  const Status checked = !outcome.ok()           ? outcome.status()
                         : options.model.empty() ? InvalidArgument("--model is missing: it names the model's folder")
                                                 : Status();
  const Status status = checked.ok() ? PrintList(env, options) : checked;
  if (!status.ok()) fmt::print(stderr, "attune recommend: {}\n", status.message());
  return status.ok() ? 0 : checked.ok() ? 1 : 2;
}

}  // namespace attune
