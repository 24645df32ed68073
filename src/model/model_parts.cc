#include "model/model_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "model/attribute_affinity.h"
#include "model/linear.h"
#include "model/popularity.h"
#include "model/sequence_transformer.h"
#include "model/sequential_neighbours.h"
#include "model/sequential_rules.h"
#include "model/snapshot_text.h"

namespace attune {
namespace {

constexpr std::uint32_t kFileVersion = 1;
constexpr std::string_view kCatalogue = "catalogue";
constexpr std::string_view kHistories = "histories";
constexpr std::string_view kBlend = "blend";
constexpr std::string_view kContent = "content";

std::string FileName(std::string_view part) { return std::string(part) + ".snapshot"; }
std::string Kind(std::string_view part) { return "attune.model." + std::string(part); }

Status SavePart(Env& env, const std::string& folder, std::string_view part,
                const std::function<Status(SnapshotFileWriter&)>& write) {
  ATTUNE_TRY(const auto file,
             SnapshotFileWriter::Create(env, JoinPath(folder, FileName(part)), Kind(part), kFileVersion));
  ATTUNE_RETURN_IF_ERROR(write(*file));
  return file->Finish();
}

Result<std::unique_ptr<SnapshotFile>> OpenPart(Env& env, const std::string& folder, std::string_view part) {
  return SnapshotFile::Open(env, JoinPath(folder, FileName(part)), Kind(part), kFileVersion);
}

std::vector<std::string> Texts(const Vocabulary& vocabulary) {
  std::vector<std::string> texts;
  for (std::uint32_t i = 0; i < vocabulary.size(); ++i) texts.emplace_back(vocabulary.id(i));
  return texts;
}

Status ReadVocabulary(const SnapshotFile& file, std::string_view name, Vocabulary& out) {
  ATTUNE_TRY(const auto texts, ReadTexts(file, name));
  for (const std::string& text : texts) out.Add(text);
  if (out.size() != texts.size()) return Corrupt(fmt::format("{} names something twice", name));
  return {};
}

Status SaveCatalogue(SnapshotFileWriter& file, const ModelParts& parts) {
  const ModelCatalogue& catalogue = parts.catalogue;
  const std::uint64_t trained = parts.trained_item_count;
  std::vector<std::uint64_t> offsets{0};
  std::vector<std::uint32_t> features;
  std::vector<float> values;
  std::vector<float> places;
  std::vector<float> popularity;
  for (const ItemContent& content : catalogue.contents) {
    for (const auto& [feature, value] : content.attributes) {
      features.push_back(feature);
      values.push_back(value);
    }
    offsets.push_back(features.size());
    places.insert(places.end(), content.place.begin(), content.place.end());
    popularity.push_back(content.log_popularity);
  }
  ATTUNE_RETURN_IF_ERROR(file.WriteArray("trained_item_count", std::span(&trained, 1)));
  ATTUNE_RETURN_IF_ERROR(WriteTexts(file, "ids", Texts(catalogue.ids)));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::int64_t>("created_ms", catalogue.created_ms));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::uint8_t>("warm", catalogue.warm));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::uint32_t>("interactions", catalogue.interactions));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::uint32_t>("impressions", catalogue.impressions));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::uint64_t>("events_since", catalogue.events_since));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::uint64_t>("attribute_offsets", offsets));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::uint32_t>("attribute_features", features));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<float>("attribute_values", values));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<float>("places", places));
  return file.WriteArray<float>("log_popularity", popularity);
}

