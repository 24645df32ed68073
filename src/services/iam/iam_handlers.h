#pragma once

#include "services/iam/query_service.h"

// IAM's operations, named as AWS names them. https://docs.aws.amazon.com/IAM/latest/APIReference/
namespace attune {

// role.cc
QueryReply CreateRole(QueryContext& context, const QueryCall& call);
QueryReply GetRole(QueryContext& context, const QueryCall& call);
QueryReply ListRoles(QueryContext& context, const QueryCall& call);
QueryReply DeleteRole(QueryContext& context, const QueryCall& call);
QueryReply UpdateAssumeRolePolicy(QueryContext& context, const QueryCall& call);
QueryReply ListInstanceProfilesForRole(QueryContext& context, const QueryCall& call);

// holder_policies.cc
QueryReply AttachRolePolicy(QueryContext& context, const QueryCall& call);
QueryReply DetachRolePolicy(QueryContext& context, const QueryCall& call);
QueryReply ListAttachedRolePolicies(QueryContext& context, const QueryCall& call);
QueryReply PutRolePolicy(QueryContext& context, const QueryCall& call);
QueryReply GetRolePolicy(QueryContext& context, const QueryCall& call);
QueryReply DeleteRolePolicy(QueryContext& context, const QueryCall& call);
QueryReply ListRolePolicies(QueryContext& context, const QueryCall& call);
QueryReply AttachUserPolicy(QueryContext& context, const QueryCall& call);
QueryReply DetachUserPolicy(QueryContext& context, const QueryCall& call);
QueryReply ListAttachedUserPolicies(QueryContext& context, const QueryCall& call);
QueryReply PutUserPolicy(QueryContext& context, const QueryCall& call);
QueryReply GetUserPolicy(QueryContext& context, const QueryCall& call);
QueryReply DeleteUserPolicy(QueryContext& context, const QueryCall& call);
QueryReply ListUserPolicies(QueryContext& context, const QueryCall& call);

// tag.cc
QueryReply TagRole(QueryContext& context, const QueryCall& call);
QueryReply UntagRole(QueryContext& context, const QueryCall& call);
QueryReply ListRoleTags(QueryContext& context, const QueryCall& call);
QueryReply TagUser(QueryContext& context, const QueryCall& call);
QueryReply UntagUser(QueryContext& context, const QueryCall& call);
QueryReply ListUserTags(QueryContext& context, const QueryCall& call);
QueryReply TagPolicy(QueryContext& context, const QueryCall& call);
QueryReply UntagPolicy(QueryContext& context, const QueryCall& call);
QueryReply ListPolicyTags(QueryContext& context, const QueryCall& call);

// user.cc
QueryReply CreateUser(QueryContext& context, const QueryCall& call);
QueryReply GetUser(QueryContext& context, const QueryCall& call);
QueryReply ListUsers(QueryContext& context, const QueryCall& call);
QueryReply DeleteUser(QueryContext& context, const QueryCall& call);
QueryReply CreateAccessKey(QueryContext& context, const QueryCall& call);
QueryReply ListAccessKeys(QueryContext& context, const QueryCall& call);
QueryReply UpdateAccessKey(QueryContext& context, const QueryCall& call);
QueryReply DeleteAccessKey(QueryContext& context, const QueryCall& call);

// policy.cc
QueryReply CreatePolicy(QueryContext& context, const QueryCall& call);
QueryReply GetPolicy(QueryContext& context, const QueryCall& call);
QueryReply ListPolicies(QueryContext& context, const QueryCall& call);
QueryReply DeletePolicy(QueryContext& context, const QueryCall& call);
QueryReply CreatePolicyVersion(QueryContext& context, const QueryCall& call);
QueryReply GetPolicyVersion(QueryContext& context, const QueryCall& call);
QueryReply ListPolicyVersions(QueryContext& context, const QueryCall& call);
QueryReply DeletePolicyVersion(QueryContext& context, const QueryCall& call);
QueryReply SetDefaultPolicyVersion(QueryContext& context, const QueryCall& call);

}  // namespace attune

/// ATTUNE_ARGUMENT(const auto name, IamName(…)): the value, or return the AwsError to the caller.
#define ATTUNE_ARGUMENT(declaration, expression) \
  ATTUNE_ARGUMENT_(ATTUNE_CAT(attune_argument_, __LINE__), declaration, expression)
#define ATTUNE_ARGUMENT_(temporary, declaration, expression)          \
  auto temporary = (expression);                                      \
  if (auto* error = std::get_if<AwsError>(&temporary)) return *error; \
  declaration = std::get<0>(std::move(temporary))
