#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <arrow/result.h>

#include "lance/dataset.h"
#include "lance/write.h"
#include "output/document.h"

namespace CLI {
class App;
}

namespace lance::cli {

/// Which dataset is written to, and how the new version is made: the arguments that most writing verbs share.
/// A write goes on top of the newest version, of the main line or of a branch.
struct TargetArguments {
  std::string uri;
  std::string branch;
  std::vector<std::string> storage_options;  ///< key=value
  std::string message;
  int max_retries = 20;
  bool fast = false;  ///< without fsync

  void AddTo(CLI::App& verb);
  /// Adds only what says where the dataset is: for verbs that make no version.
  void AddPlaceTo(CLI::App& verb);
  arrow::Result<std::shared_ptr<Dataset>> Open() const;
  arrow::Result<std::map<std::string, std::string>> StorageOptions() const;
  CommitSettings Commit() const;
};

/// How a verb says what it did: text on a terminal, JSON on a pipe; --format chooses.
struct ReportArguments {
  std::string format;

  void AddTo(CLI::App& verb);
  arrow::Status Write(const Document& document) const;
};

/// Splits "name=value" at the first '='; blanks around both go. `option` is for the error.
arrow::Result<std::pair<std::string, std::string>> SplitAssignment(const std::string& option,
                                                                   const std::string& text);

/// Reads "14d", "36h", "90m", "45s", "2w" as a length of time.
arrow::Result<std::chrono::nanoseconds> ParseDuration(const std::string& text);

/// "1 row", "2 rows".
std::string Counted(uint64_t count, const std::string& thing);

}  // namespace lance::cli
