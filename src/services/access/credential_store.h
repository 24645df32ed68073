#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "access/identity_store.h"
#include "base/mutex.h"
#include "protocol/sigv4.h"
#include "services/access/authorizer.h"

namespace attune {

/// The administrator's key, given at start, the keys of IAM users, and those of sessions. Thread-safe; the identities
/// must outlive it.
class IdentityCredentials final : public CredentialStore {
 public:
  struct Administrator {
    std::string access_key_id;
    std::string secret_access_key;
  };

  IdentityCredentials(const IdentityStore& identities, Administrator administrator)
      : identities_(identities), administrator_(std::move(administrator)) {}

  /// The former key is unknown from now on; requests that were admitted with it go on.
  void SetAdministrator(Administrator administrator) EXCLUDES(mutex_);

  /// Nothing for keys that are unknown or inactive.
  std::optional<Credential> Find(std::string_view access_key_id) const override EXCLUDES(mutex_);

  const std::string& account_id() const { return identities_.account_id(); }

 private:
  const IdentityStore& identities_;
  mutable SharedMutex mutex_;
  Administrator administrator_ GUARDED_BY(mutex_);
};

/// Who a verified signature belongs to.
Caller CallerOf(const VerifiedSignature& signature, const HttpRequestHead& head);

}  // namespace attune
