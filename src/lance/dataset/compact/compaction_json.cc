// The JSON forms of compaction tasks, plans and results: those of the reference, so that its tasks can be
// read.
#include "lance/base/json.h"
#include "lance/base/status.h"
#include "lance/dataset/compact/json_text.h"
#include "lance/maintenance.h"

namespace lance {
namespace {

using dataset::PrintJson;

std::string FragmentsJson(const std::vector<FragmentMetadata>& fragments) {
  std::string out = "[";
  for (const FragmentMetadata& fragment : fragments) {
    if (out.size() > 1) out += ',';
    out += fragment.ToJson();
  }
  return out + "]";
}

Result<JsonValue> ParseObject(const std::string& json, const char* what) {
  auto parsed = ParseJson(json);
  LANCE_CHECK_ARG(parsed.ok() && parsed->kind() == JsonValue::Kind::kObject, "{}: no JSON object", what);
  return parsed;
}

Result<const JsonValue*> Member(const JsonValue& object, const char* name, const char* what) {
  const JsonValue* member = object.Find(name);
  LANCE_CHECK_ARG(member != nullptr, "{}: no member \"{}\"", what, name);
  return member;
}

Result<uint64_t> Number(const JsonValue& object, const char* name, const char* what) {
  ARROW_ASSIGN_OR_RAISE(const JsonValue* member, Member(object, name, what));
  const auto value = member->AsUint64();
  LANCE_CHECK_ARG(value.has_value(), "{}: \"{}\" is no number", what, name);
  return *value;
}

Result<std::vector<FragmentMetadata>> Fragments(const JsonValue& object, const char* name, const char* what) {
  ARROW_ASSIGN_OR_RAISE(const JsonValue* member, Member(object, name, what));
  std::vector<FragmentMetadata> out;
  for (const JsonValue& item : member->items()) {
    ARROW_ASSIGN_OR_RAISE(FragmentMetadata fragment, FragmentMetadata::FromJson(PrintJson(item)));
    out.push_back(std::move(fragment));
  }
  return out;
}

Result<CompactionOptions> Options(const JsonValue& object, const char* what) {
  ARROW_ASSIGN_OR_RAISE(const JsonValue* member, Member(object, "options", what));
  return CompactionOptions::FromJson(PrintJson(*member));
}

}  // namespace

std::string CompactionTask::ToJson() const {
  return fmt::format("{{\"task\":{{\"fragments\":{}}},\"read_version\":{},\"options\":{}}}",
                     FragmentsJson(fragments), read_version, options.ToJson());
}

arrow::Result<CompactionTask> CompactionTask::FromJson(const std::string& json) {
  constexpr const char* kWhat = "compaction task";
  ARROW_ASSIGN_OR_RAISE(JsonValue value, ParseObject(json, kWhat));
  ARROW_ASSIGN_OR_RAISE(const JsonValue* task, Member(value, "task", kWhat));
  CompactionTask out;
  ARROW_ASSIGN_OR_RAISE(out.fragments, Fragments(*task, "fragments", kWhat));
  ARROW_ASSIGN_OR_RAISE(out.read_version, Number(value, "read_version", kWhat));
  ARROW_ASSIGN_OR_RAISE(out.options, Options(value, kWhat));
  return out;
}

std::string CompactionPlan::ToJson() const {
  std::string list;
  for (const CompactionTask& task : tasks) {
    if (!list.empty()) list += ',';
    list += fmt::format("{{\"fragments\":{}}}", FragmentsJson(task.fragments));
  }
  return fmt::format("{{\"tasks\":[{}],\"read_version\":{},\"options\":{}}}", list, read_version,
                     options.ToJson());
}

arrow::Result<CompactionPlan> CompactionPlan::FromJson(const std::string& json) {
  constexpr const char* kWhat = "compaction plan";
  ARROW_ASSIGN_OR_RAISE(JsonValue value, ParseObject(json, kWhat));
  CompactionPlan out;
  ARROW_ASSIGN_OR_RAISE(out.read_version, Number(value, "read_version", kWhat));
  ARROW_ASSIGN_OR_RAISE(out.options, Options(value, kWhat));
  ARROW_ASSIGN_OR_RAISE(const JsonValue* tasks, Member(value, "tasks", kWhat));
  for (const JsonValue& item : tasks->items()) {
    CompactionTask task;
    ARROW_ASSIGN_OR_RAISE(task.fragments, Fragments(item, "fragments", kWhat));
    task.read_version = out.read_version;
    task.options = out.options;
    out.tasks.push_back(std::move(task));
  }
  return out;
}

std::string CompactionResult::ToJson() const {
  return fmt::format(
      "{{\"metrics\":{{\"fragments_removed\":{},\"fragments_added\":{},\"files_removed\":{},\"files_added\":{"
      "}}},"
      "\"new_fragments\":{},\"read_version\":{},\"original_fragments\":{},\"row_addrs\":null}}",
      metrics.fragments_removed, metrics.fragments_added, metrics.files_removed, metrics.files_added,
      FragmentsJson(new_fragments), read_version, FragmentsJson(original_fragments));
}

arrow::Result<CompactionResult> CompactionResult::FromJson(const std::string& json) {
  constexpr const char* kWhat = "compaction result";
  ARROW_ASSIGN_OR_RAISE(JsonValue value, ParseObject(json, kWhat));
  ARROW_ASSIGN_OR_RAISE(const JsonValue* metrics, Member(value, "metrics", kWhat));
  CompactionResult out;
  ARROW_ASSIGN_OR_RAISE(out.metrics.fragments_removed, Number(*metrics, "fragments_removed", kWhat));
  ARROW_ASSIGN_OR_RAISE(out.metrics.fragments_added, Number(*metrics, "fragments_added", kWhat));
  ARROW_ASSIGN_OR_RAISE(out.metrics.files_removed, Number(*metrics, "files_removed", kWhat));
  ARROW_ASSIGN_OR_RAISE(out.metrics.files_added, Number(*metrics, "files_added", kWhat));
  ARROW_ASSIGN_OR_RAISE(out.read_version, Number(value, "read_version", kWhat));
  ARROW_ASSIGN_OR_RAISE(out.new_fragments, Fragments(value, "new_fragments", kWhat));
  ARROW_ASSIGN_OR_RAISE(out.original_fragments, Fragments(value, "original_fragments", kWhat));
  return out;
}

}  // namespace lance
