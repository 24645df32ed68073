#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "access/role_access.h"
#include "base/status.h"
#include "storage/object_store.h"

namespace attune {

/// "s3://bucket/key" taken apart.
struct ObjectLocation {
  std::string bucket;
  std::string key;  ///< May end in '/' for a folder, or be "" for the bucket itself.

  bool is_folder() const { return key.empty() || key.ends_with('/'); }

  /// InvalidArgument "Invalid Data location." for anything else.
  static Result<ObjectLocation> Parse(std::string_view location);
};

/// Ok if the role may; else InvalidArgument with the sentence that the service gives for a dataset of `type_text`, and
/// which of role, trust, bucket or permission is wanting.
Status CheckAccess(const RoleAccessChecker& access, std::string_view role_arn, ObjectAction action,
                   const ObjectLocation& location, std::string_view what);

/// The keys to read: the object itself, or the .csv files (also .csv.gz) of the folder's first level, sorted.
/// InvalidArgument if there is none.
Result<std::vector<std::string>> ListCsvFiles(const ObjectStore& objects, const ObjectLocation& location);

}  // namespace attune
