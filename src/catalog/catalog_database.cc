#include "catalog/catalog_database.h"

namespace attune {
namespace {

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
    throw SQLite::Exception("the catalog has layout version " + std::to_string(version) +
                            "; this program reads up to version " + std::to_string(kVersion));
  }
  database_.exec(kLayout);
  database_.exec("PRAGMA user_version=" + std::to_string(kVersion));
}

SQLite::Statement& CatalogDatabase::Prepare(const std::string& sql) {
  auto& statement = statements_[sql];
  if (!statement) {
    statement = std::make_unique<SQLite::Statement>(database_, sql);
  } else {
    statement->reset();
    statement->clearBindings();
  }
  return *statement;
}

}  // namespace attune
