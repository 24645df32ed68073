#include "access/identity_codec.h"

#include <fmt/format.h>

#include "base/json.h"

namespace attune {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::int64_t kFormatVersion = 1;

// ---- Writing

void WriteText(JsonWriter& json, std::string_view key, std::string_view value) {
  json.Key(key);
  json.String(value);
}

void WriteNumber(JsonWriter& json, std::string_view key, std::int64_t value) {
  json.Key(key);
  json.Int(value);
}

void WritePolicies(JsonWriter& json, const AttachedPolicies& policies) {
  json.Key("attached");
  json.BeginArray();
  for (const auto& arn : policies.managed_arns) json.String(arn);
  json.EndArray();
  json.Key("inline");
  json.BeginObject();
  for (const auto& [name, document] : policies.inline_documents) WriteText(json, name, document);
  json.EndObject();
}

void WriteTags(JsonWriter& json, const Tags& tags) {
  json.Key("tags");
  json.BeginArray();
  for (const auto& [key, value] : tags) {
    json.BeginObject();
    WriteText(json, "key", key);
    WriteText(json, "value", value);
    json.EndObject();
  }
  json.EndArray();
}

template <class Record>
void WriteFront(JsonWriter& json, const Record& record) {
  json.BeginObject();
  WriteNumber(json, "version", kFormatVersion);
  WriteText(json, "name", record.name);
  WriteText(json, "path", record.path);
  WriteText(json, "id", record.id);
  WriteText(json, "arn", record.arn);
  WriteNumber(json, "created_ms", record.created_ms);
}

// ---- Reading

/// Collects the first thing that is missing, so that readers need not ask at each field.
class RecordReader {
 public:
  explicit RecordReader(object from) : from_(from) {}

  void Text(std::string_view key, std::string* value) {
    std::string_view text;
    if (Missing(from_[key].get(text), key)) return;
    *value = text;
  }
  template <class T>
  void Number(std::string_view key, T* value) {
    std::int64_t number = 0;
    if (Missing(from_[key].get(number), key)) return;
    *value = static_cast<T>(number);
  }
  /// Whether it has that member: of those that records got later.
  bool Has(std::string_view key) const { return from_[key].error() == simdjson::SUCCESS; }
  void Bool(std::string_view key, bool* value) { Missing(from_[key].get(*value), key); }
  array Array(std::string_view key) {
    array each;
    if (Missing(from_[key].get(each), key)) return {};
    return each;
  }
  object Object(std::string_view key) {
    object each;
    if (Missing(from_[key].get(each), key)) return {};
    return each;
  }
  bool Missing(simdjson::error_code error, std::string_view key) {
    if (error && status_.ok()) status_ = Corrupt(fmt::format("an identity record has no right '{}'", key));
    return error != simdjson::SUCCESS;
  }
  bool ok() const { return status_.ok(); }
  const Status& status() const { return status_; }

 private:
  object from_;
  Status status_;
};

void ReadTexts(RecordReader& reader, std::string_view key, std::vector<std::string>* texts) {
  const auto list = reader.Array(key);
  if (!reader.ok()) return;
  for (const element each : list) {
    std::string_view text;
    if (reader.Missing(each.get(text), key)) return;
    texts->emplace_back(text);
  }
}

void ReadPolicies(RecordReader& reader, AttachedPolicies* policies) {
  ReadTexts(reader, "attached", &policies->managed_arns);
  const auto documents = reader.Object("inline");
  if (!reader.ok()) return;
  for (const auto field : documents) {
    std::string_view document;
    if (reader.Missing(field.value.get(document), "inline")) return;
    policies->inline_documents.emplace(field.key, document);
  }
}

/// Calls `read` with a reader of each object of the array `key`.
template <class Read>
void ReadEach(RecordReader& reader, std::string_view key, Read read) {
  const auto list = reader.Array(key);
  if (!reader.ok()) return;
  for (const element each : list) {
    object fields;
    if (reader.Missing(each.get(fields), key)) return;
    RecordReader inner(fields);
    read(inner);
    if (!inner.ok()) {
      reader.Missing(simdjson::INCORRECT_TYPE, key);
      return;
    }
  }
}

void ReadTags(RecordReader& reader, Tags* tags) {
  ReadEach(reader, "tags", [&](RecordReader& inner) {
    auto& tag = tags->emplace_back();
    inner.Text("key", &tag.first);
    inner.Text("value", &tag.second);
  });
}

template <class Record>
void ReadFront(RecordReader& reader, Record* record) {
  std::int64_t version = 0;
  reader.Number("version", &version);
  if (version != kFormatVersion) reader.Missing(simdjson::INCORRECT_TYPE, "version");
  reader.Text("name", &record->name);
  reader.Text("path", &record->path);
  reader.Text("id", &record->id);
  reader.Text("arn", &record->arn);
  reader.Number("created_ms", &record->created_ms);
}

Result<JsonDocument> ParseRecord(std::string_view text) {
  auto json = JsonDocument::Parse(text);
  if (!json.ok() || !json->root().is_object()) return Corrupt("an identity record is no JSON object");
  return json;
}

}  // namespace

