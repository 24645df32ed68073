#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "base/status.h"
#include "catalog/fields.h"
#include "catalog/resources.h"

namespace attune {

/// Which resources to list, oldest first.
struct ListQuery {
  /// Empty: of every parent.
  std::string parent_arn;
  /// What the ARNs begin with, to list those of one region; empty: all.
  std::string arn_prefix;
  /// Empty: in any.
  std::vector<ResourceStatus> statuses;
  /// "" for the first page, else what the page before gave.
  std::string page_token;
  std::size_t limit = kPageMax;

  static constexpr std::size_t kPageMax = 100;
};

template <class R>
struct Page {
  std::vector<R> resources;
  std::string next_token;  ///< Empty on the last page.
};

class CatalogDatabase;  // SQLite, in catalog.cc.

/// A stored resource whose kind is not known to the compiler.
struct StoredResource {
  Resource resource;
  ResourceKind kind = ResourceKind::kDatasetGroup;
  std::string body;
  std::int64_t sequence = 0;
};

/// Several reads and changes that happen together or not at all. Made by Catalog::Transact. One thread at a time.
class CatalogTransaction {
 public:
  CatalogTransaction(CatalogDatabase& database, const Clock& clock, Entropy& entropy)
      : database_(database), clock_(clock), entropy_(entropy) {}

  /// AlreadyExists: "Another resource with Arn … already exists." Sets uid and both times, and keeps the status given.
  template <class R>
  Status Insert(R& resource) {
    return InsertStored(R::kKind, resource, EncodeFields(resource));
  }

  /// NotFound: "Resource Arn … does not exist.", also when `arn` names another kind.
  template <class R>
  Result<R> Find(std::string_view arn) const {
    ATTUNE_TRY(const auto stored, FindStored(R::kKind, arn));
    return Decode<R>(stored);
  }

  /// InvalidPageToken for a token that this kind of list, with this parent, did not give.
  template <class R>
  Result<Page<R>> List(const ListQuery& query) const {
    Page<R> page;
    ATTUNE_TRY(const auto stored, ListStored(R::kKind, query, &page.next_token));
    for (const auto& each : stored) {
      ATTUNE_TRY(auto resource, Decode<R>(each));
      page.resources.push_back(std::move(resource));
    }
    return page;
  }

  /// All of one parent (or of every parent), in one of `statuses` if any are given, without pages: for jobs and checks,
  /// not for answers.
  template <class R>
  Result<std::vector<R>> All(std::string_view parent_arn = {}, std::vector<ResourceStatus> statuses = {}) const {
    std::vector<R> all;
    ListQuery query{.parent_arn = std::string(parent_arn), .statuses = std::move(statuses)};
    do {
      ATTUNE_TRY(auto page, List<R>(query));
      for (auto& resource : page.resources) all.push_back(std::move(resource));
      query.page_token = page.next_token;
    } while (!query.page_token.empty());
    return all;
  }

  /// Writes everything but the status, which only Advance changes; sets updated_ms. NotFound if it is gone.
  template <class R>
  Status Update(R& resource) {
    return UpdateStored(R::kKind, resource, EncodeFields(resource));
  }

  /// Changes the status, and the failure reason with it. Busy where MayAdvance forbids it.
  template <class R>
  Status Advance(R& resource, ResourceStatus to, std::string failure_reason = {}) {
    return AdvanceStored(R::kKind, resource, to, std::move(failure_reason));
  }

  /// Removes the record and its tags. NotFound if it is gone.
  Status Remove(std::string_view arn);

  /// How many of a kind `query` would list on all its pages.
  Result<std::size_t> Count(ResourceKind kind, const ListQuery& query = {}) const;

  /// NotFound if no resource has that ARN.
  Result<ResourceKind> KindOf(std::string_view arn) const;

  Result<std::map<std::string, std::string>> Tags(std::string_view arn) const;
  /// Adds or overwrites. TooManyTags above kTagsPerResourceMax: then none is changed.
  Status AddTags(std::string_view arn, const std::map<std::string, std::string>& tags);
  Status RemoveTags(std::string_view arn, const std::vector<std::string>& keys);

  static constexpr std::size_t kTagsPerResourceMax = 50;

