#include "serve/recommendation_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <type_traits>

namespace attune {
namespace {

constexpr double kMillisecondsPerSecond = 1000;
constexpr double kMillisecondsMax = 1e15;
constexpr std::size_t kBeliefNumbers = 6;  // Before the attributes.

void WriteHead(JsonWriter& json, std::string_view kind, std::int64_t time_ms, std::string_view recommendation_id) {
  json.BeginObject();
  json.Key("kind");
  json.String(kind);
  json.Key("time");
  json.Fixed(static_cast<double>(time_ms) / kMillisecondsPerSecond, 3);
  json.Key("recommendationId");
  json.String(recommendation_id);
}

void WriteText(JsonWriter& json, std::string_view key, std::string_view text) {
  json.Key(key);
  json.String(text);
}

template <class Values, class Write>
void WriteArray(JsonWriter& json, std::string_view key, const Values& values, Write write) {
  json.Key(key);
  json.BeginArray();
  for (const auto& value : values) write(value);
  json.EndArray();
}

void WriteTexts(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
  WriteArray(json, key, texts, [&](const std::string& text) { json.String(text); });
}

void WriteFloats(JsonWriter& json, std::string_view key, const std::vector<float>& numbers) {
  WriteArray(json, key, numbers, [&](float number) { json.Float(number); });
}

void WriteFlags(JsonWriter& json, std::string_view key, const std::vector<std::uint8_t>& flags) {
  WriteArray(json, key, flags, [&](std::uint8_t flag) { json.Int(flag); });
}

void WriteBelief(JsonWriter& json, const Belief& belief) {
  json.BeginArray();
  for (const float number : {belief.mean, belief.deviation, belief.shared_weight, belief.attribute_scale}) {
    json.Float(number);
  }
  json.Int(belief.clicked);
  json.Float(belief.ignored);
  for (std::size_t a = 0; a < belief.attribute_count; ++a) json.Int(belief.attributes[a]);
  json.EndArray();
}

void WriteDrawnFrom(JsonWriter& json, const RecommendationRecord::DrawnFrom& drawn_from) {
  const Contenders& contenders = drawn_from.contenders;
  json.BeginObject();
  WriteTexts(json, "items", drawn_from.item_ids);
  WriteFloats(json, "scores", contenders.scores);
  WriteFlags(json, "eligible", contenders.eligible);
  json.Key("beliefs");
  json.BeginArray();
  for (std::size_t i = 0; i < contenders.scores.size(); ++i) {
    if (contenders.eligible[i] != 0) WriteBelief(json, contenders.beliefs.candidates[i]);
  }
  json.EndArray();
  json.Key("effects");
  json.BeginObject();
  for (std::size_t a = 0; a < contenders.beliefs.effects.size(); ++a) {
    const Posterior::Effect& effect = contenders.beliefs.effects[a];
    if (effect.mean == 0 && effect.deviation == 0) continue;
    json.Key(std::to_string(a));
    json.BeginArray();
    json.Float(effect.mean);
    json.Float(effect.deviation);
    json.EndArray();
  }
  json.EndObject();
  WriteArray(json, "calibration", contenders.beliefs.calibration.state(), [&](double number) { json.Double(number); });
  WriteFloats(json, "examination", drawn_from.examination);
  json.Key("deviationMax");
  json.Double(drawn_from.deviation_max);
  json.Key("leftOut");
  json.Int(static_cast<std::int64_t>(contenders.left_out));
  json.EndObject();
}

/// Whether there is such a whole number in T, or a finite one where T is a float.
template <class T>
bool Fits(double number) {
  if constexpr (std::is_floating_point_v<T>)
    return std::abs(number) <= static_cast<double>(std::numeric_limits<T>::max());
  return number >= 0 && number <= static_cast<double>(std::numeric_limits<T>::max());
}

/// Reads members of an object, and remembers the first that is missing or of another kind.
class ObjectReader {
 public:
  explicit ObjectReader(simdjson::dom::element object) : object_(object) {}

