#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace attune {

/// arn:<partition>:<service>:<region>:<account>:<resource>. Views into the text it was parsed from.
struct Arn {
  std::string_view partition;
  std::string_view service;
  std::string_view region;
  std::string_view account;
  std::string_view resource;  ///< "campaign/my-campaign"

  /// InvalidArgument for what does not have the six parts.
  static Result<Arn> Parse(std::string_view text);

  /// The part of `resource` before the first '/': "campaign".
  std::string_view resource_type() const { return resource.substr(0, resource.find('/')); }
  /// The part after it, "" if there is none.
  std::string_view resource_name() const {
    const auto slash = resource.find('/');
    return slash == std::string_view::npos ? std::string_view() : resource.substr(slash + 1);
  }
};

/// The ARN of a resource of this server: MakeArn("us-east-1", "123456789012", "campaign/c1").
std::string MakeArn(std::string_view region, std::string_view account, std::string_view resource);

}  // namespace attune
