#include "protocol/envelope.h"
#include "services/iam/iam_handlers.h"

namespace attune {
namespace {

constexpr QueryOperation kOperations[] = {
    {"AttachRolePolicy", "RoleName", &AttachRolePolicy},
    {"CreateRole", "RoleName", &CreateRole},
    {"DeleteRole", "RoleName", &DeleteRole},
    {"DeleteRolePolicy", "RoleName", &DeleteRolePolicy},
    {"DetachRolePolicy", "RoleName", &DetachRolePolicy},
    {"GetRole", "RoleName", &GetRole},
    {"GetRolePolicy", "RoleName", &GetRolePolicy},
    {"ListAttachedRolePolicies", "RoleName", &ListAttachedRolePolicies},
    {"ListInstanceProfilesForRole", "RoleName", &ListInstanceProfilesForRole},
    {"ListRolePolicies", "RoleName", &ListRolePolicies},
    {"ListRoles", "", &ListRoles},
    {"ListRoleTags", "RoleName", &ListRoleTags},
    {"PutRolePolicy", "RoleName", &PutRolePolicy},
    {"UpdateAssumeRolePolicy", "RoleName", &UpdateAssumeRolePolicy},
};

}  // namespace

QueryService::Description IamDescription() {
  return {.name = "iam", .xml_namespace = kIamNamespace, .version = "2010-05-08", .operations = kOperations};
}

}  // namespace attune
