#pragma once

#include <string>
#include <string_view>

#include "access/identity_store.h"
#include "base/status.h"

// Records of the IdentityStore as JSON texts; docs/formats/identity.md tells the fields. Reading gives Corrupt for what
// is not such a record or has a newer version.
namespace attune {

std::string EncodeIdentity(const Role& role);
std::string EncodeIdentity(const User& user);
std::string EncodeIdentity(const CustomerPolicy& policy);
std::string EncodeIdentity(const RoleSession& session);

Status DecodeIdentity(std::string_view text, Role* role);
Status DecodeIdentity(std::string_view text, User* user);
Status DecodeIdentity(std::string_view text, CustomerPolicy* policy);
Status DecodeIdentity(std::string_view text, RoleSession* session);

}  // namespace attune
