// Filtered lists against a naive twin: random catalogues, records, histories, filters and slates; the twin judges every
// item by the text of the filter and what was put, then ranks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "filter/fold.h"
#include "filter/parser.h"
#include "filter/test_group.h"
#include "serve/filter_request.h"
#include "serve/recommender.h"
#include "serve/test_model.h"
#include "serve/test_stores.h"
#include "serve/user_query.h"

namespace attune {
namespace {

/// What the twin knows of an item or a user: nothing of tables, chunks and bits.
struct Record {
  std::set<std::string> texts;  ///< GENRES, or MEMBERSHIP.
  std::optional<int> number;    ///< YEAR, or AGE.
};

constexpr std::string_view kGenres[] = {"Drama", "drama", "War", "Comedy", "Noir"};
constexpr std::string_view kEventTypes[] = {"click", "Click", "watch", "buy"};

class Twin {
 public:
  std::map<std::string, Record> items;
  std::map<std::string, Record> users;
  std::map<std::string, std::vector<std::pair<std::string, std::string>>> events;  ///< Of a user: type and item.

  bool Keeps(const FilterExpression& filter, const FilterValues& values, const std::string& user,
             const std::string& item) const {
    bool has_include = false;
    bool included = false;
    bool excluded = false;
    for (const auto& clause : filter.clauses) {
      if (clause.action == FilterAction::kExclude && Lacks(clause, values)) continue;
      const Record* record = Find(users, user);
      const bool counts =
          std::ranges::all_of(clause.only_if, [&](const auto& condition) { return Holds(condition, record, values); });
      if (!counts) continue;
      const bool matches = std::ranges::any_of(clause.any_of, [&](const FilterConjunction& all) {
        return std::ranges::all_of(all, [&](const auto& condition) {
          return condition.field.dataset == FilterDataset::kInteractions ? HoldsForEvents(condition, values, user, item)
                                                                         : Holds(condition, Find(items, item), values);
        });
      });
      if (clause.action == FilterAction::kInclude) {
        has_include = true;
        included = included || matches;
      } else {
        excluded = excluded || matches;
      }
    }
    return (included || !has_include) && !excluded;
  }

  static bool Lacks(const FilterClause& clause, const FilterValues& values) {
    const auto lacks = [&](const FilterConjunction& all) {
      for (const auto& condition : all) {
        for (const auto& operand : condition.operands) {
          if (operand.kind == FilterOperandKind::kParameter && !values.contains(operand.text)) return true;
        }
      }
      return false;
    };
    return std::ranges::any_of(clause.any_of, lacks) || lacks(clause.only_if);
  }

 private:
  static const Record* Find(const std::map<std::string, Record>& records, const std::string& id) {
    const auto found = records.find(id);
    return found == records.end() ? nullptr : &found->second;
  }

  static std::vector<std::string> Texts(const FilterCondition& condition, const FilterValues& values) {
    std::vector<std::string> texts;
    for (const auto& operand : condition.operands) {
      if (operand.kind != FilterOperandKind::kParameter) {
        texts.push_back(operand.text);
        continue;
      }
      // "a","b" as the test writes it.
      std::string_view rest = values.find(operand.text)->second;
      while (!rest.empty()) {
        const std::size_t comma = std::min(rest.find(','), rest.size());
        std::string_view part = rest.substr(0, comma);
        if (part.starts_with('"')) part = part.substr(1, part.size() - 2);
        texts.emplace_back(part);
        rest.remove_prefix(std::min(comma + 1, rest.size()));
      }
    }
    return texts;
  }

  static bool Holds(const FilterCondition& condition, const Record* record, const FilterValues& values) {
    const auto wanted = Texts(condition, values);
    const bool is_not = condition.op == FilterOperator::kNotIn;
    if (condition.field.column == "GENRES" || condition.field.column == "MEMBERSHIP") {
      const bool found = record != nullptr && std::ranges::any_of(wanted, [&](const std::string& text) {
                           return record->texts.contains(text);
                         });
      return found != is_not;
    }
    if (record == nullptr || !record->number) return is_not;
    const int number = *record->number;
    const int bound = std::stoi(wanted[0]);
    switch (condition.op) {
      case FilterOperator::kIn: return std::ranges::find(wanted, std::to_string(number)) != wanted.end();
      case FilterOperator::kNotIn: return std::ranges::find(wanted, std::to_string(number)) == wanted.end();
      case FilterOperator::kEqual: return number == bound;
      case FilterOperator::kNotEqual: return number != bound;
      case FilterOperator::kLess: return number < bound;
      case FilterOperator::kLessEqual: return number <= bound;
      case FilterOperator::kGreater: return number > bound;
      case FilterOperator::kGreaterEqual: return number >= bound;
    }
    return false;
  }

