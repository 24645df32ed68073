#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "access/role_access.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/thread_pool.h"
#include "catalog/catalog.h"
#include "serve/deployments.h"
#include "storage/data_directory.h"
#include "storage/env.h"
#include "storage/event_log.h"
#include "storage/object_store.h"
#include "train/train_solution.h"

namespace attune {

/// The file in a dataset's folder that an import job writes.
inline std::string SegmentName(std::string_view job_uid) { return std::string(job_uid) + ".segment"; }

/// The stream of the event log that holds what was put into a dataset one by one.
inline std::string DatasetStream(std::string_view dataset_uid) { return "dataset/" + std::string(dataset_uid); }

/// When jobs begin that nobody asked for (Amazon Personalize guide, "Automatic updates" and "Configuring automatic
/// training").
struct AutomaticWorkOptions {
  /// Between two updates of the newest FULL version that a campaign serves.
  std::chrono::milliseconds update_every = std::chrono::hours(2);
  /// From a solution's creation to its first automatic training.
  std::chrono::milliseconds first_training_after = std::chrono::minutes(30);
};

/// What trainings may take.
struct TrainingLimits {
  std::size_t threads = 0;             ///< 0: as many as there are cores.
  std::uint64_t memory_bytes_max = 0;  ///< A training that needs more is refused before it begins. 0: no limit.
  double sequence_operations_max = kOperationsByRule;  ///< As in TrainParameters.
};

/// What jobs work with. Everything outlives the runner.
struct JobEnvironment {
  Env& env;
  const Clock& clock;
  Entropy& entropy;
  const DataDirectory& directory;
  Catalog& catalog;
  EventLog& log;
  ObjectStore& objects;
  const RoleAccessChecker& role_access;
  LiveGroups& live_groups;
  Deployments& deployments;
  ServedLists& served_lists;
  ThreadPool& training_pool;
  TrainingLimits training;
  LiveCatalogue::Limits live_items;
  AutomaticWorkOptions automatic;
  /// While it is true nothing is freed that the catalog named a moment ago: a backup reads it.
  const std::atomic<bool>* files_are_held = nullptr;
  /// Rows that imports have read since the server started, those of imports under way included.
  std::atomic<std::uint64_t>* imported_rows = nullptr;

  /// Where the segments of a dataset lie.
  std::string DatasetFolder(std::string_view dataset_uid) const {
    return JoinPath(directory.datasets_path(), dataset_uid);
  }
  /// Where the model of a solution version lies, by its artifact_name().
  std::string ArtifactFolder(std::string_view artifact_name) const {
    return JoinPath(directory.artifacts_path(), artifact_name);
  }
};

}  // namespace attune
