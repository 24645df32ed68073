#include "server/administrator.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace attune {
namespace {

constexpr unsigned kOwnerOnly = 0600;
constexpr std::uint64_t kCredentialsBytesMax = 64 << 10;

bool IsVisible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

/// `count` characters of `alphabet`, whose size divides 256 so that each is as likely.
std::string RandomText(Entropy& entropy, std::string_view alphabet, std::size_t count) {
  ATTUNE_CHECK(256 % alphabet.size() == 0);
  std::string text(count, ' ');
  entropy.Fill(std::as_writable_bytes(std::span(text)));
  for (char& c : text) c = alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return text;
}

std::string_view Trimmed(std::string_view text) {
  const std::size_t start = text.find_first_not_of(" \t\r");
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(" \t\r") - start + 1);
}

}  // namespace

Status CheckAccessKey(const AccessKey& key) {
  if (key.id.size() < kAccessKeyIdBytesMin || key.id.size() > kAccessKeyIdBytesMax) {
    return InvalidArgument(fmt::format("the access key id has {} characters; it must have {} to {}", key.id.size(),
                                       kAccessKeyIdBytesMin, kAccessKeyIdBytesMax));
  }
  if (!IsVisible(key.id) || key.id.find(',') != std::string::npos) {
    return InvalidArgument("the access key id must be visible ASCII characters without ','");
  }
  if (key.secret.size() < kSecretAccessKeyBytesMin || key.secret.size() > kSecretAccessKeyBytesMax) {
    return InvalidArgument(fmt::format("the secret access key has {} characters; it must have {} to {}",
                                       key.secret.size(), kSecretAccessKeyBytesMin, kSecretAccessKeyBytesMax));
  }
  if (!IsVisible(key.secret)) return InvalidArgument("the secret access key must be visible ASCII characters");
  return {};
}

AccessKey NewAccessKey(Entropy& entropy) {
  return {.id = "AKIA" + RandomText(entropy, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16),
          .secret = RandomText(entropy, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 40)};
}

Result<AccessKey> ReadCredentialsFile(Env& env, const std::string& path) {
  ATTUNE_TRY(const std::string text, env.ReadFile(path, kCredentialsBytesMax));
  AccessKey key;
  bool in_default = false;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = Trimmed(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.starts_with('[')) in_default = line == "[default]";
    const std::size_t equals = line.find('=');
    if (!in_default || line.starts_with('#') || equals == std::string_view::npos) continue;
    const std::string_view name = Trimmed(line.substr(0, equals));
    if (name == "aws_access_key_id") key.id = Trimmed(line.substr(equals + 1));
    if (name == "aws_secret_access_key") key.secret = Trimmed(line.substr(equals + 1));
  }
  if (const Status status = CheckAccessKey(key); !status.ok()) {
    return Corrupt(fmt::format("{}: {}", path, status.message()));
  }
  return key;
}

Status WriteCredentialsFile(Env& env, const std::string& path, const AccessKey& key) {
  const std::string text =
      fmt::format("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n", key.id, key.secret);
  return env.WriteFileAtomically(path, text, kOwnerOnly);
}

}  // namespace attune
