#include "arguments.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <arrow/api.h>
#include <arrow/util/value_parsing.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "output/temporal_text.h"

namespace lance::cli {

namespace {

std::string Trim(std::string_view text) {
  const auto blank = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return std::string(text);
}

std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

void DatasetArguments::AddTo(CLI::App& verb) {
  verb.add_option("dataset", uri, "Path or URI of the dataset (a folder such as table.lance)")->required();
  verb.add_option("--version,-v", version, "Version to read: a number, a tag, or branch:number");
  verb.add_option("--as-of", as_of, "Newest version at this UTC time, such as '2026-01-31 12:00:00'");
  verb.add_option("--storage-option", storage_options, "key=value for the object store; may be repeated")
      ->allow_extra_args(false);
}

arrow::Result<std::shared_ptr<Dataset>> DatasetArguments::Open() const {
  OpenOptions options;
  if (!version.empty() && !as_of.empty()) {
    return arrow::Status::Invalid("--version and --as-of exclude each other; give one");
  }
  if (!version.empty()) {
    ARROW_ASSIGN_OR_RAISE(options.version, ParseVersion(version));
  }
  if (!as_of.empty()) {
    ARROW_ASSIGN_OR_RAISE(options.version.as_of, ParseTime(as_of));
  }
  for (const auto& option : storage_options) {
    const size_t equals = option.find('=');
    if (equals == std::string::npos || equals == 0) {
      return arrow::Status::Invalid("--storage-option wants key=value, got '", option, "'");
    }
    options.storage_options[option.substr(0, equals)] = option.substr(equals + 1);
  }
  return Dataset::Open(uri, options);
}

void OutputArguments::AddTo(CLI::App& verb) {
  verb.add_option("--format,-F", format,
                  "Output format; default: table on a terminal, csv on a pipe, else by the file's extension")
      ->check(CLI::IsMember(FormatNames()));
  verb.add_option("--output,-o", options.path, "Write to this file instead of stdout");
  verb.add_option("--max-rows", options.max_rows, "Rows that a table shows; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb.add_option("--width", options.max_width, "Width of a table in columns; default: the terminal's")
      ->check(CLI::NonNegativeNumber);
  verb.add_flag("--no-header", no_header, "Leave out the line of column names (csv, tsv)");
}

OutputOptions OutputArguments::Resolve() const {
  OutputOptions resolved = options;
  if (!format.empty()) resolved.format = ParseFormat(format);
  resolved.header = !no_header;
  return resolved;
}

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> parts;
  size_t start = 0;
  int depth = 0;
  char quote = 0;
  for (size_t i = 0; i <= text.size(); i++) {
    const char c = i < text.size() ? text[i] : ',';
    if (i == text.size() || (quote == 0 && depth == 0 && c == ',')) {
      std::string part = Trim(text.substr(start, i - start));
      if (!part.empty()) parts.push_back(std::move(part));
      start = i + 1;
    } else if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"' || c == '`') {
      quote = c;
    } else if (c == '(' || c == '[') {
      depth++;
    } else if ((c == ')' || c == ']') && depth > 0) {
      depth--;
    }
  }
  return parts;
}

arrow::Result<VersionRef> ParseVersion(const std::string& text) {
  VersionRef version;
  if (const auto number = ParseNumber(text)) {
    version.number = number;
    return version;
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) {
    version.tag = text;
    return version;
  }
  version.branch = text.substr(0, colon);
  const std::string number = text.substr(colon + 1);
  if (version.branch->empty())
    return arrow::Status::Invalid("version '", text, "' has no branch before the colon");
  if (number.empty()) return version;
  version.number = ParseNumber(number);
  if (!version.number) {
    return arrow::Status::Invalid("version '", text, "': after the colon a version number is expected");
  }
  return version;
}

arrow::Result<std::chrono::sys_time<std::chrono::nanoseconds>> ParseTime(const std::string& text) {
  std::string value = Trim(text);
  if (!value.empty() && (value.back() == 'Z' || value.back() == 'z')) value.pop_back();
  int64_t nanoseconds = 0;
  const auto type = arrow::timestamp(arrow::TimeUnit::NANO);
  if (!arrow::internal::ParseValue<arrow::TimestampType>(static_cast<const arrow::TimestampType&>(*type),
                                                         value.data(), value.size(), &nanoseconds)) {
    return arrow::Status::Invalid("'", text,
                                  "' is not a UTC time such as 2026-01-31 or '2026-01-31 12:30:00'");
  }
  return std::chrono::sys_time<std::chrono::nanoseconds>(std::chrono::nanoseconds(nanoseconds));
}

std::string FormatTime(std::chrono::sys_time<std::chrono::nanoseconds> time) {
  const int64_t microseconds = std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch()).count();
  std::string text;
  AppendTimestamp(microseconds, arrow::TimeUnit::MICRO, ' ', &text);
  return text + "Z";
}

}  // namespace lance::cli