std::string EncodeIdentity(const Role& role) {
  std::string text;
  JsonWriter json(&text);
  WriteFront(json, role);
  WriteText(json, "trust", role.trust_document);
  WriteText(json, "description", role.description);
  WriteNumber(json, "session_seconds_max", role.session_seconds_max);
  WritePolicies(json, role.policies);
  WriteTags(json, role.tags);
  json.EndObject();
  return text;
}

std::string EncodeIdentity(const User& user) {
  std::string text;
  JsonWriter json(&text);
  WriteFront(json, user);
  WritePolicies(json, user.policies);
  json.Key("keys");
  json.BeginArray();
  for (const auto& key : user.keys) {
    json.BeginObject();
    WriteText(json, "id", key.id);
    WriteText(json, "secret", key.secret);
    json.Key("active");
    json.Bool(key.active);
    WriteNumber(json, "created_ms", key.created_ms);
    json.EndObject();
  }
  json.EndArray();
  WriteTags(json, user.tags);
  json.EndObject();
  return text;
}

std::string EncodeIdentity(const CustomerPolicy& policy) {
  std::string text;
  JsonWriter json(&text);
  WriteFront(json, policy);
  WriteText(json, "description", policy.description);
  WriteNumber(json, "updated_ms", policy.updated_ms);
  WriteText(json, "default_version", policy.default_version);
  WriteNumber(json, "next_version", policy.next_version);
  json.Key("versions");
  json.BeginArray();
  for (const auto& version : policy.versions) {
    json.BeginObject();
    WriteText(json, "id", version.id);
    WriteText(json, "document", version.document);
    WriteNumber(json, "created_ms", version.created_ms);
    json.EndObject();
  }
  json.EndArray();
  WriteTags(json, policy.tags);
  json.EndObject();
  return text;
}

std::string EncodeIdentity(const RoleSession& session) {
  std::string text;
  JsonWriter json(&text);
  json.BeginObject();
  WriteNumber(json, "version", kFormatVersion);
  WriteText(json, "key_id", session.key_id);
  WriteText(json, "secret", session.secret);
  WriteText(json, "token", session.token);
  WriteText(json, "role", session.role_name);
  WriteText(json, "arn", session.arn);
  WriteText(json, "user_id", session.user_id);
  json.Key("policies");
  json.BeginArray();
  for (const auto& document : session.policy_documents) json.String(document);
  json.EndArray();
  WriteNumber(json, "issued_ms", session.issued_ms);
  WriteNumber(json, "expires_ms", session.expires_ms);
  json.EndObject();
  return text;
}

Status DecodeIdentity(std::string_view text, Role* role) {
  ATTUNE_TRY(const auto json, ParseRecord(text));
  RecordReader reader{object(json.root())};
  ReadFront(reader, role);
  reader.Text("trust", &role->trust_document);
  reader.Text("description", &role->description);
  reader.Number("session_seconds_max", &role->session_seconds_max);
  ReadPolicies(reader, &role->policies);
  ReadTags(reader, &role->tags);
  return reader.status();
}

Status DecodeIdentity(std::string_view text, User* user) {
  ATTUNE_TRY(const auto json, ParseRecord(text));
  RecordReader reader{object(json.root())};
  ReadFront(reader, user);
  ReadPolicies(reader, &user->policies);
  ReadEach(reader, "keys", [&](RecordReader& inner) {
    auto& key = user->keys.emplace_back();
    inner.Text("id", &key.id);
    inner.Text("secret", &key.secret);
    inner.Bool("active", &key.active);
    inner.Number("created_ms", &key.created_ms);
  });
  ReadTags(reader, &user->tags);
  return reader.status();
}

Status DecodeIdentity(std::string_view text, CustomerPolicy* policy) {
  ATTUNE_TRY(const auto json, ParseRecord(text));
  RecordReader reader{object(json.root())};
  ReadFront(reader, policy);
  reader.Text("description", &policy->description);
  reader.Number("updated_ms", &policy->updated_ms);
  reader.Text("default_version", &policy->default_version);
  reader.Number("next_version", &policy->next_version);
  ReadEach(reader, "versions", [&](RecordReader& inner) {
    auto& version = policy->versions.emplace_back();
    inner.Text("id", &version.id);
    inner.Text("document", &version.document);
    inner.Number("created_ms", &version.created_ms);
  });
  if (reader.Has("tags")) ReadTags(reader, &policy->tags);
  return reader.status();
}

Status DecodeIdentity(std::string_view text, RoleSession* session) {
  ATTUNE_TRY(const auto json, ParseRecord(text));
  RecordReader reader{object(json.root())};
  std::int64_t version = 0;
  reader.Number("version", &version);
  if (version != kFormatVersion) reader.Missing(simdjson::INCORRECT_TYPE, "version");
  reader.Text("key_id", &session->key_id);
  reader.Text("secret", &session->secret);
  reader.Text("token", &session->token);
  reader.Text("role", &session->role_name);
  reader.Text("arn", &session->arn);
  reader.Text("user_id", &session->user_id);
  if (reader.Has("policies")) ReadTexts(reader, "policies", &session->policy_documents);
  if (reader.Has("issued_ms")) reader.Number("issued_ms", &session->issued_ms);
  reader.Number("expires_ms", &session->expires_ms);
  return reader.status();
}

}  // namespace attune
