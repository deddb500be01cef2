#include "write_arguments.h"

#include <cctype>
#include <charconv>
#include <string_view>

#include <CLI/CLI.hpp>

#include "output/units.h"
#include "terminal.h"

namespace lance::cli {

namespace {

std::string Trim(std::string_view text) {
  const auto blank = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return std::string(text);
}

}  // namespace

void TargetArguments::AddPlaceTo(CLI::App& verb) {
  verb.add_option("dataset", uri, "Path or URI of the dataset (a folder such as table.lance)")->required();
  verb.add_option("--branch", branch, "The branch to work on; default: the main line");
  verb.add_option("--storage-option", storage_options, "key=value for the object store; may be repeated")
      ->allow_extra_args(false);
}

void TargetArguments::AddTo(CLI::App& verb) {
  AddPlaceTo(verb);
  verb.add_option("--message,-m", message, "Kept with the new version, for those who read its history")
      ->group("Commit");
  verb.add_option("--max-retries", max_retries, "Tries when other writers commit at the same time")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group("Commit");
  verb.add_flag("--no-sync", fast, "Do not wait for the disk: faster, but a power cut may lose the version")
      ->group("Commit");
}

arrow::Result<std::map<std::string, std::string>> TargetArguments::StorageOptions() const {
  std::map<std::string, std::string> options;
  for (const auto& option : storage_options) {
    ARROW_ASSIGN_OR_RAISE(auto entry, SplitAssignment("--storage-option", option));
    options.insert_or_assign(std::move(entry.first), std::move(entry.second));
  }
  return options;
}

arrow::Result<std::shared_ptr<Dataset>> TargetArguments::Open() const {
  OpenOptions options;
  if (!branch.empty()) options.version.branch = branch;
  ARROW_ASSIGN_OR_RAISE(options.storage_options, StorageOptions());
  return Dataset::Open(uri, options);
}

CommitSettings TargetArguments::Commit() const {
  CommitSettings settings;
  settings.max_retries = max_retries;
  settings.durable = !fast;
  if (!message.empty()) settings.message = message;
  return settings;
}

void ReportArguments::AddTo(CLI::App& verb) {
  verb.add_option("--format,-F", format, "How to report; default: table on a terminal, json on a pipe")
      ->check(CLI::IsMember({"table", "json"}));
}

arrow::Status ReportArguments::Write(const Document& document) const {
  OutputOptions options;
  if (!format.empty()) options.format = ParseFormat(format);
  return WriteDocument(document, options);
}

arrow::Result<std::pair<std::string, std::string>> SplitAssignment(const std::string& option,
                                                                   const std::string& text) {
  const size_t equals = text.find('=');
  std::string name = Trim(std::string_view(text).substr(0, equals));
  if (equals == std::string::npos || name.empty()) {
    return arrow::Status::Invalid(option, " wants name=value, got '", text, "'");
  }
  return std::make_pair(std::move(name), Trim(std::string_view(text).substr(equals + 1)));
}

arrow::Result<std::chrono::nanoseconds> ParseDuration(const std::string& text) {
  const std::string value = Trim(text);
  int64_t count = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
  const std::string_view unit(end, value.data() + value.size() - end);
  int64_t seconds = 0;
  if (unit == "s") seconds = 1;
  if (unit == "m") seconds = 60;
  if (unit == "h") seconds = 3'600;
  if (unit == "d") seconds = 86'400;
  if (unit == "w") seconds = 7 * 86'400;
  constexpr int64_t kMostSeconds = int64_t{290} * 365 * 86'400;  // what nanoseconds can count
  if (error != std::errc() || count < 0 || seconds == 0 || count > kMostSeconds / seconds) {
    return arrow::Status::Invalid("'", text, "' is not a length of time such as 14d, 36h, 90m, 45s or 2w");
  }
  return std::chrono::seconds(count * seconds);
}

std::string Counted(uint64_t count, const std::string& thing) {
  return GroupDigits(count) + " " + thing + (count == 1 ? "" : "s");
}

}  // namespace lance::cli
