#include <arrow/api.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "arguments.h"
#include "exit_code.h"
#include "verb.h"

namespace lance::cli {

namespace {

arrow::Result<std::shared_ptr<arrow::RecordBatch>> ToBatch(const std::vector<VersionInfo>& versions,
                                                           const std::map<std::string, TagInfo>& tags) {
  arrow::UInt64Builder number, rows, fragments;
  arrow::TimestampBuilder time(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), arrow::default_memory_pool());
  arrow::StringBuilder tag_names;
  const auto append_count = [](const VersionInfo& version, const char* key, arrow::UInt64Builder* out) {
    const auto found = version.metadata.find(key);
    return found == version.metadata.end() ? out->AppendNull()
                                           : out->Append(std::strtoull(found->second.c_str(), nullptr, 10));
  };
  for (const auto& version : versions) {
    ARROW_RETURN_NOT_OK(number.Append(version.version));
    const auto since = version.timestamp.time_since_epoch();
    ARROW_RETURN_NOT_OK(time.Append(std::chrono::floor<std::chrono::microseconds>(since).count()));
    ARROW_RETURN_NOT_OK(append_count(version, "total_rows", &rows));
    ARROW_RETURN_NOT_OK(append_count(version, "total_fragments", &fragments));
    std::vector<std::string> names;
    for (const auto& [name, tag] : tags) {
      if (tag.version == version.version && !tag.branch) names.push_back(name);
    }
    ARROW_RETURN_NOT_OK(names.empty() ? tag_names.AppendNull()
                                      : tag_names.Append(fmt::format("{}", fmt::join(names, ", "))));
  }
  arrow::ArrayVector columns(5);
  ARROW_RETURN_NOT_OK(number.Finish(&columns[0]));
  ARROW_RETURN_NOT_OK(time.Finish(&columns[1]));
  ARROW_RETURN_NOT_OK(rows.Finish(&columns[2]));
  ARROW_RETURN_NOT_OK(fragments.Finish(&columns[3]));
  ARROW_RETURN_NOT_OK(tag_names.Finish(&columns[4]));
  const auto schema =
      arrow::schema({arrow::field("version", arrow::uint64()), arrow::field("written_at", columns[1]->type()),
                     arrow::field("rows", arrow::uint64()), arrow::field("fragments", arrow::uint64()),
                     arrow::field("tags", arrow::utf8())});
  return arrow::RecordBatch::Make(schema, static_cast<int64_t>(versions.size()), columns);
}

}  // namespace

void AddVersions(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("versions", "List the versions with time, rows and tags");
  auto dataset = std::make_shared<DatasetArguments>();
  auto output = std::make_shared<OutputArguments>();
  dataset->AddTo(*verb);
  output->AddTo(*verb);
  verb->footer("Examples:\n  lance versions table.lance\n  lance versions table.lance --version experiment:");
  verb->callback([=, &action] {
    action = [=]() -> arrow::Result<int> {
      ARROW_ASSIGN_OR_RAISE(const auto opened, dataset->Open());
      ARROW_ASSIGN_OR_RAISE(const auto versions, opened->Versions());
      ARROW_ASSIGN_OR_RAISE(const auto tags, opened->Tags());
      ARROW_ASSIGN_OR_RAISE(const auto batch, ToBatch(versions, tags));
      ARROW_ASSIGN_OR_RAISE(const auto reader, arrow::RecordBatchReader::Make({batch}, batch->schema()));
      ARROW_RETURN_NOT_OK(WriteRows(reader.get(), output->Resolve()));
      return kSuccess;
    };
  });
}

}  // namespace lance::cli
