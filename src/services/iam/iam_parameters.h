#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "access/policy_document.h"
#include "access/tags.h"
#include "protocol/rest_xml.h"
#include "services/iam/query_service.h"

// The parameters of IAM's operations, checked as its model says, and errors in its words.
namespace attune {

/// "1 validation error detected: …", code ValidationError.
AwsError IamValidationError(std::string_view value, std::string_view member, std::string_view constraint);
AwsError IamMissing(std::string_view member);

/// A name of letters, digits and +=,.@_- with 1 to `letters_max` letters: "RoleName", "PolicyName", "UserName".
OrAwsError<std::string> IamName(const QueryForm& form, std::string_view parameter, std::size_t letters_max);
inline constexpr std::size_t kRoleNameMax = 64;
inline constexpr std::size_t kUserNameMax = 64;
inline constexpr std::size_t kPolicyNameMax = 128;

/// "/" if absent. "/division/" and the like.
OrAwsError<std::string> IamPath(const QueryForm& form, std::string_view parameter);
/// 20 to 2048 letters.
OrAwsError<std::string> IamPolicyArn(const QueryForm& form);
/// Checked and as it came. MalformedPolicyDocument; LimitExceeded beyond `bytes_max`, not counting white space.
OrAwsError<std::string> IamDocument(const QueryForm& form, std::string_view parameter, PolicyKind kind,
                                    std::size_t bytes_max);
inline constexpr std::size_t kTrustBytesMax = 2048;
inline constexpr std::size_t kRoleInlineBytesMax = 10240;  ///< Of all inline documents of a role together.
inline constexpr std::size_t kUserInlineBytesMax = 2048;
inline constexpr std::size_t kManagedBytesMax = 6144;
std::size_t BytesWithoutSpace(std::string_view text);

OrAwsError<Tags> IamTagsOf(const QueryForm& form);
inline constexpr std::size_t kIamTagsMax = 50;
/// The element Tags: of a list always, of what has tags where it has some.
enum class WhenEmpty { kWrite, kOmit };
void WriteIamTags(XmlWriter& xml, const Tags& tags, WhenEmpty when_empty);

/// A page of a list that is sorted by name: MaxItems and Marker.
struct IamPage {
  std::string after;  ///< Names greater than this.
  std::size_t items_max = 100;
};
OrAwsError<IamPage> IamPageOf(const QueryForm& form);
/// The XML of IsTruncated and, where there is more, of Marker.
void WriteIamPage(std::string_view last_name, bool truncated, std::string* xml);

/// An AWS error for what the identity store says.
AwsError IamError(const Status& status);

/// "2019-05-14T19:52:21Z"
std::string IamTime(std::int64_t unix_ms);

}  // namespace attune
