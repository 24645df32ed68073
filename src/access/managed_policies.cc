#include "access/managed_policies.h"

#include <algorithm>
#include <array>

namespace attune {
namespace {

constexpr std::array<ManagedPolicy, 7> kPolicies = {{
    {"arn:aws:iam::aws:policy/AdministratorAccess", "/", "AdministratorAccess",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})"},
    {"arn:aws:iam::aws:policy/service-role/AmazonPersonalizeFullAccess", "/service-role/",
     "AmazonPersonalizeFullAccess",
     R"({"Version":"2012-10-17","Statement":[)"
     R"({"Effect":"Allow","Action":["personalize:*"],"Resource":"*"},)"
     R"({"Effect":"Allow","Action":["cloudwatch:PutMetricData","cloudwatch:ListMetrics"],"Resource":"*"},)"
     R"({"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject","s3:ListBucket"],)"
     R"("Resource":["arn:aws:s3:::*Personalize*","arn:aws:s3:::*personalize*"]},)"
     R"({"Effect":"Allow","Action":["iam:PassRole"],"Resource":"*",)"
     R"("Condition":{"StringEquals":{"iam:PassedToService":"personalize.amazonaws.com"}}}]})"},
    {"arn:aws:iam::aws:policy/AmazonS3FullAccess", "/", "AmazonS3FullAccess",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","s3-object-lambda:*"],)"
     R"("Resource":"*"}]})"},
    {"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", "/", "AmazonS3ReadOnlyAccess",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*","s3:Describe*",)"
     R"("s3-object-lambda:Get*","s3-object-lambda:List*"],"Resource":"*"}]})"},
    {"arn:aws:iam::aws:policy/IAMFullAccess", "/", "IAMFullAccess",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*","organizations:Describe*",)"
     R"("organizations:List*"],"Resource":"*"}]})"},
    {"arn:aws:iam::aws:policy/IAMReadOnlyAccess", "/", "IAMReadOnlyAccess",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:Get*","iam:List*",)"
     R"("iam:GenerateCredentialReport","iam:GenerateServiceLastAccessedDetails","iam:SimulateCustomPolicy",)"
     R"("iam:SimulatePrincipalPolicy"],"Resource":"*"}]})"},
    {"arn:aws:iam::aws:policy/ReadOnlyAccess", "/", "ReadOnlyAccess",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:Get*","iam:List*",)"
     R"("personalize:Describe*","personalize:Get*","personalize:List*","s3:Get*","s3:List*","s3:Describe*",)"
     R"("sts:GetCallerIdentity"],"Resource":"*"}]})"},
}};

}  // namespace

std::span<const ManagedPolicy> ManagedPolicies() { return kPolicies; }

const ManagedPolicy* FindManagedPolicy(std::string_view arn) {
  const auto found =
      std::find_if(kPolicies.begin(), kPolicies.end(), [&](const ManagedPolicy& policy) { return policy.arn == arn; });
  return found == kPolicies.end() ? nullptr : &*found;
}

}  // namespace attune