Status LoadContents(const SnapshotFile& file, std::size_t attribute_count, ModelCatalogue& catalogue) {
  std::vector<std::uint64_t> offsets;
  std::vector<std::uint32_t> features;
  std::vector<float> values;
  std::vector<float> places;
  std::vector<float> popularity;
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "attribute_offsets", offsets));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "attribute_features", features));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "attribute_values", values));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "places", places));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "log_popularity", popularity));
  const std::size_t count = catalogue.ids.size();
  const bool sound =
      offsets.size() == count + 1 && offsets.front() == 0 && offsets.back() == features.size() &&
      std::is_sorted(offsets.begin(), offsets.end()) && values.size() == features.size() &&
      places.size() == count * kLatentDimensions && popularity.size() == count &&
      std::all_of(features.begin(), features.end(), [&](std::uint32_t feature) { return feature < attribute_count; });
  if (!sound) return Corrupt("a catalogue whose contents do not fit its items");
  for (std::size_t item = 0; item < count; ++item) {
    ItemContent content{.attributes = {}, .place = {}, .log_popularity = popularity[item]};
    for (std::uint64_t i = offsets[item]; i < offsets[item + 1]; ++i) {
      content.attributes.emplace_back(features[i], values[i]);
    }
    std::copy_n(places.begin() + static_cast<std::ptrdiff_t>(item * kLatentDimensions), kLatentDimensions,
                content.place.begin());
    catalogue.contents.push_back(std::move(content));
  }
  return {};
}

Status LoadCatalogue(const SnapshotFile& file, ModelParts& parts) {
  ModelCatalogue& catalogue = parts.catalogue;
  std::vector<std::uint64_t> trained;
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "trained_item_count", trained));
  ATTUNE_RETURN_IF_ERROR(ReadVocabulary(file, "ids", catalogue.ids));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "created_ms", catalogue.created_ms));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "warm", catalogue.warm));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "interactions", catalogue.interactions));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "impressions", catalogue.impressions));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "events_since", catalogue.events_since));
  const std::size_t count = catalogue.ids.size();
  if (trained.size() != 1 || trained[0] > count || catalogue.created_ms.size() != count ||
      catalogue.warm.size() != count || catalogue.interactions.size() != count ||
      catalogue.impressions.size() != count || catalogue.events_since.size() != count) {
    return Corrupt("a catalogue whose arrays do not fit its items");
  }
  parts.trained_item_count = static_cast<std::size_t>(trained[0]);
  const auto joined = catalogue.warm.begin() + static_cast<std::ptrdiff_t>(parts.trained_item_count);
  if (std::any_of(joined, catalogue.warm.end(), [](std::uint8_t warm) { return warm != 0; })) {
    return Corrupt("a catalogue in which an item that joined later is warm");
  }
  return LoadContents(file, parts.content->attribute_count(), catalogue);
}

Status SaveHistories(SnapshotFileWriter& file, const ModelHistories& histories) {
  ATTUNE_RETURN_IF_ERROR(WriteTexts(file, "users", Texts(histories.users)));
  ATTUNE_RETURN_IF_ERROR(WriteTexts(file, "event_types", Texts(histories.event_types)));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::uint64_t>("offsets", histories.offsets));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::uint32_t>("items", histories.items));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::int64_t>("timestamp_ms", histories.timestamp_ms));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::uint32_t>("event_type", histories.event_type));
  return file.WriteArray<float>("event_value", histories.event_value);
}

Status LoadHistories(const SnapshotFile& file, std::size_t item_count, ModelHistories& histories) {
  histories.offsets.clear();
  ATTUNE_RETURN_IF_ERROR(ReadVocabulary(file, "users", histories.users));
  ATTUNE_RETURN_IF_ERROR(ReadVocabulary(file, "event_types", histories.event_types));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "offsets", histories.offsets));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "items", histories.items));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "timestamp_ms", histories.timestamp_ms));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "event_type", histories.event_type));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "event_value", histories.event_value));
  const std::size_t count = histories.items.size();
  const bool sound =
      histories.offsets.size() == histories.users.size() + 1 && histories.offsets.front() == 0 &&
      histories.offsets.back() == count && std::is_sorted(histories.offsets.begin(), histories.offsets.end()) &&
      histories.timestamp_ms.size() == count && histories.event_type.size() == count &&
      histories.event_value.size() == count &&
      std::all_of(histories.items.begin(), histories.items.end(), [&](auto item) { return item < item_count; });
  return sound ? Status() : Corrupt("histories whose arrays do not fit together");
}