 private:
  template <class R>
  static Result<R> Decode(const StoredResource& stored) {
    R resource;
    static_cast<Resource&>(resource) = stored.resource;
    ATTUNE_RETURN_IF_ERROR(DecodeFields(stored.body, &resource));
    return resource;
  }

  Status InsertStored(ResourceKind kind, Resource& resource, const std::string& body);
  Result<StoredResource> FindStored(ResourceKind kind, std::string_view arn) const;
  Result<std::vector<StoredResource>> ListStored(ResourceKind kind, const ListQuery& query, std::string* next) const;
  Status UpdateStored(ResourceKind kind, Resource& resource, const std::string& body);
  Status AdvanceStored(ResourceKind kind, Resource& resource, ResourceStatus to, std::string failure_reason);

  CatalogDatabase& database_;
  const Clock& clock_;
  Entropy& entropy_;
};

/// The durable record of every resource and where it stands: SQLite with WAL and synchronous=FULL, so what Transact
/// returned ok for survives power loss. Thread-safe.
class Catalog {
 public:
  /// `path` is the database file; it is made if missing. Corrupt or Io where it cannot be read or is newer than this.
  static Result<std::unique_ptr<Catalog>> Open(const std::string& path, const Clock& clock, Entropy& entropy);
  ~Catalog();

  /// Runs `body` in one transaction. Its error undoes everything and is returned.
  Status Transact(const std::function<Status(CatalogTransaction&)>& body) EXCLUDES(mutex_);

  // One-step forms of the above.
  template <class R>
  Status Insert(R& resource) {
    return Transact([&](CatalogTransaction& transaction) { return transaction.Insert(resource); });
  }
  template <class R>
  Result<R> Find(std::string_view arn) {
    std::optional<R> found;
    ATTUNE_RETURN_IF_ERROR(Transact([&](CatalogTransaction& transaction) -> Status {
      ATTUNE_TRY(found, transaction.Find<R>(arn));
      return {};
    }));
    return *std::move(found);
  }
  template <class R>
  Result<Page<R>> List(const ListQuery& query) {
    Page<R> page;
    ATTUNE_RETURN_IF_ERROR(Transact([&](CatalogTransaction& transaction) -> Status {
      ATTUNE_TRY(page, transaction.List<R>(query));
      return {};
    }));
    return page;
  }
  template <class R>
  Result<std::vector<R>> All(std::string_view parent_arn = {}, std::vector<ResourceStatus> statuses = {}) {
    std::vector<R> all;
    ATTUNE_RETURN_IF_ERROR(Transact([&](CatalogTransaction& transaction) -> Status {
      ATTUNE_TRY(all, transaction.All<R>(parent_arn, std::move(statuses)));
      return {};
    }));
    return all;
  }
  template <class R>
  Status Update(R& resource) {
    return Transact([&](CatalogTransaction& transaction) { return transaction.Update(resource); });
  }
  template <class R>
  Status Advance(R& resource, ResourceStatus to, std::string failure_reason = {}) {
    return Transact(
        [&](CatalogTransaction& transaction) { return transaction.Advance(resource, to, std::move(failure_reason)); });
  }

  /// Writes a copy as of now to the new file `path` and calls `also` before anything can change: what `also` sees of
  /// other stores is no older than the copy, and all that the copy names is still there then.
  Status CopyTo(const std::string& path, const std::function<Status()>& also) EXCLUDES(mutex_);

  /// Counts the transactions that changed something since this was opened: a cheap way to see whether jobs have work.
  std::uint64_t change_count() const;
  /// Calls `listener` after each transaction that changed something, on the thread that made it. Set once, before use.
  void OnChange(std::function<void()> listener);

 private:
  Catalog(std::unique_ptr<CatalogDatabase> database, const Clock& clock, Entropy& entropy);

  // Constant after construction.
  const Clock& clock_;
  Entropy& entropy_;
  std::function<void()> on_change_;
  // Guarded by mutex_.
  Mutex mutex_;
  std::unique_ptr<CatalogDatabase> database_ GUARDED_BY(mutex_);
  // Synchronises itself.
  std::atomic<std::uint64_t> change_count_{0};
};

}  // namespace attune