  bool HoldsForEvents(const FilterCondition& condition, const FilterValues& values, const std::string& user,
                      const std::string& item) const {
    bool found = false;
    if (const auto of_user = events.find(user); of_user != events.end()) {
      for (const auto& [type, id] : of_user->second) {
        if (id != item) continue;
        for (const auto& wanted : Texts(condition, values)) found = found || wanted == "*" || FoldCase(wanted) == type;
      }
    }
    return found != (condition.op == FilterOperator::kNotIn);
  }
};

/// One random group, written to the real thing and to its twin alike.
class RandomGroup {
 public:
  explicit RandomGroup(std::uint64_t seed) : random_(seed) {
    const std::size_t count = 1 + random_.Below(150);
    std::vector<std::string> ids;
    std::vector<std::int64_t> created_ms;
    for (std::size_t i = 0; i < count; ++i) {
      ids.push_back("i" + std::to_string(i));
      created_ms.push_back(random_.Below(3) == 0 ? 0 : -static_cast<std::int64_t>(random_.Below(60)) * 86'400'000);
    }
    exploration_ = std::make_shared<Exploration>(MakeTestModel(ids, count, seed, created_ms));
    EXPECT_TRUE(live_group_->Attach(exploration_, stores_.log(), group_datasets_).ok());
    for (std::size_t i = 0; i < count; ++i) {
      if (random_.Below(4) != 0) PutItem(ids[i]);
    }
    for (int user = 0; user < 4; ++user) {
      if (random_.Below(3) != 0) PutUser("u" + std::to_string(user));
      for (std::uint64_t i = random_.Below(20); i > 0; --i) PutEvent();
    }
  }

  /// One of everything that may change while requests come.
  void Change() {
    switch (random_.Below(3)) {
      case 0: PutItem("i" + std::to_string(random_.Below(160))); break;
      case 1: PutUser("u" + std::to_string(random_.Below(5))); break;
      default: PutEvent(); break;
    }
  }

  void Check() {
    const std::string expression = Expression();
    SCOPED_TRACE(expression);
    const auto filter = ParseFilter(expression);
    ASSERT_TRUE(filter.ok()) << filter.status().ToString();
    const FilterValues values = Values(expression);
    const std::string user = "u" + std::to_string(random_.Below(5));
    const auto compiled = CompileFilter(*filter, schemas_, values);
    const bool lacks = std::ranges::any_of(filter->clauses, [&](const auto& clause) {
      return clause.action == FilterAction::kInclude && Twin::Lacks(clause, values);
    });
    ASSERT_EQ(compiled.ok(), !lacks) << compiled.status().ToString();
    if (lacks) return;

    ASSERT_TRUE(item_records_.Refresh(item_dataset_, stores_.env(), stores_.log()).ok());
    ASSERT_TRUE(user_records_.Refresh(user_dataset_, stores_.env(), stores_.log()).ok());
    ASSERT_TRUE(history_.Refresh(event_dataset_, stores_.env(), stores_.log()).ok());
    const auto events = history_.Find(user);
    const FilterRequest request{.filter = &*compiled,
                                .user_id = user,
                                .current_item_id = {},
                                .items = item_records_.Current(),
                                .users = user_records_.Current().table,
                                .events = events};
    // Items join as events name them and as they are put.
    const auto model = exploration_->catalogue().Current();
    const ItemSet kept = KeptItems(request, model, catalogue_);
    const auto expected = ExpectKept(*filter, values, user, kept, request, *model);
    CheckList(user, kept, expected, 0);
    CheckList(user, kept, expected, 0.8);
  }

