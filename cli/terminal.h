#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace lance::cli {

bool StdoutIsTerminal();
bool StderrIsTerminal();
bool StdinIsTerminal();

/// Columns of the terminal on stdout; COLUMNS when that is set; 120 when neither is known.
int TerminalWidth();

/// True when text on stdout may carry colours: a terminal, and NO_COLOR is not set.
bool UseColor();

/// Makes wcwidth know UTF-8. Call once at the start of main.
void InitializeLocale();

/// Columns that UTF-8 `text` takes on a terminal; bytes that are no UTF-8 count one each.
int DisplayWidth(std::string_view text);

/// Cuts `text` to at most `columns` columns, ending in an ellipsis when something was cut.
std::string TruncateToWidth(std::string_view text, int columns);

/// Shows on stderr how far long work is: only on a terminal, only after half a second, ten times a second at
/// most. One thread at a time.
class Progress {
 public:
  /// `total` 0: unknown, only the count is shown.
  Progress(std::string label, uint64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void Update(uint64_t done);
  /// Removes the line.
  void Finish();

 private:
  std::string label_;
  uint64_t total_;
  bool enabled_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace lance::cli
