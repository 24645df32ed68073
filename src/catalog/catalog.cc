#include "catalog/catalog.h"

#include <SQLiteCpp/Backup.h>
#include <fmt/format.h>

#include "base/hash.h"
#include "base/log.h"
#include "catalog/catalog_database.h"

namespace attune {
namespace {

constexpr char kColumns[] = "sequence, arn, kind, parent, name, uid, status, failure, created_ms, updated_ms, body";

StoredResource ReadRow(SQLite::Statement& row) {
  StoredResource stored;
  stored.sequence = row.getColumn(0).getInt64();
  stored.resource.arn = row.getColumn(1).getString();
  stored.kind = static_cast<ResourceKind>(row.getColumn(2).getInt());
  stored.resource.parent_arn = row.getColumn(3).getString();
  stored.resource.name = row.getColumn(4).getString();
  stored.resource.uid = row.getColumn(5).getString();
  stored.resource.status = static_cast<ResourceStatus>(row.getColumn(6).getInt());
  stored.resource.failure_reason = row.getColumn(7).getString();
  stored.resource.created_ms = row.getColumn(8).getInt64();
  stored.resource.updated_ms = row.getColumn(9).getInt64();
  stored.body = row.getColumn(10).getString();
  return stored;
}

Status DoesNotExist(std::string_view arn) { return NotFound(fmt::format("Resource Arn {} does not exist.", arn)); }

// A token says after which resource to go on, and which list it belongs to, so that another list refuses it.
std::string MakePageToken(ResourceKind kind, const ListQuery& query, std::int64_t sequence) {
  const std::string position = fmt::format("{}:{}", static_cast<int>(kind), sequence);
  const auto check = Hash64(query.arn_prefix, Hash64(query.parent_arn, Hash64(position)));
  return ToBase64(AsBytes(fmt::format("{}:{:016x}", position, check)));
}

Result<std::int64_t> ReadPageToken(ResourceKind kind, const ListQuery& query) {
  const std::string& token = query.page_token;
  if (const auto text = FromBase64(token)) {
    const auto first = text->find(':');
    const auto last = text->rfind(':');
    if (first != std::string::npos && last > first) {
      const auto sequence = std::strtoll(text->c_str() + first + 1, nullptr, 10);
      if (MakePageToken(kind, query, sequence) == token) return sequence;
    }
  }
  return Status(Code::kInvalidPageToken, "The nextToken is not one that this list returned.");
}

// What a query asks of a row. The values are bound by Bind, under numbers that only conditions have.
std::string Conditions(const ListQuery& query) {
  std::string sql = "kind = ?1";
  if (!query.parent_arn.empty()) sql += " AND parent = ?2";
  if (!query.arn_prefix.empty()) sql += " AND substr(arn, 1, length(?3)) = ?3";
  if (!query.statuses.empty()) {
    sql += " AND status IN (";
    for (std::size_t i = 0; i < query.statuses.size(); ++i) {
      sql += fmt::format("{}{}", i == 0 ? "" : ", ", static_cast<int>(query.statuses[i]));
    }
    sql += ")";
  }
  return sql;
}

void Bind(ResourceKind kind, const ListQuery& query, SQLite::Statement* statement) {
  statement->bind(1, static_cast<int>(kind));
  if (!query.parent_arn.empty()) statement->bind(2, query.parent_arn);
  if (!query.arn_prefix.empty()) statement->bind(3, query.arn_prefix);
}

}  // namespace

Status CatalogTransaction::InsertStored(ResourceKind kind, Resource& resource, const std::string& body) {
  auto& find = database_.Prepare("SELECT 1 FROM resource WHERE arn = ?");
  find.bind(1, resource.arn);
  if (find.executeStep()) {
    return AlreadyExists(fmt::format("Another resource with Arn {} already exists.", resource.arn));
  }
  resource.uid = entropy_.Hex(16);
  resource.created_ms = resource.updated_ms = clock_.UnixMilliseconds();
  auto& insert = database_.Prepare(
      "INSERT INTO resource (arn, kind, parent, name, uid, status, failure, created_ms, updated_ms, body) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert.bind(1, resource.arn);
  insert.bind(2, static_cast<int>(kind));
  insert.bind(3, resource.parent_arn);
  insert.bind(4, resource.name);
  insert.bind(5, resource.uid);
  insert.bind(6, static_cast<int>(resource.status));
  insert.bind(7, resource.failure_reason);
  insert.bind(8, resource.created_ms);
  insert.bind(9, resource.updated_ms);
  insert.bind(10, body);
  insert.exec();
  return {};
}

Result<StoredResource> CatalogTransaction::FindStored(ResourceKind kind, std::string_view arn) const {
  auto& find = database_.Prepare(fmt::format("SELECT {} FROM resource WHERE arn = ? AND kind = ?", kColumns));
  find.bind(1, std::string(arn));
  find.bind(2, static_cast<int>(kind));
  if (!find.executeStep()) return DoesNotExist(arn);
  auto stored = ReadRow(find);
  find.reset();
  return stored;
}

Result<std::vector<StoredResource>> CatalogTransaction::ListStored(ResourceKind kind, const ListQuery& query,
                                                                   std::string* next) const {
  std::int64_t after = 0;
  if (!query.page_token.empty()) {
    ATTUNE_TRY(after, ReadPageToken(kind, query));
  }
  auto& list =
      database_.Prepare(fmt::format("SELECT {} FROM resource WHERE {} AND sequence > ?4 ORDER BY sequence "
                                    "LIMIT ?5",
                                    kColumns, Conditions(query)));
  Bind(kind, query, &list);
  list.bind(4, after);
  list.bind(5, static_cast<std::int64_t>(query.limit) + 1);  // One more tells whether there is another page.
  std::vector<StoredResource> stored;
  while (list.executeStep()) stored.push_back(ReadRow(list));
  list.reset();
  if (stored.size() > query.limit) {
    stored.resize(query.limit);
    *next = MakePageToken(kind, query, stored.back().sequence);
  }
  return stored;
}

Status CatalogTransaction::UpdateStored(ResourceKind kind, Resource& resource, const std::string& body) {
  resource.updated_ms = clock_.UnixMilliseconds();
  auto& update =
      database_.Prepare("UPDATE resource SET updated_ms = ?, body = ? WHERE arn = ? AND uid = ? AND kind = ?");
  update.bind(1, resource.updated_ms);
  update.bind(2, body);
  update.bind(3, resource.arn);
  update.bind(4, resource.uid);
  update.bind(5, static_cast<int>(kind));
  return update.exec() == 1 ? Status() : DoesNotExist(resource.arn);
}

Status CatalogTransaction::AdvanceStored(ResourceKind kind, Resource& resource, ResourceStatus to,
                                         std::string failure_reason) {
  // What the caller read may be old: the status on record decides.
  ATTUNE_TRY(const auto stored, FindStored(kind, resource.arn));
  if (stored.resource.uid != resource.uid) return DoesNotExist(resource.arn);
  if (!MayAdvance(kind, stored.resource.status, to)) {
    return Busy(fmt::format("The {} {} is {}; it cannot become {} now.", KindText(kind), resource.arn,
                            StatusText(stored.resource.status), StatusText(to)));
  }
  resource.status = to;
  resource.failure_reason = std::move(failure_reason);
  resource.updated_ms = clock_.UnixMilliseconds();
  auto& update = database_.Prepare("UPDATE resource SET status = ?, failure = ?, updated_ms = ? WHERE arn = ?");
  update.bind(1, static_cast<int>(to));
  update.bind(2, resource.failure_reason);
  update.bind(3, resource.updated_ms);
  update.bind(4, resource.arn);
  update.exec();
  return {};
}

Status CatalogTransaction::Remove(std::string_view arn) {
  auto& tags = database_.Prepare("DELETE FROM tag WHERE arn = ?");
  tags.bind(1, std::string(arn));
  tags.exec();
  auto& remove = database_.Prepare("DELETE FROM resource WHERE arn = ?");
  remove.bind(1, std::string(arn));
  return remove.exec() == 1 ? Status() : DoesNotExist(arn);
}

Result<std::size_t> CatalogTransaction::Count(ResourceKind kind, const ListQuery& query) const {
  auto& count = database_.Prepare("SELECT COUNT(*) FROM resource WHERE " + Conditions(query));
  Bind(kind, query, &count);
  count.executeStep();
  const auto result = static_cast<std::size_t>(count.getColumn(0).getInt64());
  count.reset();
  return result;
}

Result<ResourceKind> CatalogTransaction::KindOf(std::string_view arn) const {
  auto& find = database_.Prepare("SELECT kind FROM resource WHERE arn = ?");
  find.bind(1, std::string(arn));
  if (!find.executeStep()) return DoesNotExist(arn);
  const auto kind = static_cast<ResourceKind>(find.getColumn(0).getInt());
  find.reset();
  return kind;
}

Result<std::map<std::string, std::string>> CatalogTransaction::Tags(std::string_view arn) const {
  auto& list = database_.Prepare("SELECT key, value FROM tag WHERE arn = ? ORDER BY key");
  list.bind(1, std::string(arn));
  std::map<std::string, std::string> tags;
  while (list.executeStep()) tags[list.getColumn(0).getString()] = list.getColumn(1).getString();
  list.reset();
  return tags;
}

Status CatalogTransaction::AddTags(std::string_view arn, const std::map<std::string, std::string>& tags) {
  ATTUNE_TRY(auto all, Tags(arn));
  for (const auto& [key, value] : tags) all[key] = value;
  if (all.size() > kTagsPerResourceMax) {
    return {Code::kTooManyTags,
            fmt::format("{} would have {} tags; the limit is {}.", arn, all.size(), kTagsPerResourceMax)};
  }
  for (const auto& [key, value] : tags) {
    auto& insert = database_.Prepare("INSERT OR REPLACE INTO tag (arn, key, value) VALUES (?, ?, ?)");
    insert.bind(1, std::string(arn));
    insert.bind(2, key);
    insert.bind(3, value);
    insert.exec();
  }
  return {};
}

Status CatalogTransaction::RemoveTags(std::string_view arn, const std::vector<std::string>& keys) {
  for (const auto& key : keys) {
    auto& remove = database_.Prepare("DELETE FROM tag WHERE arn = ? AND key = ?");
    remove.bind(1, std::string(arn));
    remove.bind(2, key);
    remove.exec();
  }
  return {};
}

Catalog::Catalog(std::unique_ptr<CatalogDatabase> database, const Clock& clock, Entropy& entropy)
    : clock_(clock), entropy_(entropy), database_(std::move(database)) {}

Catalog::~Catalog() = default;

Result<std::unique_ptr<Catalog>> Catalog::Open(const std::string& path, const Clock& clock, Entropy& entropy) {
  try {
    return std::unique_ptr<Catalog>(new Catalog(std::make_unique<CatalogDatabase>(path), clock, entropy));
  } catch (const SQLite::Exception& error) {
    const Status status = CatalogDatabase::ToStatus(error);
    return Status(status.code(), fmt::format("cannot open {}: {}", path, status.message()));
  }
}

Status Catalog::Transact(const std::function<Status(CatalogTransaction&)>& body) {
  bool changed = false;
  {
    const MutexLock lock(mutex_);
    SQLite::Database& database = database_->database();
    Status status;
    try {
      const int changes_before = database.getTotalChanges();
      database.exec("BEGIN IMMEDIATE");
      CatalogTransaction transaction(*database_, clock_, entropy_);
      status = body(transaction);
      changed = status.ok() && database.getTotalChanges() != changes_before;
      database_->ResetStatements();
      if (changed) database.exec("COMMIT");
    } catch (const SQLite::Exception& error) {
      status = CatalogDatabase::ToStatus(error);
    } catch (...) {
      database_->RollBack();
      throw;
    }
    database_->RollBack();  // What was not committed.
    if (!status.ok()) return status;
  }
  if (changed) {
    ++change_count_;
    if (on_change_) on_change_();
  }
  return {};
}

Status Catalog::CopyTo(const std::string& path, const std::function<Status()>& also) {
  const MutexLock lock(mutex_);
  try {
    SQLite::Database copy(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    SQLite::Backup backup(copy, database_->database());
    backup.executeStep();
    // A database that is locked ends the step without an exception.
    if (backup.getRemainingPageCount() > 0) return Busy(fmt::format("cannot copy to {}: it is in use", path));
  } catch (const SQLite::Exception& error) {
    const Status status = CatalogDatabase::ToStatus(error);
    return Status(status.code(), fmt::format("cannot copy to {}: {}", path, status.message()));
  }
  return also();
}

std::uint64_t Catalog::change_count() const { return change_count_.load(); }

void Catalog::OnChange(std::function<void()> listener) { on_change_ = std::move(listener); }

}  // namespace attune
