#include <charconv>

#include "lance/base/json.h"
#include "lance/base/status.h"
#include "lance/dataset/compact/json_text.h"
#include "lance/maintenance.h"

namespace lance {
namespace {

constexpr std::string_view kConfigPrefix = "lance.compaction.";

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

Result<uint64_t> ParseCount(const std::string& key, const std::string& text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  LANCE_CHECK_ARG(error == std::errc() && end == text.data() + text.size(),
                  "Invalid value for {}: '{}' (expected a non-negative integer)", key, text);
  return value;
}

Result<double> ParseShare(const std::string& key, const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  LANCE_CHECK_ARG(error == std::errc() && end == text.data() + text.size(),
                  "Invalid value for {}: '{}' (expected a float between 0.0 and 1.0)", key, text);
  return value;
}

Result<bool> ParseBool(const std::string& key, const std::string& text) {
  const std::string lower = Lower(text);
  LANCE_CHECK_ARG(lower == "true" || lower == "false",
                  "Invalid value for {}: '{}' (expected 'true' or 'false')", key, text);
  return lower == "true";
}

Result<CompactionMode> ParseMode(const std::string& text) {
  const std::string lower = Lower(text);
  if (lower == "reencode") return CompactionMode::kReencode;
  if (lower == "try_binary_copy" || lower == "trybinarycopy") return CompactionMode::kTryBinaryCopy;
  if (lower == "force_binary_copy" || lower == "forcebinarycopy") return CompactionMode::kForceBinaryCopy;
  return InvalidArgument(
      "Invalid compaction mode \"{}\". Valid values: \"reencode\", \"try_binary_copy\", "
      "\"force_binary_copy\"",
      text);
}

const char* ModeName(CompactionMode mode) {
  switch (mode) {
    case CompactionMode::kTryBinaryCopy:
      return "TryBinaryCopy";
    case CompactionMode::kForceBinaryCopy:
      return "ForceBinaryCopy";
    default:
      return "Reencode";
  }
}

// Sets the option of that name from its text. Unknown ones are left alone: they are of other releases.
Status SetOption(const std::string& key, const std::string& name, const std::string& text,
                 CompactionOptions* out) {
  if (name == "target_rows_per_fragment") {
    ARROW_ASSIGN_OR_RAISE(out->target_rows_per_fragment, ParseCount(key, text));
  } else if (name == "max_rows_per_group") {
    ARROW_ASSIGN_OR_RAISE(out->max_rows_per_group, ParseCount(key, text));
  } else if (name == "max_bytes_per_file") {
    ARROW_ASSIGN_OR_RAISE(out->max_bytes_per_file, ParseCount(key, text));
  } else if (name == "materialize_deletions") {
    ARROW_ASSIGN_OR_RAISE(out->materialize_deletions, ParseBool(key, text));
  } else if (name == "materialize_deletions_threshold") {
    ARROW_ASSIGN_OR_RAISE(out->materialize_deletions_threshold, ParseShare(key, text));
  } else if (name == "defer_index_remap") {
    ARROW_ASSIGN_OR_RAISE(out->defer_index_remap, ParseBool(key, text));
  } else if (name == "num_threads") {
    ARROW_ASSIGN_OR_RAISE(out->num_threads, ParseCount(key, text));
  } else if (name == "batch_size") {
    ARROW_ASSIGN_OR_RAISE(out->batch_rows, ParseCount(key, text));
  } else if (name == "io_buffer_size") {
    ARROW_ASSIGN_OR_RAISE(out->io_buffer_bytes, ParseCount(key, text));
  } else if (name == "compaction_mode") {
    ARROW_ASSIGN_OR_RAISE(out->mode, ParseMode(text));
  } else if (name == "binary_copy_read_batch_bytes") {
    ARROW_ASSIGN_OR_RAISE(out->binary_copy_read_batch_bytes, ParseCount(key, text));
  } else if (name == "max_source_fragments") {
    ARROW_ASSIGN_OR_RAISE(out->max_source_fragments, ParseCount(key, text));
  } else if (name == "max_source_rows") {
    ARROW_ASSIGN_OR_RAISE(out->max_source_rows, ParseCount(key, text));
  } else if (name == "max_source_bytes") {
    ARROW_ASSIGN_OR_RAISE(out->max_source_bytes, ParseCount(key, text));
  } else if (name == "data_storage_version") {
    out->data_storage_version = text;
  }
  return Status::OK();
}

template <typename T>
std::string OrNull(const std::optional<T>& value) {
  return value.has_value() ? fmt::format("{}", *value) : "null";
}

}  // namespace

arrow::Status CompactionOptions::Validate() const {
  LANCE_CHECK_ARG(target_rows_per_fragment > 0, "target_rows_per_fragment must be greater than 0");
  const std::pair<const char*, const std::optional<uint64_t>*> limits[] = {
      {"max_source_fragments", &max_source_fragments},
      {"max_source_rows", &max_source_rows},
      {"max_source_bytes", &max_source_bytes}};
  for (const auto& [name, value] : limits) {
    LANCE_CHECK_ARG(*value != uint64_t{0},
                    "CompactionOptions::{} must be greater than 0 (use None for no limit)", name);
  }
  LANCE_CHECK_ARG(!num_threads.has_value() || *num_threads > 0, "num_threads must be greater than 0");
  LANCE_CHECK_ARG(!batch_rows.has_value() || *batch_rows > 0, "batch_size must be greater than 0");
  return Status::OK();
}

arrow::Result<CompactionOptions> CompactionOptions::FromConfig(
    const std::map<std::string, std::string>& config) {
  CompactionOptions out;
  for (const auto& [key, value] : config) {
    if (!key.starts_with(kConfigPrefix)) continue;
    ARROW_RETURN_NOT_OK(SetOption(key, key.substr(kConfigPrefix.size()), value, &out));
  }
  return out;
}

std::string CompactionOptions::ToJson() const {
  std::string excluded;
  for (uint64_t id : excluded_fragment_ids) excluded += fmt::format("{}{}", excluded.empty() ? "" : ",", id);
  return fmt::format(
      "{{\"target_rows_per_fragment\":{},\"max_rows_per_group\":{},\"max_bytes_per_file\":{},"
      "\"materialize_deletions\":{},\"materialize_deletions_threshold\":{},\"num_threads\":{},"
      "\"batch_size\":{},\"io_buffer_size\":{},\"defer_index_remap\":{},\"compaction_mode\":\"{}\","
      "\"binary_copy_read_batch_bytes\":{},\"max_source_fragments\":{},\"max_source_rows\":{},"
      "\"max_source_bytes\":{},\"excluded_fragment_ids\":[{}],\"data_storage_version\":{}}}",
      target_rows_per_fragment, max_rows_per_group, OrNull(max_bytes_per_file), materialize_deletions,
      materialize_deletions_threshold, OrNull(num_threads), OrNull(batch_rows), OrNull(io_buffer_bytes),
      defer_index_remap, ModeName(mode), OrNull(binary_copy_read_batch_bytes), OrNull(max_source_fragments),
      OrNull(max_source_rows), OrNull(max_source_bytes), excluded,
      data_storage_version.has_value() ? QuoteJson(*data_storage_version) : "null");
}

arrow::Result<CompactionOptions> CompactionOptions::FromJson(const std::string& json) {
  auto parsed = ParseJson(json);
  LANCE_CHECK_ARG(parsed.ok() && parsed->kind() == JsonValue::Kind::kObject,
                  "compaction options: no JSON object");
  CompactionOptions out;
  for (const auto& [name, value] : parsed->members()) {
    if (name == "excluded_fragment_ids") {
      for (const JsonValue& id : value.items()) {
        const auto number = id.AsUint64();
        LANCE_CHECK_ARG(number.has_value(), "compaction options: excluded_fragment_ids holds no number");
        out.excluded_fragment_ids.push_back(*number);
      }
    } else if (value.kind() == JsonValue::Kind::kBool) {
      ARROW_RETURN_NOT_OK(SetOption(name, name, value.boolean() ? "true" : "false", &out));
    } else if (!value.is_null()) {
      ARROW_RETURN_NOT_OK(SetOption(name, name, value.text(), &out));
    }
  }
  return out;
}

}  // namespace lance
