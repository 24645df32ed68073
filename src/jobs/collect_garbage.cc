#include "jobs/collect_garbage.h"

#include <algorithm>
#include <set>

#include "base/log.h"

namespace attune {
namespace {

/// What the catalog says is in use, read in one transaction.
struct InUse {
  std::set<std::string> artifacts;
  std::map<std::string, std::set<std::string>> segments;  ///< By dataset uid: listed ones, and those being written.
};

Result<InUse> FindInUse(Catalog& catalog) {
  InUse in_use;
  ATTUNE_RETURN_IF_ERROR(catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(const auto versions, transaction.All<SolutionVersion>());
    for (const auto& version : versions) {
      // A deployment may still read the artifact before; an automatic update may be writing the one after.
      const std::int64_t revision = version.artifact_revision;
      for (std::int64_t each = std::max<std::int64_t>(revision - 1, 0); each <= revision + 1; ++each) {
        in_use.artifacts.insert(version.ArtifactName(each));
      }
    }
    ATTUNE_TRY(const auto datasets, transaction.All<Dataset>());
    for (const auto& dataset : datasets) {
      auto& segments = in_use.segments[dataset.uid];
      segments.insert(dataset.segments.begin(), dataset.segments.end());
      ATTUNE_TRY(const auto imports, transaction.All<DatasetImportJob>(dataset.arn));
      for (const auto& job : imports) {
        if (IsTransient(job.status)) segments.insert(SegmentName(job.uid));
      }
    }
    return {};
  }));
  return in_use;
}

// A half-written file or folder bears the name of what it will be and a suffix.
std::string WithoutTemporarySuffix(const std::string& name) {
  return name.ends_with(Env::kTemporarySuffix) ? name.substr(0, name.size() - Env::kTemporarySuffix.size()) : name;
}

Result<std::vector<std::string>> Names(Env& env, const std::string& folder) {
  std::vector<std::string> names;
  if (!env.Exists(folder)) return names;
  ATTUNE_TRY(const auto entries, env.List(folder));
  for (const auto& entry : entries) names.push_back(entry.name);
  return names;
}

/// Everything that could be garbage.
struct OnDisk {
  std::vector<std::string> artifacts;
  std::vector<std::string> streams;
  std::map<std::string, std::vector<std::string>> segments;  ///< By dataset folder.
};

Result<OnDisk> FindOnDisk(JobEnvironment& environment) {
  OnDisk on_disk;
  ATTUNE_TRY(on_disk.artifacts, Names(environment.env, environment.directory.artifacts_path()));
  ATTUNE_TRY(on_disk.streams, environment.log.Streams());
  ATTUNE_TRY(const auto datasets, Names(environment.env, environment.directory.datasets_path()));
  for (const auto& uid : datasets) {
    ATTUNE_TRY(on_disk.segments[uid], Names(environment.env, environment.DatasetFolder(uid)));
  }
  return on_disk;
}

bool AreFilesHeld(const JobEnvironment& environment) {
  return environment.files_are_held != nullptr && environment.files_are_held->load();
}

Status Collect(JobEnvironment& environment) {
  // The disk first: a dataset that is made after this look at it cannot be missed in the catalog and taken for garbage.
  ATTUNE_TRY(const OnDisk on_disk, FindOnDisk(environment));
  ATTUNE_TRY(const InUse in_use, FindInUse(environment.catalog));
  // A backup that begins after this look at the catalog does not name what was not in use then.
  if (AreFilesHeld(environment)) return Busy("a backup reads the files");
  for (const auto& name : on_disk.artifacts) {
    if (in_use.artifacts.contains(name.substr(0, name.find('.')))) continue;  // A folder being written has a suffix.
    ATTUNE_RETURN_IF_ERROR(environment.env.RemoveTree(JoinPath(environment.directory.artifacts_path(), name)));
  }
  for (const auto& stream : on_disk.streams) {
    constexpr std::string_view kPrefix = "dataset/";
    if (!stream.starts_with(kPrefix) || in_use.segments.contains(stream.substr(kPrefix.size()))) continue;
    ATTUNE_RETURN_IF_ERROR(environment.log.DropStream(stream));
  }
  for (const auto& [uid, names] : on_disk.segments) {
    const auto dataset = in_use.segments.find(uid);
    if (dataset == in_use.segments.end()) {
      ATTUNE_RETURN_IF_ERROR(environment.env.RemoveTree(environment.DatasetFolder(uid)));
      continue;
    }
    for (const auto& name : names) {
      if (dataset->second.contains(WithoutTemporarySuffix(name))) continue;
      ATTUNE_RETURN_IF_ERROR(environment.env.RemoveTree(JoinPath(environment.DatasetFolder(uid), name)));
    }
  }
  return {};
}

class Source final : public WorkSource {
 public:
  explicit Source(JobEnvironment& environment) : environment_(environment) {}

  Result<std::vector<Work>> Due() override {
    // Deletes are rare and a look is cheap: look again after every change of the catalog.
    const std::uint64_t change = environment_.catalog.change_count() + 1;
    if (collected_at_.load() == change || AreFilesHeld(environment_)) return std::vector<Work>{};
    return std::vector<Work>{
        {.key = "collect garbage", .lane = JobLane::kTransfer, .run = [this, change](const CancelFlag&) {
           const Status status = Collect(environment_);
           if (status.code() == Code::kBusy) return;  // Due again when the backup is done.
           if (!status.ok()) LogWarning("cannot free what deleted resources left: {}", status.ToString());
           collected_at_ = change;
         }}};
  }

 private:
  JobEnvironment& environment_;
  std::atomic<std::uint64_t> collected_at_{0};
};

}  // namespace

std::unique_ptr<WorkSource> CollectGarbageWork(JobEnvironment& environment) {
  return std::make_unique<Source>(environment);
}

}  // namespace attune
