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
    {"TagRole", "RoleName", &TagRole},
    {"UntagRole", "RoleName", &UntagRole},
    {"UpdateAssumeRolePolicy", "RoleName", &UpdateAssumeRolePolicy},

    {"AttachUserPolicy", "UserName", &AttachUserPolicy},
    {"CreateAccessKey", "UserName", &CreateAccessKey},
    {"CreatePolicy", "PolicyName", &CreatePolicy},
    {"CreatePolicyVersion", "PolicyArn", &CreatePolicyVersion},
    {"CreateUser", "UserName", &CreateUser},
    {"DeleteAccessKey", "UserName", &DeleteAccessKey},
    {"DeletePolicy", "PolicyArn", &DeletePolicy},
    {"DeletePolicyVersion", "PolicyArn", &DeletePolicyVersion},
    {"DeleteUser", "UserName", &DeleteUser},
    {"DeleteUserPolicy", "UserName", &DeleteUserPolicy},
    {"DetachUserPolicy", "UserName", &DetachUserPolicy},
    {"GetPolicy", "PolicyArn", &GetPolicy},
    {"GetPolicyVersion", "PolicyArn", &GetPolicyVersion},
    {"GetUser", "UserName", &GetUser},
    {"GetUserPolicy", "UserName", &GetUserPolicy},
    {"ListAccessKeys", "UserName", &ListAccessKeys},
    {"ListAttachedUserPolicies", "UserName", &ListAttachedUserPolicies},
    {"ListPolicies", "", &ListPolicies},
    {"ListPolicyVersions", "PolicyArn", &ListPolicyVersions},
    {"ListPolicyTags", "PolicyArn", &ListPolicyTags},
    {"ListUserPolicies", "UserName", &ListUserPolicies},
    {"ListUserTags", "UserName", &ListUserTags},
    {"ListUsers", "", &ListUsers},
    {"PutUserPolicy", "UserName", &PutUserPolicy},
    {"SetDefaultPolicyVersion", "PolicyArn", &SetDefaultPolicyVersion},
    {"TagPolicy", "PolicyArn", &TagPolicy},
    {"TagUser", "UserName", &TagUser},
    {"UntagPolicy", "PolicyArn", &UntagPolicy},
    {"UntagUser", "UserName", &UntagUser},
    {"UpdateAccessKey", "UserName", &UpdateAccessKey},
};

}  // namespace

QueryService::Description IamDescription() {
  return {.name = "iam", .xml_namespace = kIamNamespace, .version = "2010-05-08", .operations = kOperations};
}

}  // namespace attune
