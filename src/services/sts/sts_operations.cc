#include "protocol/envelope.h"
#include "protocol/rest_xml.h"
#include "services/iam/query_service.h"

namespace attune {
namespace {

/// Any signed caller may ask who they are.
QueryReply GetCallerIdentity(QueryContext& context, const QueryCall& call) {
  std::string text;
  XmlWriter xml(&text);
  xml.Element("Arn", call.caller.arn);
  // The root's id is the account's.
  std::string id = call.caller.account_id;
  if (!call.caller.is_root()) {
    const auto user = context.identities.FindUser(call.caller.arn.substr(call.caller.arn.rfind('/') + 1));
    if (user.ok()) id = user->id;
  }
  xml.Element("UserId", id);
  xml.Element("Account", call.caller.account_id);
  return text;
}

constexpr QueryOperation kOperations[] = {{"GetCallerIdentity", "", &GetCallerIdentity}};

}  // namespace

QueryService::Description StsDescription() {
  return {.name = "sts",
          .xml_namespace = kStsNamespace,
          .version = "2011-06-15",
          .operations = kOperations,
          .always_allowed = true};
}

}  // namespace attune
