#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <map>
#include <memory>
#include <string>

#include "base/status.h"

namespace attune {

/// The catalog's SQLite connection with its statements prepared once. SQLiteCpp throws: Catalog::Transact catches.
/// One thread at a time.
class CatalogDatabase {
 public:
  /// Corrupt if the file is no database or of a newer layout, ResourceExhausted if the disk is full, Io else.
  static Status ToStatus(const SQLite::Exception& error);

  explicit CatalogDatabase(const std::string& path);

  /// A statement with nothing bound; prepared at its first use. Valid until the next call with the same text.
  SQLite::Statement& Prepare(const std::string& sql);

  SQLite::Database& database() { return database_; }

  /// Ends the transaction that is open, if one is: SQLite itself undoes many of those that fail. A statement that is
  /// still being read ends too, for it would hold on to what was the newest state when it began.
  void RollBack() noexcept;
  /// Ends the statements that are still being read.
  void ResetStatements() noexcept;

  /// The layout this version reads and writes, kept in SQLite's user_version.
  static constexpr int kVersion = 1;

 private:
  SQLite::Database database_;
  std::map<std::string, std::unique_ptr<SQLite::Statement>> statements_;
};

}  // namespace attune
