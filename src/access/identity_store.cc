#include "access/identity_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "access/identity_codec.h"
#include "access/managed_policies.h"
#include "access/wildcard.h"
#include "base/hash.h"

namespace attune {
namespace {

constexpr std::string_view kRolePrefix = "iam/role/";
constexpr std::string_view kUserPrefix = "iam/user/";
constexpr std::string_view kPolicyPrefix = "iam/policy/";
constexpr std::string_view kSessionPrefix = "iam/session/";

constexpr std::size_t kIdLetters = 17;
constexpr std::size_t kKeyIdLetters = 20;  // Of an access key's id, its prefix among them.
constexpr std::size_t kSecretBytes = 30;   // 40 letters of base64.
constexpr std::size_t kTokenBytes = 96;
constexpr std::int64_t kMsPerSecond = 1000;

/// The part of an ARN after the last '/', in lower case: what its record is kept under.
std::string NameOfArn(std::string_view arn) { return LowerCase(arn.substr(arn.rfind('/') + 1)); }

template <class Records>
Status LoadAll(const KeyValueStore& store, std::string_view prefix, Records* records) {
  const auto cursor = store.Iterate(KeySpace::kState);
  for (cursor->Seek(prefix); cursor->Valid() && cursor->key().starts_with(prefix); cursor->Next()) {
    typename Records::mapped_type record;
    ATTUNE_RETURN_IF_ERROR(DecodeIdentity(cursor->value(), &record));
    records->emplace(cursor->key().substr(prefix.size()), std::move(record));
  }
  return cursor->status();
}

template <class Record>
Result<Record> FindIn(const std::map<std::string, Record>& records, const std::string& name, std::string missing) {
  const auto found = records.find(name);
  if (found == records.end()) return NotFound(std::move(missing));
  return found->second;
}

template <class Record>
std::vector<Record> Values(const std::map<std::string, Record>& records) {
  std::vector<Record> values;
  values.reserve(records.size());
  for (const auto& [name, record] : records) values.push_back(record);
  return values;
}

template <class Record>
Status Save(KeyValueStore& store, std::string_view prefix, const std::string& name, const Record& record) {
  return store.Put(KeySpace::kState, fmt::format("{}{}", prefix, name), EncodeIdentity(record));
}

std::string MissingRole(std::string_view name) { return fmt::format("The role with name {} cannot be found.", name); }
std::string MissingUser(std::string_view name) { return fmt::format("The user with name {} cannot be found.", name); }
std::string MissingPolicy(std::string_view arn) {
  return fmt::format("Policy {} does not exist or is not attachable.", arn);
}

/// Applies `change` to a copy, saves it, and only then shows it.
template <class Record>
Status UpdateIn(std::map<std::string, Record>& records, KeyValueStore& store, std::string_view prefix,
                const std::string& name, std::string missing, const std::function<Status(Record&)>& change) {
  const auto found = records.find(name);
  if (found == records.end()) return NotFound(std::move(missing));
  auto changed = found->second;
  ATTUNE_RETURN_IF_ERROR(change(changed));
  ATTUNE_RETURN_IF_ERROR(Save(store, prefix, name, changed));
  found->second = std::move(changed);
  return {};
}

}  // namespace

IdentityStore::IdentityStore(KeyValueStore& store, const Clock& clock, Entropy& entropy, std::string account_id)
    : store_(store), clock_(clock), entropy_(entropy), account_id_(std::move(account_id)) {}

Result<std::unique_ptr<IdentityStore>> IdentityStore::Open(KeyValueStore& store, const Clock& clock, Entropy& entropy,
                                                           std::string account_id) {
  std::unique_ptr<IdentityStore> identities(new IdentityStore(store, clock, entropy, std::move(account_id)));
  ATTUNE_RETURN_IF_ERROR(identities->Load());
  return identities;
}

Status IdentityStore::Load() {
  WriterLock lock(mutex_);
  ATTUNE_RETURN_IF_ERROR(LoadAll(store_, kRolePrefix, &roles_));
  ATTUNE_RETURN_IF_ERROR(LoadAll(store_, kUserPrefix, &users_));
  ATTUNE_RETURN_IF_ERROR(LoadAll(store_, kPolicyPrefix, &policies_));
  ATTUNE_RETURN_IF_ERROR(LoadAll(store_, kSessionPrefix, &sessions_));
  return DropEndedSessions();
}

std::string IdentityStore::NewId(std::string_view prefix) {
  // The letters that AWS uses: base32.
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string id(prefix);
  for (std::size_t i = 0; i < kIdLetters; ++i) id.push_back(kLetters[entropy_.NextU64() % kLetters.size()]);
  return id;
}

std::string IdentityStore::ArnOf(std::string_view type, std::string_view path, std::string_view name) const {
  return fmt::format("arn:aws:iam::{}:{}{}{}", account_id_, type, path, name);
}

Result<Role> IdentityStore::InsertRole(Role role) {
  WriterLock lock(mutex_);
  const auto key = LowerCase(role.name);
  if (roles_.contains(key)) return AlreadyExists(fmt::format("Role with name {} already exists.", role.name));
  if (roles_.size() >= kRolesMax)
    return LimitExceeded(fmt::format("Cannot exceed quota for RolesPerAccount: {}", kRolesMax));
  role.id = NewId("AROA");
  role.arn = ArnOf("role", role.path, role.name);
  role.created_ms = clock_.UnixMilliseconds();
  ATTUNE_RETURN_IF_ERROR(Save(store_, kRolePrefix, key, role));
  roles_.emplace(key, role);
  return role;
}

Result<User> IdentityStore::InsertUser(User user) {
  WriterLock lock(mutex_);
  const auto key = LowerCase(user.name);
  if (users_.contains(key)) return AlreadyExists(fmt::format("User with name {} already exists.", user.name));
  if (users_.size() >= kUsersMax)
    return LimitExceeded(fmt::format("Cannot exceed quota for UsersPerAccount: {}", kUsersMax));
  user.id = NewId("AIDA");
  user.arn = ArnOf("user", user.path, user.name);
  user.created_ms = clock_.UnixMilliseconds();
  ATTUNE_RETURN_IF_ERROR(Save(store_, kUserPrefix, key, user));
  users_.emplace(key, user);
  return user;
}

Result<CustomerPolicy> IdentityStore::InsertPolicy(CustomerPolicy policy) {
  WriterLock lock(mutex_);
  const auto key = LowerCase(policy.name);
  if (policies_.contains(key)) {
    return AlreadyExists(
        fmt::format("A policy called {} already exists. Duplicate names are not allowed.", policy.name));
  }
  if (policies_.size() >= kPoliciesMax) {
    return LimitExceeded(fmt::format("Cannot exceed quota for PoliciesPerAccount: {}", kPoliciesMax));
  }
  policy.id = NewId("ANPA");
  policy.arn = ArnOf("policy", policy.path, policy.name);
  policy.created_ms = policy.updated_ms = clock_.UnixMilliseconds();
  for (auto& version : policy.versions) version.created_ms = policy.created_ms;
  ATTUNE_RETURN_IF_ERROR(Save(store_, kPolicyPrefix, key, policy));
  policies_.emplace(key, policy);
  return policy;
}

Result<Role> IdentityStore::FindRole(std::string_view name) const {
  ReaderLock lock(mutex_);
  return FindIn(roles_, LowerCase(name), MissingRole(name));
}

Result<User> IdentityStore::FindUser(std::string_view name) const {
  ReaderLock lock(mutex_);
  return FindIn(users_, LowerCase(name), MissingUser(name));
}

Result<CustomerPolicy> IdentityStore::FindPolicy(std::string_view arn) const {
  ReaderLock lock(mutex_);
  ATTUNE_TRY(auto policy, FindIn(policies_, NameOfArn(arn), MissingPolicy(arn)));
  if (policy.arn != arn) return NotFound(MissingPolicy(arn));
  return policy;
}

Result<Role> IdentityStore::FindRoleByArn(std::string_view arn) const {
  ReaderLock lock(mutex_);
  ATTUNE_TRY(auto role, FindIn(roles_, NameOfArn(arn), fmt::format("The role {} does not exist.", arn)));
  if (role.arn != arn) return NotFound(fmt::format("The role {} does not exist.", arn));
  return role;
}

Result<User> IdentityStore::FindUserByArn(std::string_view arn) const {
  ReaderLock lock(mutex_);
  ATTUNE_TRY(auto user, FindIn(users_, NameOfArn(arn), fmt::format("The user {} does not exist.", arn)));
  if (user.arn != arn) return NotFound(fmt::format("The user {} does not exist.", arn));
  return user;
}

std::vector<Role> IdentityStore::Roles() const {
  ReaderLock lock(mutex_);
  return Values(roles_);
}

std::vector<User> IdentityStore::Users() const {
  ReaderLock lock(mutex_);
  return Values(users_);
}

std::vector<CustomerPolicy> IdentityStore::Policies() const {
  ReaderLock lock(mutex_);
  return Values(policies_);
}

Status IdentityStore::UpdateRole(std::string_view name, const std::function<Status(Role&)>& change) {
  WriterLock lock(mutex_);
  return UpdateIn(roles_, store_, kRolePrefix, LowerCase(name), MissingRole(name), change);
}

Status IdentityStore::UpdateUser(std::string_view name, const std::function<Status(User&)>& change) {
  WriterLock lock(mutex_);
  return UpdateIn(users_, store_, kUserPrefix, LowerCase(name), MissingUser(name), change);
}

Status IdentityStore::UpdatePolicy(std::string_view arn, const std::function<Status(CustomerPolicy&)>& change) {
  WriterLock lock(mutex_);
  const std::function<Status(CustomerPolicy&)> checked = [&](CustomerPolicy& policy) -> Status {
    if (policy.arn != arn) return NotFound(MissingPolicy(arn));
    ATTUNE_RETURN_IF_ERROR(change(policy));
    policy.updated_ms = clock_.UnixMilliseconds();
    return {};
  };
  return UpdateIn(policies_, store_, kPolicyPrefix, NameOfArn(arn), MissingPolicy(arn), checked);
}

Status IdentityStore::DeleteRole(std::string_view name) {
  WriterLock lock(mutex_);
  const auto key = LowerCase(name);
  const auto found = roles_.find(key);
  if (found == roles_.end()) return NotFound(MissingRole(name));
  const auto& policies = found->second.policies;
  if (!policies.managed_arns.empty()) return Busy("Cannot delete entity, must detach all policies first.");
  if (!policies.inline_documents.empty()) return Busy("Cannot delete entity, must delete policies first.");
  ATTUNE_RETURN_IF_ERROR(DropSessions([&](const RoleSession& session) { return LowerCase(session.role_name) == key; }));
  ATTUNE_RETURN_IF_ERROR(store_.Delete(KeySpace::kState, fmt::format("{}{}", kRolePrefix, key)));
  roles_.erase(found);
  return {};
}

Status IdentityStore::DeleteUser(std::string_view name) {
  WriterLock lock(mutex_);
  const auto key = LowerCase(name);
  const auto found = users_.find(key);
  if (found == users_.end()) return NotFound(MissingUser(name));
  const auto& user = found->second;
  if (!user.keys.empty()) return Busy("Cannot delete entity, must delete access keys first.");
  if (!user.policies.managed_arns.empty()) return Busy("Cannot delete entity, must detach all policies first.");
  if (!user.policies.inline_documents.empty()) return Busy("Cannot delete entity, must delete policies first.");
  ATTUNE_RETURN_IF_ERROR(store_.Delete(KeySpace::kState, fmt::format("{}{}", kUserPrefix, key)));
  users_.erase(found);
  return {};
}

Status IdentityStore::DeletePolicy(std::string_view arn) {
  WriterLock lock(mutex_);
  const auto key = NameOfArn(arn);
  const auto found = policies_.find(key);
  if (found == policies_.end() || found->second.arn != arn) return NotFound(MissingPolicy(arn));
  if (CountAttachments(arn) > 0) return Busy("Cannot delete a policy attached to entities.");
  if (found->second.versions.size() > 1) {
    return Busy(
        "This policy has more than one version. Before you delete a policy, you must delete the policy's "
        "versions. The default version is deleted with the policy.");
  }
  ATTUNE_RETURN_IF_ERROR(store_.Delete(KeySpace::kState, fmt::format("{}{}", kPolicyPrefix, key)));
  policies_.erase(found);
  return {};
}

Result<UserAccessKey> IdentityStore::CreateAccessKey(std::string_view user_name) {
  std::array<std::byte, kSecretBytes> secret{};
  entropy_.Fill(secret);
  const UserAccessKey key{.id = NewId("AKIA").substr(0, kKeyIdLetters),
                          .secret = ToBase64(secret),
                          .active = true,
                          .created_ms = clock_.UnixMilliseconds()};
  ATTUNE_RETURN_IF_ERROR(UpdateUser(user_name, [&](User& user) -> Status {
    if (user.keys.size() >= kKeysPerUserMax) {
      return LimitExceeded(fmt::format("Cannot exceed quota for AccessKeysPerUser: {}", kKeysPerUserMax));
    }
    user.keys.push_back(key);
    return {};
  }));
  return key;
}

std::optional<IdentityStore::KeyOwner> IdentityStore::FindAccessKey(std::string_view id) const {
  ReaderLock lock(mutex_);
  for (const auto& [name, user] : users_) {
    for (const auto& key : user.keys) {
      if (key.id == id) return KeyOwner{key, user.name, user.arn, user.id};
    }
  }
  return std::nullopt;
}

Result<RoleSession> IdentityStore::CreateSession(const Role& role, std::string_view session_name, std::int64_t seconds,
                                                 std::vector<std::string> policy_documents) {
  std::array<std::byte, kSecretBytes> secret{};
  std::array<std::byte, kTokenBytes> token{};
  entropy_.Fill(secret);
  entropy_.Fill(token);
  RoleSession session;
  session.key_id = NewId("ASIA").substr(0, kKeyIdLetters);
  session.secret = ToBase64(secret);
  session.token = ToBase64(token);
  session.role_name = role.name;
  session.arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", account_id_, role.name, session_name);
  session.user_id = fmt::format("{}:{}", role.id, session_name);
  session.policy_documents = std::move(policy_documents);
  session.issued_ms = clock_.UnixMilliseconds();
  session.expires_ms = session.issued_ms + seconds * kMsPerSecond;
  WriterLock lock(mutex_);
  if (sessions_.size() >= kSessionsMax) ATTUNE_RETURN_IF_ERROR(DropEndedSessions());
  if (sessions_.size() >= kSessionsMax) {
    return LimitExceeded(fmt::format("Cannot exceed quota for sessions of roles: {}", kSessionsMax));
  }
  ATTUNE_RETURN_IF_ERROR(Save(store_, kSessionPrefix, session.key_id, session));
  sessions_.emplace(session.key_id, session);
  return session;
}

std::optional<RoleSession> IdentityStore::FindSession(std::string_view key_id) const {
  ReaderLock lock(mutex_);
  const auto found = sessions_.find(key_id);
  if (found == sessions_.end()) return std::nullopt;
  return found->second;
}

Status IdentityStore::DropEndedSessions() {
  const auto now_ms = clock_.UnixMilliseconds();
  return DropSessions([&](const RoleSession& session) REQUIRES(mutex_) {
    const auto role = roles_.find(LowerCase(session.role_name));
    // The user id begins with the id of the role, which another role of that name does not have.
    const bool has_role = role != roles_.end() && session.user_id.starts_with(role->second.id + ":");
    return session.expires_ms <= now_ms || !has_role;
  });
}

Status IdentityStore::DropSessions(const std::function<bool(const RoleSession&)>& is_over) {
  for (auto each = sessions_.begin(); each != sessions_.end();) {
    if (!is_over(each->second)) {
      ++each;
      continue;
    }
    ATTUNE_RETURN_IF_ERROR(store_.Delete(KeySpace::kState, fmt::format("{}{}", kSessionPrefix, each->first)));
    each = sessions_.erase(each);
  }
  return {};
}

Result<std::string> IdentityStore::ManagedDocument(std::string_view arn) const {
  if (const auto* managed = FindManagedPolicy(arn)) return std::string(managed->document);
  ATTUNE_TRY(const auto policy, FindPolicy(arn));
  for (const auto& version : policy.versions) {
    if (version.id == policy.default_version) return version.document;
  }
  return Corrupt(fmt::format("policy {} lacks its default version {}", arn, policy.default_version));
}

std::size_t IdentityStore::AttachmentCount(std::string_view policy_arn) const {
  ReaderLock lock(mutex_);
  return CountAttachments(policy_arn);
}

std::size_t IdentityStore::CountAttachments(std::string_view policy_arn) const {
  std::size_t count = 0;
  const auto add = [&](const AttachedPolicies& policies) {
    const auto& arns = policies.managed_arns;
    count += static_cast<std::size_t>(std::count(arns.begin(), arns.end(), policy_arn));
  };
  for (const auto& [name, role] : roles_) add(role.policies);
  for (const auto& [name, user] : users_) add(user.policies);
  return count;
}

}  // namespace attune
