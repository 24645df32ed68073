#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <map>
#include <memory>
#include <string>

namespace attune {

/// The catalog's SQLite connection with its statements prepared once. SQLiteCpp throws: Catalog::Transact catches.
/// One thread at a time.
class CatalogDatabase {
 public:
  explicit CatalogDatabase(const std::string& path);

  /// A statement with nothing bound; prepared at its first use. Valid until the next call with the same text.
  SQLite::Statement& Prepare(const std::string& sql);

  SQLite::Database& database() { return database_; }

  /// The layout this version reads and writes, kept in SQLite's user_version.
  static constexpr int kVersion = 1;

 private:
  SQLite::Database database_;
  std::map<std::string, std::unique_ptr<SQLite::Statement>> statements_;
};

}  // namespace attune