  template <class T>
  T Get(const char* key) {
    T value{};
    if (object_[key].get(value) != simdjson::SUCCESS) Miss(key);
    return value;
  }
  std::string Text(const char* key) { return std::string(Get<std::string_view>(key)); }
  std::int64_t Milliseconds(const char* key) {
    const double milliseconds = Get<double>(key) * kMillisecondsPerSecond + 0.5;
    if (std::abs(milliseconds) < kMillisecondsMax) return static_cast<std::int64_t>(milliseconds);
    Miss(key);
    return 0;
  }
  /// Calls `read` with each element; it says whether it is of the right kind.
  template <class Read>
  void Array(const char* key, Read read) {
    simdjson::dom::array array;
    if (object_[key].get(array) != simdjson::SUCCESS) return Miss(key);  // What is no array cannot be walked through.
    for (const simdjson::dom::element element : array) {
      if (!read(element)) Miss(key);
    }
  }
  std::optional<simdjson::dom::object> Object(const char* key) {
    simdjson::dom::object object;
    if (object_[key].get(object) == simdjson::SUCCESS) return object;
    Miss(key);
    return std::nullopt;
  }
  std::vector<std::string> Texts(const char* key) {
    std::vector<std::string> texts;
    Array(key, [&](simdjson::dom::element element) {
      std::string_view text;
      const bool fits = element.get(text) == simdjson::SUCCESS;
      texts.emplace_back(text);
      return fits;
    });
    return texts;
  }
  template <class Number>
  std::vector<Number> Numbers(const char* key) {
    std::vector<Number> numbers;
    Array(key, [&](simdjson::dom::element element) {
      double number = 0;
      const bool fits = element.get(number) == simdjson::SUCCESS && Fits<Number>(number);
      numbers.push_back(fits ? static_cast<Number>(number) : Number{});
      return fits;
    });
    return numbers;
  }
  /// Of things that happened: none is 0.
  std::vector<float> Chances(const char* key) {
    auto chances = Numbers<float>(key);
    if (!std::ranges::all_of(chances, [](float chance) { return chance > 0 && chance <= 1; })) Miss(key);
    return chances;
  }
  void Miss(std::string_view key) {
    if (missed_.empty()) missed_ = key;
  }
  Status Finish() const {
    return missed_.empty() ? Status()
                           : Corrupt(fmt::format("the member {} is missing or not as it should be", missed_));
  }