 private:
  /// The twin's items, after comparing both ways of asking with it.
  std::vector<std::uint32_t> ExpectKept(const FilterExpression& filter, const FilterValues& values,
                                        const std::string& user, const ItemSet& kept, const FilterRequest& request,
                                        const RecommenderModel& model) {
    std::vector<std::uint32_t> expected;
    std::vector<std::string_view> ids;
    for (std::uint32_t item = 0; item < model.item_count(); ++item) {
      ids.push_back(model.item_id(item));
      const bool keeps = twin_.Keeps(filter, values, user, std::string(ids.back()));
      if (keeps) expected.push_back(item);
      EXPECT_EQ(kept.Has(item), keeps) << ids.back() << " for " << user;
    }
    ids.push_back("nobody knows");
    const auto by_id = KeptIds(request, ids);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      EXPECT_EQ(by_id[i], twin_.Keeps(filter, values, user, std::string(ids[i]))) << ids[i] << " for " << user;
    }
    return expected;
  }

  /// The list of a campaign of that weight, against the twin's ranking of everything.
  void CheckList(const std::string& user, const ItemSet& kept, std::vector<std::uint32_t> expected, double weight) {
    const Deployment deployment({.uid = "c", .artifact_name = "a", .exploration_weight = weight}, exploration_,
                                live_group_);
    const RecommenderModel& model = deployment.model();
    const std::size_t size = 1 + random_.Below(40);
    const auto list =
        Recommend(deployment, {.user_id = user, .result_count = size, .seed = random_.Next(), .kept = &kept}).items;

    EXPECT_EQ(list.size(), std::min(size, expected.size()));
    std::set<std::string> allowed;
    for (const std::uint32_t item : expected) allowed.emplace(model.item_id(item));
    for (const auto& item : list) EXPECT_TRUE(allowed.erase(item.item_id) == 1) << item.item_id;
    if (weight > 0) return;
    const UserQuery query(deployment, user, {}, {});
    std::vector<float> scores(model.item_count());
    auto scratch = model.MakeScratch();
    model.ScoreAll(query.query(), scratch, scores);
    std::ranges::stable_sort(expected, [&](auto a, auto b) { return scores[a] > scores[b]; });
    for (std::size_t i = 0; i < list.size(); ++i) EXPECT_EQ(list[i].item_id, model.item_id(expected[i]));
  }

  std::string_view OneOf(std::span<const std::string_view> all) { return all[random_.Below(all.size())]; }

  std::string Texts(std::span<const std::string_view> all) {
    std::string texts = "\"" + std::string(OneOf(all)) + "\"";
    for (std::uint64_t i = random_.Below(3); i > 0; --i) texts += ",\"" + std::string(OneOf(all)) + "\"";
    return texts;
  }

  std::string Number() { return std::to_string(random_.Below(6)); }

  std::string RecordCondition(std::string_view text_column, std::string_view number_column) {
    constexpr std::string_view kComparisons[] = {"=", "!=", "<", "<=", ">", ">="};
    switch (random_.Below(6)) {
      case 0: return std::string(text_column) + " IN (" + Texts(kGenres) + ")";
      case 1: return std::string(text_column) + " NOT IN (" + Texts(kGenres) + ")";
      case 2: return std::string(text_column) + " IN ($TEXTS)";
      case 3: return std::string(number_column) + " IN (" + Number() + "," + Number() + ")";
      case 4: return std::string(number_column) + " NOT IN (" + Number() + ")";
      default:
        return std::string(number_column) + " " + std::string(OneOf(kComparisons)) + " " +
               (random_.Below(3) == 0 ? "$NUMBER" : Number());
    }
  }

  std::string EventCondition() {
    const std::string column = "Interactions.EVENT_TYPE";
    switch (random_.Below(4)) {
      case 0: return column + " IN (" + Texts(kEventTypes) + ")";
      case 1: return column + " NOT IN (" + Texts(kEventTypes) + ")";
      case 2: return column + " IN (\"*\")";
      default: return column + " IN ($EVENTS)";
    }
  }

  std::string Expression() {
    std::string expression;
    for (std::uint64_t clause = 1 + random_.Below(3); clause > 0; --clause) {
      expression += (random_.Below(2) == 0 ? "INCLUDE ItemID WHERE " : "EXCLUDE ItemID WHERE ");
      const bool is_event = random_.Below(3) == 0;
      for (std::uint64_t condition = 1 + random_.Below(3); condition > 0; --condition) {
        expression += is_event ? EventCondition() : RecordCondition("Items.GENRES", "Items.YEAR");
        if (condition > 1) expression += random_.Below(2) == 0 ? " AND " : " OR ";
      }
      if (clause > 1) expression += " | ";
    }
    if (random_.Below(3) == 0) expression += " IF " + RecordCondition("CurrentUser.MEMBERSHIP", "CurrentUser.AGE");
    return expression;
  }

