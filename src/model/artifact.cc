#include "model/artifact.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "base/json.h"

namespace attune {
namespace {

// A manifest is small; anything larger is not ours.
constexpr std::uint64_t kManifestBytesMax = std::uint64_t{16} << 20;

Result<std::uint32_t> FileChecksum(Env& env, const std::string& path) {
  ATTUNE_TRY(const auto file, env.Map(path));
  return Crc32c(file->bytes());
}

template <class Map, class Write>
void WriteMap(JsonWriter& json, std::string_view key, const Map& map, const Write& write) {
  json.Key(key);
  json.BeginObject();
  for (const auto& [name, value] : map) {
    json.Key(name);
    write(value);
  }
  json.EndObject();
}

std::string EncodeBody(const Manifest& manifest) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject();
  json.Key("version"), json.Int(Manifest::kVersion);
  json.Key("recipe"), json.String(manifest.recipe);
  json.Key("trainingMode"), json.String(manifest.training_mode);
  json.Key("seed"), json.String(std::to_string(manifest.seed));
  WriteMap(json, "parameters", manifest.parameters, [&](const std::string& value) { json.String(value); });
  WriteMap(json, "chosen", manifest.chosen, [&](double value) { json.Double(value); });
  WriteMap(json, "metrics", manifest.metrics, [&](double value) { json.Double(value); });
  json.Key("members");
  json.BeginArray();
  for (const std::string& member : manifest.members) json.String(member);
  json.EndArray();
  json.Key("users"), json.Int(static_cast<std::int64_t>(manifest.user_count));
  json.Key("items"), json.Int(static_cast<std::int64_t>(manifest.item_count));
  json.Key("interactions"), json.Int(static_cast<std::int64_t>(manifest.interaction_count));
  json.Key("newestInteraction"), json.Int(manifest.newest_interaction_ms);
  json.Key("logSequence"), json.Int(static_cast<std::int64_t>(manifest.log_sequence));
  json.Key("fittedLogSequence"), json.Int(static_cast<std::int64_t>(manifest.fitted_log_sequence));
  json.Key("files");
  json.BeginArray();
  for (const ArtifactFile& file : manifest.files) {
    json.BeginObject();
    json.Key("name"), json.String(file.name);
    json.Key("bytes"), json.Int(static_cast<std::int64_t>(file.bytes));
    json.Key("crc32c"), json.Int(file.crc32c);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return out;
}

// {"crc32c":"01234567","manifest":{…}}: the checksum is that of the inner object's text.
std::string Prefix(std::uint32_t checksum) { return fmt::format(R"({{"crc32c":"{:08x}","manifest":)", checksum); }
constexpr std::string_view kSuffix = "}\n";

}  // namespace

Status WriteManifest(Env& env, const std::string& folder, Manifest manifest) {
  manifest.files.clear();
  ATTUNE_TRY(const auto entries, env.List(folder));
  for (const DirectoryEntry& entry : entries) {
    if (entry.kind != EntryKind::kFile || entry.name == Manifest::kFileName) continue;
    const std::string path = JoinPath(folder, entry.name);
    ATTUNE_TRY(const auto bytes, env.FileSize(path));
    ATTUNE_TRY(const auto checksum, FileChecksum(env, path));
    manifest.files.push_back({.name = entry.name, .bytes = bytes, .crc32c = checksum});
  }
  const std::string body = EncodeBody(manifest);
  const std::string text = Prefix(Crc32c(AsBytes(body))) + body + std::string(kSuffix);
  return env.WriteFileAtomically(JoinPath(folder, Manifest::kFileName), text);
}

namespace {

bool DecodeFiles(simdjson::dom::element root, Manifest& manifest) {
  simdjson::dom::array files;
  if (root["files"].get(files) != simdjson::SUCCESS) return false;
  for (const auto file : files) {
    std::string_view name;
    std::int64_t bytes = 0;
    std::int64_t checksum = 0;
    if (file["name"].get(name) != simdjson::SUCCESS || file["bytes"].get(bytes) != simdjson::SUCCESS ||
        file["crc32c"].get(checksum) != simdjson::SUCCESS) {
      return false;
    }
    manifest.files.push_back({.name = std::string(name),
                              .bytes = static_cast<std::uint64_t>(bytes),
                              .crc32c = static_cast<std::uint32_t>(checksum)});
  }
  return true;
}

/// Members of the manifest's JSON; simdjson's errors become one sentence.
Status Decode(simdjson::dom::element root, Manifest& manifest) {
  const auto bad = [](std::string_view what) {
    return Corrupt(fmt::format("manifest: {} is missing or of the wrong kind", what));
  };
  const auto text = [&](const char* key, std::string& out) -> Status {
    std::string_view value;
    if (root[key].get(value) != simdjson::SUCCESS) return bad(key);
    out = value;
    return {};
  };
  const auto number = [&](const char* key, auto& out) -> Status {
    std::int64_t value = 0;
    if (root[key].get(value) != simdjson::SUCCESS) return bad(key);
    out = static_cast<std::remove_reference_t<decltype(out)>>(value);
    return {};
  };
  const auto object = [&](const char* key, const auto& add) -> Status {
    simdjson::dom::object value;
    if (root[key].get(value) != simdjson::SUCCESS) return bad(key);
    for (const auto field : value) {
      if (!add(std::string(field.key), field.value)) return bad(key);
    }
    return {};
  };
  const auto add_double = [](std::map<std::string, double>& map) {
    return [&map](const std::string& key, simdjson::dom::element value) {
      return value.get(map[key]) == simdjson::SUCCESS;
    };
  };
  std::string seed;
  ATTUNE_RETURN_IF_ERROR(text("recipe", manifest.recipe));
  ATTUNE_RETURN_IF_ERROR(text("trainingMode", manifest.training_mode));
  ATTUNE_RETURN_IF_ERROR(text("seed", seed));
  manifest.seed = std::strtoull(seed.c_str(), nullptr, 10);
  ATTUNE_RETURN_IF_ERROR(object("parameters", [&](const std::string& key, simdjson::dom::element value) {
    std::string_view parameter;
    if (value.get(parameter) != simdjson::SUCCESS) return false;
    manifest.parameters[key] = parameter;
    return true;
  }));
  ATTUNE_RETURN_IF_ERROR(object("chosen", add_double(manifest.chosen)));
  ATTUNE_RETURN_IF_ERROR(object("metrics", add_double(manifest.metrics)));
  ATTUNE_RETURN_IF_ERROR(number("users", manifest.user_count));
  ATTUNE_RETURN_IF_ERROR(number("items", manifest.item_count));
  ATTUNE_RETURN_IF_ERROR(number("interactions", manifest.interaction_count));
  ATTUNE_RETURN_IF_ERROR(number("newestInteraction", manifest.newest_interaction_ms));
  ATTUNE_RETURN_IF_ERROR(number("logSequence", manifest.log_sequence));
  manifest.fitted_log_sequence = manifest.log_sequence;  // Older artifacts do not say.
  if (simdjson::dom::element fitted; root["fittedLogSequence"].get(fitted) == simdjson::SUCCESS) {
    ATTUNE_RETURN_IF_ERROR(number("fittedLogSequence", manifest.fitted_log_sequence));
  }
  simdjson::dom::array members;
  if (root["members"].get(members) != simdjson::SUCCESS) return bad("members");
  for (const auto member : members) {
    std::string_view name;
    if (member.get(name) != simdjson::SUCCESS) return bad("members");
    manifest.members.emplace_back(name);
  }
  if (!DecodeFiles(root, manifest)) return bad("files");
  return {};
}

}  // namespace

Result<Manifest> ReadManifest(Env& env, const std::string& folder) {
  ATTUNE_TRY(const auto text, env.ReadFile(JoinPath(folder, Manifest::kFileName), kManifestBytesMax));
  const std::size_t prefix_bytes = Prefix(0).size();
  if (text.size() < prefix_bytes + kSuffix.size() || !text.ends_with(kSuffix)) {
    return Corrupt(fmt::format("manifest of {} is torn", folder));
  }
  const std::string_view body =
      std::string_view(text).substr(prefix_bytes, text.size() - prefix_bytes - kSuffix.size());
  if (!text.starts_with(Prefix(Crc32c(AsBytes(body))))) {
    return Corrupt(fmt::format("manifest of {} does not have the checksum it states", folder));
  }
  const auto parsed = JsonDocument::Parse(body);
  if (!parsed.ok()) return Corrupt(fmt::format("manifest of {}: {}", folder, parsed.status().message()));
  const JsonDocument& document = *parsed;
  std::int64_t version = 0;
  if (document.root()["version"].get(version) != simdjson::SUCCESS) return Corrupt("manifest: version is missing");
  if (version > Manifest::kVersion) {
    return Corrupt(
        fmt::format("artifact {} has version {}; this program reads up to {}", folder, version, Manifest::kVersion));
  }
  Manifest manifest;
  ATTUNE_RETURN_IF_ERROR(Decode(document.root(), manifest));
  for (const ArtifactFile& file : manifest.files) {
    const auto bytes = env.FileSize(JoinPath(folder, file.name));
    if (!bytes.ok()) return Corrupt(fmt::format("artifact {} lacks {}", folder, file.name));
    if (*bytes != file.bytes) {
      return Corrupt(
          fmt::format("{} of artifact {} has {} bytes; the manifest says {}", file.name, folder, *bytes, file.bytes));
    }
  }
  return manifest;
}

}  // namespace attune
