#pragma once

#include <string>
#include <string_view>

#include "base/random.h"
#include "base/status.h"
#include "storage/env.h"

namespace attune {

struct AccessKey {
  std::string id;
  std::string secret;
};

inline constexpr std::size_t kAccessKeyIdBytesMin = 3;
inline constexpr std::size_t kAccessKeyIdBytesMax = 128;
inline constexpr std::size_t kSecretAccessKeyBytesMin = 16;
inline constexpr std::size_t kSecretAccessKeyBytesMax = 1024;

/// InvalidArgument unless both have their lengths and hold visible ASCII alone, the id no ',' (it stands in a list that
/// commas part). The message never shows the secret.
Status CheckAccessKey(const AccessKey& key);

/// 20 characters and 40, in the form that AWS gives them.
AccessKey NewAccessKey(Entropy& entropy);

/// The key in the [default] section of an AWS credentials file. NotFound without file, Corrupt if it has no such key.
Result<AccessKey> ReadCredentialsFile(Env& env, const std::string& path);

/// Durable when it returns; nobody but the owner may read it.
Status WriteCredentialsFile(Env& env, const std::string& path, const AccessKey& key);

}  // namespace attune
