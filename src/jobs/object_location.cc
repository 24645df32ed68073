#include "jobs/object_location.h"

#include <fmt/format.h>

namespace attune {

Result<ObjectLocation> ObjectLocation::Parse(std::string_view location) {
  constexpr std::string_view kScheme = "s3://";
  if (!location.starts_with(kScheme)) return InvalidArgument("Invalid Data location.");
  location.remove_prefix(kScheme.size());
  const std::size_t slash = location.find('/');
  ObjectLocation parsed{.bucket = std::string(location.substr(0, slash))};
  if (slash != std::string_view::npos) parsed.key = location.substr(slash + 1);
  if (parsed.bucket.empty()) return InvalidArgument("Invalid Data location.");
  return parsed;
}

Status CheckAccess(const RoleAccessChecker& access, std::string_view role_arn, ObjectAction action,
                   const ObjectLocation& location, std::string_view what) {
  ATTUNE_TRY(const RoleAccess granted, access.Check(role_arn, action, location.bucket, location.key));
  std::string reason;
  switch (granted) {
    case RoleAccess::kGranted: return {};
    case RoleAccess::kRoleMissing: reason = fmt::format("The role {} does not exist.", role_arn); break;
    case RoleAccess::kRoleNotTrusting:
      reason = fmt::format("The role {} does not trust personalize.amazonaws.com.", role_arn);
      break;
    case RoleAccess::kNoBucket: reason = fmt::format("The bucket {} does not exist.", location.bucket); break;
    case RoleAccess::kNotPermitted:
      reason = fmt::format("Neither the policies of {} nor the bucket's allow s3:{} on s3://{}/{}.", role_arn,
                           action == ObjectAction::kRead    ? "GetObject"
                           : action == ObjectAction::kWrite ? "PutObject"
                                                            : "ListBucket",
                           location.bucket, location.key);
      break;
  }
  return InvalidArgument(fmt::format("{}Insufficient privileges for accessing data in Amazon S3. {}", what, reason));
}

Result<std::vector<std::string>> ListCsvFiles(const ObjectStore& objects, const ObjectLocation& location) {
  if (!location.is_folder()) return std::vector<std::string>{location.key};
  std::vector<std::string> keys;
  ListObjectsRequest request{.prefix = location.key, .delimiter = "/", .start_after = {}};
  for (bool more = true; more;) {
    ATTUNE_TRY(const auto page, objects.ListObjects(location.bucket, request));
    for (const ObjectInfo& object : page.objects) {
      if (object.key.ends_with(".csv") || object.key.ends_with(".csv.gz")) keys.push_back(object.key);
    }
    more = page.truncated;
    request.start_after = page.next_start_after;
  }
  if (keys.empty()) {
    return InvalidArgument(fmt::format("There is no .csv file in s3://{}/{}.", location.bucket, location.key));
  }
  return keys;
}

}  // namespace attune
