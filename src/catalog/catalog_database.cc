#include "catalog/catalog_database.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace attune {
namespace {

/// Among SQLite's codes, of which none is negative.
constexpr int kNewerLayout = -1;

// docs/formats/catalog.md explains each column.
constexpr char kLayout[] = R"sql(
CREATE TABLE IF NOT EXISTS resource (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  arn TEXT NOT NULL UNIQUE,
  kind INTEGER NOT NULL,
  parent TEXT NOT NULL,
  name TEXT NOT NULL,
  uid TEXT NOT NULL,
  status INTEGER NOT NULL,
  failure TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS resource_by_parent ON resource (kind, parent, sequence);
CREATE INDEX IF NOT EXISTS resource_by_status ON resource (kind, status);
CREATE TABLE IF NOT EXISTS tag (
  arn TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (arn, key)
) WITHOUT ROWID;
)sql";

}  // namespace

CatalogDatabase::CatalogDatabase(const std::string& path)
    : database_(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE) {
  database_.exec("PRAGMA journal_mode=WAL");
  database_.exec("PRAGMA synchronous=FULL");  // A committed transaction survives power loss.
  const int version = database_.execAndGet("PRAGMA user_version").getInt();
  if (version > kVersion) {
    throw SQLite::Exception("it has layout version " + std::to_string(version) + "; this program reads up to version " +
                                std::to_string(kVersion),
                            kNewerLayout);
  }
  database_.exec(kLayout);
  database_.exec("PRAGMA user_version=" + std::to_string(kVersion));
}

SQLite::Statement& CatalogDatabase::Prepare(const std::string& sql) {
  auto& statement = statements_[sql];
  if (!statement) {
    statement = std::make_unique<SQLite::Statement>(database_, sql);
  } else {
    // What it says is how it ended the last time; that was told then.
    statement->tryReset();
    statement->clearBindings();
  }
  return *statement;
}

void CatalogDatabase::ResetStatements() noexcept {
  for (auto& [sql, statement] : statements_) {
    if (statement) statement->tryReset();
  }
}

void CatalogDatabase::RollBack() noexcept {
  ResetStatements();
  if (sqlite3_get_autocommit(database_.getHandle()) == 0) database_.tryExec("ROLLBACK");
}

Status CatalogDatabase::ToStatus(const SQLite::Exception& error) {
  const std::string message = fmt::format("catalog: {}", error.what());
  switch (error.getErrorCode()) {
    case SQLITE_FULL: return ResourceExhausted(message);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case kNewerLayout: return Corrupt(message);
    default: return IoError(message);
  }
}

}  // namespace attune
