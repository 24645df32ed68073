#include "access/policy_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "access/wildcard.h"
#include "base/json.h"

namespace attune {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

constexpr std::string_view kNotJsonIam = "This policy contains invalid Json";
constexpr std::string_view kNotJsonS3 = "Policies must be valid JSON and the first byte must be '{'";

constexpr std::array<std::string_view, 26> kConditionOperations = {
    "stringequals",
    "stringnotequals",
    "stringequalsignorecase",
    "stringnotequalsignorecase",
    "stringlike",
    "stringnotlike",
    "numericequals",
    "numericnotequals",
    "numericlessthan",
    "numericlessthanequals",
    "numericgreaterthan",
    "numericgreaterthanequals",
    "dateequals",
    "datenotequals",
    "datelessthan",
    "datelessthanequals",
    "dategreaterthan",
    "dategreaterthanequals",
    "bool",
    "binaryequals",
    "ipaddress",
    "notipaddress",
    "arnequals",
    "arnlike",
    "arnnotequals",
    "arnnotlike",
};

/// One text, or a list of texts.
Result<std::vector<std::string>> Texts(const element& value, std::string_view name) {
  const auto wrong = [&] { return InvalidArgument(fmt::format("Syntax errors in policy: {} holds no texts.", name)); };
  std::vector<std::string> texts;
  const auto add = [&](const element& each) {
    // Condition values may be written as true or 1.
    switch (each.type()) {
      case element_type::STRING: texts.emplace_back(std::string_view(each)); return true;
      case element_type::BOOL: texts.emplace_back(bool(each) ? "true" : "false"); return true;
      case element_type::INT64: texts.push_back(std::to_string(std::int64_t(each))); return true;
      case element_type::DOUBLE: texts.push_back(fmt::format("{}", double(each))); return true;
      default: return false;
    }
  };
  if (value.type() != element_type::ARRAY) {
    if (!add(value)) return wrong();
    return texts;
  }
  for (const element each : simdjson::dom::array(value)) {
    if (!add(each)) return wrong();
  }
  return texts;
}

Result<PolicyPrincipals> ParsePrincipals(const element& value) {
  PolicyPrincipals principals;
  if (value.type() == element_type::STRING) {
    if (std::string_view(value) != "*") return InvalidArgument("Invalid principal in policy");
    principals.any = true;
    return principals;
  }
  if (value.type() != element_type::OBJECT) return InvalidArgument("Invalid principal in policy");
  for (const auto field : object(value)) {
    ATTUNE_TRY(auto texts, Texts(field.value, "Principal"));
    auto* into = &principals.others;
    if (field.key == "AWS")
      into = &principals.aws;
    else if (field.key == "Service")
      into = &principals.services;
    else if (field.key != "Federated" && field.key != "CanonicalUser") {
      return InvalidArgument(fmt::format("Invalid principal in policy: \"{}\"", field.key));
    }
    for (auto& text : texts) into->push_back(std::move(text));
  }
  if (principals.aws.empty() && principals.services.empty() && principals.others.empty()) {
    return InvalidArgument("Invalid principal in policy");
  }
  principals.any = std::find(principals.aws.begin(), principals.aws.end(), "*") != principals.aws.end();
  return principals;
}

Result<PolicyCondition> ParseOperator(std::string_view name) {
  PolicyCondition condition;
  std::string operation = LowerCase(name);
  const auto strip_front = [&](std::string_view prefix) {
    if (!operation.starts_with(prefix)) return false;
    operation.erase(0, prefix.size());
    return true;
  };
  if (strip_front("forallvalues:"))
    condition.quantifier = PolicyCondition::Quantifier::kForAllValues;
  else if (strip_front("foranyvalue:"))
    condition.quantifier = PolicyCondition::Quantifier::kForAnyValue;
  constexpr std::string_view kIfExists = "ifexists";
  if (operation != "null" && operation.ends_with(kIfExists)) {
    condition.if_exists = true;
    operation.resize(operation.size() - kIfExists.size());
  }
  const bool known = operation == "null" || std::find(kConditionOperations.begin(), kConditionOperations.end(),
                                                      operation) != kConditionOperations.end();
  if (!known) return InvalidArgument(fmt::format("Invalid Condition type : {}", name));
  condition.operation = std::move(operation);
  return condition;
}

Result<std::vector<PolicyCondition>> ParseConditions(const element& value) {
  std::vector<PolicyCondition> conditions;
  if (value.type() != element_type::OBJECT) return InvalidArgument("Syntax errors in policy: Condition is no object.");
  for (const auto by_operator : object(value)) {
    ATTUNE_TRY(const auto parsed, ParseOperator(by_operator.key));
    if (by_operator.value.type() != element_type::OBJECT) {
      return InvalidArgument(fmt::format("Syntax errors in policy: {} is no object.", by_operator.key));
    }
    for (const auto by_key : object(by_operator.value)) {
      auto condition = parsed;
      condition.key = LowerCase(by_key.key);
      ATTUNE_TRY(condition.values, Texts(by_key.value, by_key.key));
      conditions.push_back(std::move(condition));
    }
  }
  return conditions;
}

Status CheckActions(const PolicyStatement& statement, PolicyKind kind) {
  const bool bucket = kind == PolicyKind::kBucket;
  if (statement.actions.empty()) {
    return InvalidArgument(bucket ? "Missing required field Action" : "Policy statement must contain actions.");
  }
  for (const auto& action : statement.actions) {
    const auto lower = LowerCase(action);
    if (kind == PolicyKind::kTrust && !lower.starts_with("sts:") && lower != "*") {
      return InvalidArgument("AssumeRole policy may only specify STS AssumeRole actions.");
    }
    if (bucket && !lower.starts_with("s3:") && lower != "*") return InvalidArgument("Policy has invalid action");
    if (action != "*" && action.find(':') == std::string::npos) {
      return InvalidArgument("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
    }
  }
  return {};
}

Status CheckResources(const PolicyStatement& statement, bool present, PolicyKind kind) {
  if (kind == PolicyKind::kTrust) {
    return present ? InvalidArgument("Has prohibited field Resource") : Status();
  }
  const bool bucket = kind == PolicyKind::kBucket;
  if (statement.resources.empty()) {
    return InvalidArgument(bucket ? "Missing required field Resource" : "Policy statement must contain resources.");
  }
  for (const auto& resource : statement.resources) {
    if (resource == "*") continue;
    if (bucket && !resource.starts_with("arn:aws:s3:::")) return InvalidArgument("Policy has invalid resource");
    if (std::count(resource.begin(), resource.end(), ':') < 5 && !resource.starts_with("arn:*")) {
      return InvalidArgument(fmt::format("Resource {} must be in ARN format or \"*\".", resource));
    }
  }
  return {};
}

Status CheckPrincipal(const PolicyStatement& statement, PolicyKind kind) {
  if (kind == PolicyKind::kIdentity) {
    return statement.has_principal ? InvalidArgument("Policy document should not specify a principal.") : Status();
  }
  if (!statement.has_principal) return InvalidArgument("Missing required field Principal");
  // Everybody but one would be everybody in the world.
  const bool lets_all_others =
      statement.effect == PolicyEffect::kAllow && statement.principal_match == PolicyMatch::kNotListed;
  return lets_all_others ? InvalidArgument("NotPrincipal is only supported with Effect Deny.") : Status();
}

Result<PolicyStatement> ParseStatement(const element& value, PolicyKind kind) {
  if (value.type() != element_type::OBJECT) return InvalidArgument("Syntax errors in policy.");
  PolicyStatement statement;
  bool has_effect = false;
  int action_elements = 0;
  int resource_elements = 0;
  for (const auto field : object(value)) {
    const auto key = field.key;
    if (key == "Sid" || key == "Effect") {
      std::string_view text;
      if (field.value.get(text)) return InvalidArgument(fmt::format("Syntax errors in policy: {} is no text.", key));
      if (key == "Sid") {
        statement.sid = text;
      } else {
        if (text != "Allow" && text != "Deny") return InvalidArgument(fmt::format("Invalid effect: {}", text));
        statement.effect = text == "Allow" ? PolicyEffect::kAllow : PolicyEffect::kDeny;
        has_effect = true;
      }
    } else if (key == "Principal" || key == "NotPrincipal") {
      ATTUNE_TRY(statement.principals, ParsePrincipals(field.value));
      statement.has_principal = true;
      statement.principal_match = key == "Principal" ? PolicyMatch::kListed : PolicyMatch::kNotListed;
    } else if (key == "Action" || key == "NotAction") {
      ATTUNE_TRY(statement.actions, Texts(field.value, key));
      statement.action_match = key == "Action" ? PolicyMatch::kListed : PolicyMatch::kNotListed;
      ++action_elements;
    } else if (key == "Resource" || key == "NotResource") {
      ATTUNE_TRY(statement.resources, Texts(field.value, key));
      statement.resource_match = key == "Resource" ? PolicyMatch::kListed : PolicyMatch::kNotListed;
      ++resource_elements;
    } else if (key == "Condition") {
      ATTUNE_TRY(statement.conditions, ParseConditions(field.value));
    } else {
      return InvalidArgument(fmt::format("Unknown field {}", key));
    }
  }
  if (!has_effect) return InvalidArgument("Missing required field Effect");
  if (action_elements > 1 || resource_elements > 1) return InvalidArgument("Syntax errors in policy.");
  ATTUNE_RETURN_IF_ERROR(CheckPrincipal(statement, kind));
  ATTUNE_RETURN_IF_ERROR(CheckActions(statement, kind));
  ATTUNE_RETURN_IF_ERROR(CheckResources(statement, resource_elements > 0, kind));
  return statement;
}

Status CheckSids(const PolicyDocument& document) {
  std::set<std::string_view> sids;
  for (const auto& statement : document.statements) {
    if (!statement.sid.empty() && !sids.insert(statement.sid).second) {
      return InvalidArgument("Statement IDs (SID) in a single policy must be unique.");
    }
  }
  return {};
}

}  // namespace

Result<PolicyDocument> PolicyDocument::Parse(std::string_view text, PolicyKind kind) {
  const auto not_json = kind == PolicyKind::kBucket ? kNotJsonS3 : kNotJsonIam;
  const auto json = JsonDocument::Parse(text);
  if (!json.ok() || json->root().type() != element_type::OBJECT) return InvalidArgument(std::string(not_json));

  PolicyDocument document;
  document.version = "2008-10-17";
  bool has_statement = false;
  for (const auto field : object(json->root())) {
    if (field.key == "Version") {
      std::string_view version;
      if (field.value.get(version) || (version != "2012-10-17" && version != "2008-10-17")) {
        return InvalidArgument(kind == PolicyKind::kBucket ? "The policy must contain a valid version string"
                                                           : "Syntax errors in policy.");
      }
      document.version = version;
    } else if (field.key == "Id") {
      continue;
    } else if (field.key == "Statement") {
      has_statement = true;
      if (field.value.type() != element_type::ARRAY) {
        ATTUNE_TRY(auto statement, ParseStatement(field.value, kind));
        document.statements.push_back(std::move(statement));
        continue;
      }
      for (const element each : simdjson::dom::array(field.value)) {
        ATTUNE_TRY(auto statement, ParseStatement(each, kind));
        document.statements.push_back(std::move(statement));
      }
    } else {
      return InvalidArgument(fmt::format("Unknown field {}", field.key));
    }
  }
  if (!has_statement || document.statements.empty()) {
    return InvalidArgument(kind == PolicyKind::kBucket ? "Missing required field Statement"
                                                       : "Syntax errors in policy.");
  }
  ATTUNE_RETURN_IF_ERROR(CheckSids(document));
  return document;
}

}  // namespace attune