  FilterValues Values(std::string_view expression) {
    FilterValues values;
    const auto give = [&](std::string_view name, const std::string& value) {
      if (expression.find("$" + std::string(name)) == std::string_view::npos || random_.Below(5) == 0) return;
      values[std::string(name)] = value;
    };
    give("TEXTS", Texts(kGenres));
    give("NUMBER", Number());
    give("EVENTS", random_.Below(5) == 0 ? "\"*\"" : Texts(kEventTypes));
    return values;
  }

  Record RandomRecord(std::string_view text_property, std::string_view number_property, std::string* properties) {
    Record record;
    std::string texts;
    for (std::uint64_t i = random_.Below(3); i > 0; --i) {
      const std::string text(OneOf(kGenres));
      record.texts.insert(text);
      texts += (texts.empty() ? "" : "|") + text;
    }
    *properties = "{";
    if (!texts.empty()) *properties += "\"" + std::string(text_property) + "\":\"" + texts + "\"";
    if (random_.Below(4) != 0) {
      record.number = static_cast<int>(random_.Below(6));
      *properties +=
          (texts.empty() ? "\"" : ",\"") + std::string(number_property) + "\":" + std::to_string(*record.number);
    }
    *properties += "}";
    return record;
  }

  void PutItem(const std::string& id) {
    std::string properties;
    twin_.items[id] = RandomRecord("genres", "year", &properties);
    const EntityPut put = TestPut(*item_dataset_.schema, id, properties);
    item_records_.Apply({&put, 1}, stores_.Append(item_dataset_, put));
    CatchUp();
  }

  void PutUser(const std::string& id) {
    std::string properties;
    twin_.users[id] = RandomRecord("membership", "age", &properties);
    const EntityPut put = TestPut(*user_dataset_.schema, id, properties);
    user_records_.Apply({&put, 1}, stores_.Append(user_dataset_, put));
  }

  void PutEvent() {
    const Event event{.user_id = "u" + std::to_string(random_.Below(5)),
                      .session_id = "s",
                      .item_id = "i" + std::to_string(random_.Below(160)),
                      .event_type = std::string(OneOf(kEventTypes)),
                      .timestamp_ms = ++now_ms_};
    twin_.events[event.user_id].emplace_back(FoldCase(event.event_type), event.item_id);
    stores_.Append(event_dataset_, event);
    history_.Apply({&event, 1});
    CatchUp();
  }

  void CatchUp() { EXPECT_TRUE(live_group_->CatchUp(stores_.log(), group_datasets_, *served_lists_).ok()); }

  Random random_;
  const FilterSchemas schemas_ = TestSchemas();
  TestStores stores_;
  const StoredDataset item_dataset_ = TestDataset("items", schemas_.at(DatasetType::kItems));
  const StoredDataset user_dataset_ = TestDataset("users", schemas_.at(DatasetType::kUsers));
  const StoredDataset event_dataset_ = TestDataset("events", schemas_.at(DatasetType::kInteractions));
  LiveMetadata item_records_;
  LiveMetadata user_records_;
  FilterHistory history_{FilterHistory::Limits{}};
  FilterCatalogue catalogue_;
  FakeClock clock_;
  std::unique_ptr<ServedLists> served_lists_ = *ServedLists::Open(stores_.env(), "/served", clock_);
  std::shared_ptr<LiveGroup> live_group_ = std::make_shared<LiveGroup>();
  const GroupDatasets group_datasets_{.interactions_stream = event_dataset_.stream,
                                      .items_stream = item_dataset_.stream,
                                      .item_schema = item_dataset_.schema};
  std::shared_ptr<Exploration> exploration_;
  Twin twin_;
  std::int64_t now_ms_ = 0;
};

TEST(FilteredLists, AreThoseOfTheNaiveTwin) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    RandomGroup group(seed);
    for (int round = 0; round < 25; ++round) {
      group.Check();
      if (::testing::Test::HasFailure()) return;
      group.Change();
    }
  }
}

}  // namespace
}  // namespace attune
