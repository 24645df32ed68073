#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/tags.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "base/status.h"
#include "storage/key_value_store.h"

namespace attune {

/// What hangs on a role or user.
struct AttachedPolicies {
  std::vector<std::string> managed_arns;                ///< In the order of attaching.
  std::map<std::string, std::string> inline_documents;  ///< Name to JSON text, as it was given.

  bool empty() const { return managed_arns.empty() && inline_documents.empty(); }
};

struct Role {
  std::string name;
  std::string path = "/";
  std::string id;  ///< "AROA…"
  std::string arn;
  std::int64_t created_ms = 0;  ///< Since 1970 UTC.
  std::string trust_document;   ///< Who may assume it: JSON text, as it was given.
  std::string description;
  std::int32_t session_seconds_max = 3600;
  AttachedPolicies policies;
  Tags tags;
};

struct UserAccessKey {
  std::string id;
  std::string secret;
  bool active = true;
  std::int64_t created_ms = 0;
};

struct User {
  std::string name;
  std::string path = "/";
  std::string id;  ///< "AIDA…"
  std::string arn;
  std::int64_t created_ms = 0;
  AttachedPolicies policies;
  std::vector<UserAccessKey> keys;
  Tags tags;
};

/// Keys for a while, of somebody who took up a role.
struct RoleSession {
  std::string key_id;  ///< "ASIA…"
  std::string secret;
  std::string token;
  std::string role_name;
  std::string arn;                            ///< "arn:aws:sts::123456789012:assumed-role/R/session"
  std::string user_id;                        ///< "AROA…:session"
  std::vector<std::string> policy_documents;  ///< Together they must allow too, besides the role's; none: no limit.
  std::int64_t issued_ms = 0;                 ///< 0 of one that was made before this was kept.
  std::int64_t expires_ms = 0;
};

struct PolicyVersion {
  std::string id;  ///< "v1"
  std::string document;
  std::int64_t created_ms = 0;
};

/// A managed policy that a customer made.
struct CustomerPolicy {
  std::string name;
  std::string path = "/";
  std::string id;  ///< "ANPA…"
  std::string arn;
  std::string description;
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;
  std::string default_version;
  std::int32_t next_version = 1;
  std::vector<PolicyVersion> versions;
  Tags tags;
};

/// Roles, users with their keys, and customers' policies: durable when a call returns Ok. Names are unique without
/// regard to case, as in IAM. Holds everything in memory. docs/formats/identity.md tells the layout. Thread-safe.
class IdentityStore {
 public:
  /// All must outlive the store. Corrupt if a record cannot be read.
  static Result<std::unique_ptr<IdentityStore>> Open(KeyValueStore& store, const Clock& clock, Entropy& entropy,
                                                     std::string account_id);

  const std::string& account_id() const { return account_id_; }

  /// Fill in id, arn and created_ms, and return what is kept. AlreadyExists; LimitExceeded at the …Max below.
  Result<Role> InsertRole(Role role) EXCLUDES(mutex_);
  Result<User> InsertUser(User user) EXCLUDES(mutex_);
  Result<CustomerPolicy> InsertPolicy(CustomerPolicy policy) EXCLUDES(mutex_);

  Result<Role> FindRole(std::string_view name) const EXCLUDES(mutex_);
  Result<User> FindUser(std::string_view name) const EXCLUDES(mutex_);
  Result<CustomerPolicy> FindPolicy(std::string_view arn) const EXCLUDES(mutex_);
  /// NotFound unless the whole ARN is that of a role here.
  Result<Role> FindRoleByArn(std::string_view arn) const EXCLUDES(mutex_);
  Result<User> FindUserByArn(std::string_view arn) const EXCLUDES(mutex_);  ///< The same of users.

  /// Sorted by name.
  std::vector<Role> Roles() const EXCLUDES(mutex_);
  std::vector<User> Users() const EXCLUDES(mutex_);
  std::vector<CustomerPolicy> Policies() const EXCLUDES(mutex_);

  /// Changes one record in one step; an error of `change` leaves it as it was and is returned.
  Status UpdateRole(std::string_view name, const std::function<Status(Role&)>& change) EXCLUDES(mutex_);
  Status UpdateUser(std::string_view name, const std::function<Status(User&)>& change) EXCLUDES(mutex_);
  Status UpdatePolicy(std::string_view arn, const std::function<Status(CustomerPolicy&)>& change) EXCLUDES(mutex_);

  /// Busy while policies hang on it (or, for a user, keys), with `why` in AWS's words. Sessions of a role end with it:
  /// another role of that name is somebody else.
  Status DeleteRole(std::string_view name) EXCLUDES(mutex_);
  Status DeleteUser(std::string_view name) EXCLUDES(mutex_);
  /// Busy while it is attached, or has versions besides the default one.
  Status DeletePolicy(std::string_view arn) EXCLUDES(mutex_);

  /// A key that nobody else has. LimitExceeded beyond kKeysPerUserMax.
  Result<UserAccessKey> CreateAccessKey(std::string_view user_name) EXCLUDES(mutex_);
  struct KeyOwner {
    UserAccessKey key;
    std::string user_name;
    std::string user_arn;
    std::string user_id;
  };
  std::optional<KeyOwner> FindAccessKey(std::string_view id) const EXCLUDES(mutex_);

  /// Whether the caller may take up the role has been decided. LimitExceeded at kSessionsMax that have not expired.
  Result<RoleSession> CreateSession(const Role& role, std::string_view session_name, std::int64_t seconds,
                                    std::vector<std::string> policy_documents = {}) EXCLUDES(mutex_);
  /// Expired ones may be found too.
  std::optional<RoleSession> FindSession(std::string_view key_id) const EXCLUDES(mutex_);

  /// The JSON text of a managed policy, ours or a customer's (its default version). NotFound.
  Result<std::string> ManagedDocument(std::string_view arn) const EXCLUDES(mutex_);
  /// How many roles and users a managed policy hangs on.
  std::size_t AttachmentCount(std::string_view policy_arn) const EXCLUDES(mutex_);

  static constexpr std::size_t kRolesMax = 1000;
  static constexpr std::size_t kUsersMax = 5000;
  static constexpr std::size_t kPoliciesMax = 1500;
  static constexpr std::size_t kKeysPerUserMax = 2;
  static constexpr std::size_t kSessionsMax = 10'000;

 private:
  IdentityStore(KeyValueStore& store, const Clock& clock, Entropy& entropy, std::string account_id);

  Status Load() EXCLUDES(mutex_);
  std::string NewId(std::string_view prefix);
  std::string ArnOf(std::string_view type, std::string_view path, std::string_view name) const;
  /// Forgets sessions that have expired, or whose role is no more.
  Status DropEndedSessions() REQUIRES(mutex_);
  Status DropSessions(const std::function<bool(const RoleSession&)>& is_over) REQUIRES(mutex_);
  std::size_t CountAttachments(std::string_view policy_arn) const REQUIRES_SHARED(mutex_);

  // Synchronise themselves.
  KeyValueStore& store_;
  const Clock& clock_;
  Entropy& entropy_;
  // Constant after construction.
  const std::string account_id_;
  // Guarded by mutex_; by lower-case name.
  mutable SharedMutex mutex_;
  std::map<std::string, Role> roles_ GUARDED_BY(mutex_);
  std::map<std::string, User> users_ GUARDED_BY(mutex_);
  std::map<std::string, CustomerPolicy> policies_ GUARDED_BY(mutex_);
  std::map<std::string, RoleSession, std::less<>> sessions_ GUARDED_BY(mutex_);  ///< By key id.
};

}  // namespace attune