Result<std::unique_ptr<Member>> LoadMember(std::string_view name, const SnapshotFile& file) {
  if (name == "popularity") return Popularity::Load(file);
  if (name == "rules") return SequentialRules::Load(file);
  if (name == "neighbours") return SequentialNeighbours::Load(file);
  if (name == "linear") return LinearModel::Load(file);
  if (name == "sequence") return SequenceTransformer::Load(file);
  if (name == "latent") return LatentMember::Load(file);
  for (const AttributeSource source : {AttributeSource::kUser, AttributeSource::kContext}) {
    if (name == AttributeAffinity::NameOf(source)) return AttributeAffinity::Load(source, file);
  }
  return Corrupt(fmt::format("the artifact has a member {}, which this program does not know", name));
}

}  // namespace

Status SaveModel(Env& env, const std::string& folder, const ModelParts& parts, Manifest manifest) {
  ATTUNE_RETURN_IF_ERROR(
      SavePart(env, folder, kCatalogue, [&](SnapshotFileWriter& file) { return SaveCatalogue(file, parts); }));
  ATTUNE_RETURN_IF_ERROR(SavePart(env, folder, kHistories,
                                  [&](SnapshotFileWriter& file) { return SaveHistories(file, parts.histories); }));
  ATTUNE_RETURN_IF_ERROR(
      SavePart(env, folder, kBlend, [&](SnapshotFileWriter& file) { return parts.blend.Save(file); }));
  ATTUNE_RETURN_IF_ERROR(
      SavePart(env, folder, kContent, [&](SnapshotFileWriter& file) { return parts.content->Save(file); }));
  manifest.members.clear();
  for (const auto& member : parts.members) {
    ATTUNE_RETURN_IF_ERROR(SavePart(env, folder, std::string("member_") + std::string(member->name()),
                                    [&](SnapshotFileWriter& file) { return member->Save(file); }));
    manifest.members.emplace_back(member->name());
  }
  return WriteManifest(env, folder, std::move(manifest));
}

Result<ModelParts> LoadModel(Env& env, const std::string& folder, const Manifest& manifest) {
  ModelParts parts;
  ATTUNE_TRY(const auto content_file, OpenPart(env, folder, kContent));
  ATTUNE_TRY(auto content, ContentModel::Load(*content_file));
  parts.content = std::make_shared<const ContentModel>(std::move(content));
  ATTUNE_TRY(const auto catalogue_file, OpenPart(env, folder, kCatalogue));
  ATTUNE_RETURN_IF_ERROR(LoadCatalogue(*catalogue_file, parts));
  ATTUNE_TRY(const auto histories_file, OpenPart(env, folder, kHistories));
  ATTUNE_RETURN_IF_ERROR(LoadHistories(*histories_file, parts.catalogue.ids.size(), parts.histories));
  ATTUNE_TRY(const auto blend_file, OpenPart(env, folder, kBlend));
  ATTUNE_TRY(parts.blend, Blend::Load(*blend_file));
  std::vector<std::string> feature_names;
  for (const std::string& name : manifest.members) {
    ATTUNE_TRY(const auto file, OpenPart(env, folder, "member_" + name));
    ATTUNE_TRY(auto member, LoadMember(name, *file));
    if (member->item_count() != parts.trained_item_count) {
      return Corrupt(fmt::format("member {} knows {} items; the catalogue was trained with {}", name,
                                 member->item_count(), parts.trained_item_count));
    }
    for (const std::string_view feature : member->feature_names()) feature_names.emplace_back(feature);
    parts.members.push_back(std::move(member));
  }
  if (feature_names != parts.blend.feature_names)
    return Corrupt("the blend weighs other features than the members give");
  return parts;
}

}  // namespace attune
