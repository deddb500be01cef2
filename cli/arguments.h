#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/result.h>

#include "lance/dataset.h"
#include "output/row_sink.h"

namespace CLI {
class App;
}

namespace lance::cli {

/// Which dataset, and which version of it: the arguments that most verbs share.
struct DatasetArguments {
  std::string uri;
  std::string version;  ///< a number, a tag, or branch:number
  std::string as_of;
  std::vector<std::string> storage_options;  ///< key=value

  void AddTo(CLI::App& verb);
  arrow::Result<std::shared_ptr<Dataset>> Open() const;
};

/// How rows are written: --format, --output, --max-rows, --width, --no-header.
struct OutputArguments {
  OutputOptions options;
  std::string format;
  bool no_header = false;

  void AddTo(CLI::App& verb);
  /// The options with `format` resolved; it was checked while parsing.
  OutputOptions Resolve() const;
};

/// Splits at commas outside of brackets and quotes: "a, f(b, c)" -> "a", "f(b, c)". Blanks around are
/// dropped.
std::vector<std::string> SplitList(std::string_view text);

/// Reads "3", "v1.0" (a tag), "branch:3" or "branch:" as a version.
arrow::Result<VersionRef> ParseVersion(const std::string& text);

/// Reads "2026-01-31", "2026-01-31 12:30:00[.123]", "...T...Z" as UTC.
arrow::Result<std::chrono::sys_time<std::chrono::nanoseconds>> ParseTime(const std::string& text);

/// ParseTime for humans: "2026-01-31 12:30:00.123456Z".
std::string FormatTime(std::chrono::sys_time<std::chrono::nanoseconds> time);

}  // namespace lance::cli
