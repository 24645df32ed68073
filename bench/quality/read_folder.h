#pragma once

#include <string>

#include "base/status.h"
#include "data/training_data.h"

namespace attune {

/// Reads interactions.csv and items.csv of a folder, plain or gzipped, into training data: the columns USER_ID,
/// ITEM_ID, TIMESTAMP (seconds), EVENT_TYPE and EVENT_VALUE, and of items every further column (numbers where all cells
/// are numbers, text where it is called TITLE, else categories divided by |). For public data sets only: quotes within
/// a cell are not undone.
Result<TrainingData> ReadFolder(const std::string& folder);

}  // namespace attune