 private:
  simdjson::dom::element object_;
  std::string missed_;
};

bool ReadBelief(simdjson::dom::element element, Belief* belief) {
  simdjson::dom::array numbers;
  if (element.get(numbers) != simdjson::SUCCESS || numbers.size() <= kBeliefNumbers) return false;
  std::vector<float> values;
  for (const simdjson::dom::element entry : numbers) {
    double number = 0;
    if (entry.get(number) != simdjson::SUCCESS || !Fits<float>(number)) return false;
    values.push_back(static_cast<float>(number));
  }
  const std::size_t attribute_count = values.size() - kBeliefNumbers;
  if (attribute_count > belief->attributes.size() || !Fits<std::uint32_t>(static_cast<double>(values[4]))) return false;
  *belief = {.mean = values[0],
             .deviation = values[1],
             .shared_weight = values[2],
             .clicked = static_cast<std::uint32_t>(values[4]),
             .ignored = values[5],
             .attribute_count = static_cast<std::uint8_t>(attribute_count),
             .attribute_scale = values[3]};
  for (std::size_t a = 0; a < attribute_count; ++a) {
    const float attribute = values[kBeliefNumbers + a];
    if (!(attribute >= 0 && attribute < static_cast<float>(Posterior::kEffectsMax))) return false;
    belief->attributes[a] = static_cast<std::uint16_t>(attribute);
  }
  return true;
}

void ReadEffects(ObjectReader& reader, std::vector<Posterior::Effect>* effects) {
  effects->resize(Posterior::kEffectsMax);
  const auto object = reader.Object("effects");
  if (!object) return;
  for (const auto [key, value] : *object) {
    std::size_t attribute = 0;
    const auto parsed = std::from_chars(key.data(), key.data() + key.size(), attribute);
    double mean = 0;
    double deviation = 0;
    const bool fits = parsed.ec == std::errc() && attribute < effects->size() &&
                      value.at(0).get(mean) == simdjson::SUCCESS && value.at(1).get(deviation) == simdjson::SUCCESS &&
                      Fits<float>(mean) && Fits<float>(deviation);
    if (!fits) return reader.Miss("effects");
    (*effects)[attribute] = {.mean = static_cast<float>(mean), .deviation = static_cast<float>(deviation)};
  }
}

Result<RecommendationRecord::DrawnFrom> ReadDrawnFrom(simdjson::dom::element element) {
  ObjectReader reader(element);
  RecommendationRecord::DrawnFrom out;
  out.item_ids = reader.Texts("items");
  Contenders& contenders = out.contenders;
  contenders.scores = reader.Numbers<float>("scores");
  contenders.eligible = reader.Numbers<std::uint8_t>("eligible");
  const std::size_t count = out.item_ids.size();
  if (contenders.scores.size() != count || contenders.eligible.size() != count) reader.Miss("scores");
  contenders.beliefs.candidates.resize(count);
  std::size_t next = 0;
  const auto pass_over_others = [&] {
    while (next < count && next < contenders.eligible.size() && contenders.eligible[next] == 0) ++next;
  };
  pass_over_others();
  reader.Array("beliefs", [&](simdjson::dom::element belief) {
    const bool fits = next < count && ReadBelief(belief, &contenders.beliefs.candidates[next++]);
    pass_over_others();
    return fits;
  });
  if (next != count) reader.Miss("beliefs");
  ReadEffects(reader, &contenders.beliefs.effects);
  const auto calibration = reader.Numbers<double>("calibration");
  if (calibration.size() == ClickCalibration::kStateSize) {
    contenders.beliefs.calibration.Restore(
        std::span<const double, ClickCalibration::kStateSize>(calibration.data(), ClickCalibration::kStateSize));
  } else {
    reader.Miss("calibration");
  }
  out.examination = reader.Chances("examination");
  out.deviation_max = reader.Get<double>("deviationMax");
  contenders.left_out = static_cast<std::size_t>(reader.Get<std::uint64_t>("leftOut"));
  ATTUNE_RETURN_IF_ERROR(reader.Finish());
  return out;
}

/// Older lines have none.
std::vector<float> ReadPropensityErrors(simdjson::dom::element root, ObjectReader& reader) {
  constexpr const char* kKey = "propensityErrors";
  if (simdjson::dom::element found; root[kKey].get(found) != simdjson::SUCCESS) return {};
  auto errors = reader.Numbers<float>(kKey);
  if (errors.empty() || !std::ranges::all_of(errors, [](float error) { return error >= 0 && error <= 1; })) {
    reader.Miss(kKey);
  }
  return errors;
}

Result<RecommendationRecord> ReadRecommendation(simdjson::dom::element root) {
  ObjectReader reader(root);
  RecommendationRecord record{.time_ms = reader.Milliseconds("time"),
                              .recommendation_id = reader.Text("recommendationId"),
                              .campaign_arn = reader.Text("campaignArn"),
                              .user_id = reader.Text("userId"),
                              .model = reader.Text("model"),
                              .policy = reader.Text("policy"),
                              .policy_version = static_cast<std::uint32_t>(reader.Get<std::uint64_t>("policyVersion")),
                              .exploration_weight = reader.Get<double>("explorationWeight"),
                              .reward_event_type = reader.Text("rewardEventType"),
                              .item_ids = reader.Texts("items"),
                              .scores = reader.Numbers<float>("scores"),
                              .propensities = reader.Chances("propensities"),
                              .propensity_errors = ReadPropensityErrors(root, reader),
                              .explored = reader.Numbers<std::uint8_t>("explored")};
  const std::size_t count = record.item_ids.size();
  if (record.scores.size() != count || record.propensities.size() != count || record.explored.size() != count) {
    reader.Miss("items");
  }
  if (!record.propensity_errors.empty() && record.propensity_errors.size() != count) reader.Miss("propensityErrors");
  ATTUNE_RETURN_IF_ERROR(reader.Finish());
  simdjson::dom::element drawn_from;
  if (root["drawnFrom"].get(drawn_from) == simdjson::SUCCESS) {
    ATTUNE_TRY(record.drawn_from, ReadDrawnFrom(drawn_from));
  }
  return record;
}

}  // namespace

std::string EncodeDrawnFrom(const RecommendationRecord::DrawnFrom& drawn_from) {
  std::string text;
  JsonWriter json(&text);
  WriteDrawnFrom(json, drawn_from);
  return text;
}

std::string EncodeLogLine(const RecommendationRecord& record, std::string_view drawn_from) {
  std::string line;
  JsonWriter json(&line);
  WriteHead(json, "recommendation", record.time_ms, record.recommendation_id);
  WriteText(json, "campaignArn", record.campaign_arn);
  WriteText(json, "userId", record.user_id);
  WriteText(json, "model", record.model);
  WriteText(json, "policy", record.policy);
  json.Key("policyVersion");
  json.Int(record.policy_version);
  json.Key("explorationWeight");
  json.Double(record.exploration_weight);
  WriteText(json, "rewardEventType", record.reward_event_type);
  WriteTexts(json, "items", record.item_ids);
  WriteFloats(json, "scores", record.scores);
  WriteFloats(json, "propensities", record.propensities);
  if (!record.propensity_errors.empty()) WriteFloats(json, "propensityErrors", record.propensity_errors);
  WriteFlags(json, "explored", record.explored);
  if (!drawn_from.empty() || record.drawn_from) {
    json.Key("drawnFrom");
    json.Raw(drawn_from.empty() ? EncodeDrawnFrom(*record.drawn_from) : drawn_from);
  }
  json.EndObject();
  return line;
}

std::string EncodeLogLine(const FeedbackRecord& record) {
  std::string line;
  JsonWriter json(&line);
  WriteHead(json, "event", record.time_ms, record.recommendation_id);
  WriteText(json, "itemId", record.item_id);
  WriteText(json, "eventType", record.event_type);
  json.EndObject();
  return line;
}

Result<std::variant<RecommendationRecord, FeedbackRecord>> DecodeLogLine(JsonParser& parser, std::string_view line) {
  using Line = std::variant<RecommendationRecord, FeedbackRecord>;
  const auto root = parser.Parse(line);
  if (!root.ok()) return Corrupt(std::string(root.status().message()));
  ObjectReader reader(*root);
  const std::string kind = reader.Text("kind");
  if (kind == "recommendation") {
    ATTUNE_TRY(auto record, ReadRecommendation(*root));
    return Line(std::move(record));
  }
  FeedbackRecord record{.time_ms = reader.Milliseconds("time"),
                        .recommendation_id = reader.Text("recommendationId"),
                        .item_id = reader.Text("itemId"),
                        .event_type = reader.Text("eventType")};
  if (kind != "event") reader.Miss("kind");
  ATTUNE_RETURN_IF_ERROR(reader.Finish());
  return Line(std::move(record));
}

}  // namespace attune
