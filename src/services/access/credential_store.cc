#include "services/access/credential_store.h"

#include <fmt/format.h>

#include <utility>

namespace attune {

void IdentityCredentials::SetAdministrator(Administrator administrator) {
  const WriterLock lock(mutex_);
  administrator_ = std::move(administrator);
}

std::optional<Credential> IdentityCredentials::Find(std::string_view access_key_id) const {
  {
    const ReaderLock lock(mutex_);
    if (access_key_id == administrator_.access_key_id) {
      return Credential{.secret_access_key = administrator_.secret_access_key,
                        .principal_arn = fmt::format("arn:aws:iam::{}:root", identities_.account_id())};
    }
  }
  if (auto session = identities_.FindSession(access_key_id)) {
    return Credential{.secret_access_key = std::move(session->secret),
                      .session_token = std::move(session->token),
                      .expires_unix_ms = session->expires_ms,
                      .principal_arn = std::move(session->arn)};
  }
  const auto owner = identities_.FindAccessKey(access_key_id);
  if (!owner || !owner->key.active) return std::nullopt;
  return Credential{.secret_access_key = owner->key.secret, .principal_arn = owner->user_arn};
}

Caller CallerOf(const VerifiedSignature& signature, const HttpRequestHead& head) {
  Caller caller;
  caller.arn = signature.credential.principal_arn;
  caller.access_key_id = signature.access_key_id;
  caller.region = signature.region;
  caller.user_agent = head.headers.Find("user-agent").value_or("");
  caller.referer = head.headers.Find("referer").value_or("");
  caller.peer_address = head.peer_address;
  caller.is_encrypted = head.is_encrypted;
  // arn:aws:iam::<account>:…
  std::string_view rest = caller.arn;
  for (int part = 0; part < 4; ++part) rest.remove_prefix(std::min(rest.size(), rest.find(':') + 1));
  caller.account_id = rest.substr(0, rest.find(':'));
  return caller;
}

}  // namespace attune
