#include <arrow/api.h>
#include <CLI/CLI.hpp>

#include "arguments.h"
#include "exit_code.h"
#include "lance/scalar_index.h"
#include "lance/vector_index.h"
#include "output/units.h"
#include "verb.h"
#include "write_arguments.h"

namespace lance::cli {

namespace {

struct CreateArguments {
  TargetArguments target;
  ReportArguments report;
  std::string column;
  VectorIndexOptions options;
  bool definition_only = false;
};

struct ChangeArguments {
  TargetArguments target;
  ReportArguments report;
  std::string name;
  OptimizeIndicesOptions optimize;
  std::vector<std::string> names;
};

struct LookArguments {
  DatasetArguments dataset;
  OutputArguments output;
  ReportArguments report;
  std::string name;
};

arrow::Result<IndexDescription> Find(const Dataset& dataset, const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(const auto all, DescribeIndices(dataset));
  for (const IndexDescription& description : all) {
    if (description.name == name) return description;
  }
  return arrow::Status::KeyError("there is no index '", name, "'; 'lance index list' shows all");
}

void Describe(const IndexDescription& description, Document* document) {
  document->Text("name", description.name);
  document->Text("type", description.type);
  std::string columns;
  for (const std::string& column : description.columns) columns += (columns.empty() ? "" : ", ") + column;
  document->Text("columns", columns);
  if (description.metric) document->Text("metric", *description.metric);
  document->Number("segments", description.num_segments);
  document->Number("fragments_covered", description.num_fragments_covered);
  document->Number("fragments_not_covered", description.num_fragments_not_covered);
  document->Number("size_bytes", description.size_bytes);
  document->Number("built_from_version", description.dataset_version);
  document->Flag("trained", description.trained);
}

arrow::Result<int> Create(const CreateArguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.target.Open());
  VectorIndexOptions options = arguments.options;
  options.commit = arguments.target.Commit();
  options.train = !arguments.definition_only;
  for (char& c : options.type) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  std::shared_ptr<Dataset> after;
  if (options.type == "BTREE") {
    ScalarIndexOptions scalar;
    scalar.name = options.name;
    scalar.replace = options.replace;
    scalar.train = options.train;
    scalar.commit = options.commit;
    ARROW_ASSIGN_OR_RAISE(after, CreateScalarIndex(*dataset, arguments.column, scalar));
  } else {
    ARROW_ASSIGN_OR_RAISE(after, CreateVectorIndex(*dataset, arguments.column, options));
  }
  Document document;
  document.Number("version", after->version());
  ARROW_ASSIGN_OR_RAISE(const IndexDescription made,
                        Find(*after, options.name.value_or(arguments.column + "_idx")));
  Describe(made, &document);
  ARROW_RETURN_NOT_OK(arguments.report.Write(document));
  return kSuccess;
}

arrow::Result<int> Drop(const ChangeArguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.target.Open());
  ARROW_ASSIGN_OR_RAISE(const auto after, DropIndex(*dataset, arguments.name, arguments.target.Commit()));
  Document document;
  document.Number("version", after->version());
  document.Text("dropped_index", arguments.name);
  ARROW_RETURN_NOT_OK(arguments.report.Write(document));
  return kSuccess;
}

arrow::Result<int> Optimize(const ChangeArguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.target.Open());
  OptimizeIndicesOptions options = arguments.optimize;
  if (!arguments.names.empty()) options.names = arguments.names;
  options.commit = arguments.target.Commit();
  ARROW_ASSIGN_OR_RAISE(const auto after, OptimizeIndices(*dataset, options));
  Document document;
  document.Number("version", after->version());
  document.Flag("changed", after->version() != dataset->version());
  ARROW_RETURN_NOT_OK(arguments.report.Write(document));
  return kSuccess;
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> ToBatch(const std::vector<IndexDescription>& all) {
  arrow::StringBuilder name, type, columns, metric;
  arrow::UInt64Builder segments, covered, missing, bytes;
  for (const IndexDescription& description : all) {
    std::string joined;
    for (const std::string& column : description.columns) joined += (joined.empty() ? "" : ", ") + column;
    ARROW_RETURN_NOT_OK(name.Append(description.name));
    ARROW_RETURN_NOT_OK(type.Append(description.type));
    ARROW_RETURN_NOT_OK(columns.Append(joined));
    ARROW_RETURN_NOT_OK(description.metric ? metric.Append(*description.metric) : metric.AppendNull());
    ARROW_RETURN_NOT_OK(segments.Append(description.num_segments));
    ARROW_RETURN_NOT_OK(covered.Append(description.num_fragments_covered));
    ARROW_RETURN_NOT_OK(missing.Append(description.num_fragments_not_covered));
    ARROW_RETURN_NOT_OK(bytes.Append(description.size_bytes));
  }
  arrow::ArrayBuilder* builders[] = {&name, &type, &columns, &metric, &segments, &covered, &missing, &bytes};
  const char* names[] = {"index",    "type",    "columns",     "metric",
                         "segments", "covered", "not_covered", "size_bytes"};
  arrow::ArrayVector arrays(std::size(builders));
  arrow::FieldVector fields;
  for (size_t i = 0; i < arrays.size(); ++i) {
    ARROW_RETURN_NOT_OK(builders[i]->Finish(&arrays[i]));
    fields.push_back(arrow::field(names[i], arrays[i]->type()));
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), static_cast<int64_t>(all.size()), arrays);
}

arrow::Result<int> List(const LookArguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.dataset.Open());
  ARROW_ASSIGN_OR_RAISE(const auto all, DescribeIndices(*dataset));
  ARROW_ASSIGN_OR_RAISE(const auto batch, ToBatch(all));
  ARROW_ASSIGN_OR_RAISE(const auto reader, arrow::RecordBatchReader::Make({batch}, batch->schema()));
  ARROW_RETURN_NOT_OK(WriteRows(reader.get(), arguments.output.Resolve()));
  return kSuccess;
}

arrow::Result<int> DescribeOne(const LookArguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.dataset.Open());
  ARROW_ASSIGN_OR_RAISE(const IndexDescription description, Find(*dataset, arguments.name));
  Document document;
  Describe(description, &document);
  Document& segments = document.Section("uuids");
  for (size_t i = 0; i < description.uuids.size(); ++i)
    segments.Text(std::to_string(i), description.uuids[i]);
  ARROW_RETURN_NOT_OK(arguments.report.Write(document));
  return kSuccess;
}

void AddCreate(CLI::App* verb, Action& action) {
  CLI::App* part = verb->add_subcommand("create", "Build a vector index over a column");
  auto arguments = std::make_shared<CreateArguments>();
  VectorIndexOptions& options = arguments->options;
  arguments->target.AddTo(*part);
  part->add_option("column", arguments->column, "The column of vectors")->required();
  part->add_option("--type", options.type,
                   "ivf_flat, ivf_pq (default), ivf_sq, ivf_rq, ivf_hnsw_flat, ivf_hnsw_pq, ivf_hnsw_sq; "
                   "btree (of numbers, "
                   "text, ...)");
  part->add_option("--name", options.name, "Default: <column>_idx");
  part->add_option("--metric", options.metric, "l2 (default), cosine, dot, hamming");
  part->add_option("--partitions", options.num_partitions, "Default: by --partition-size")
      ->check(CLI::PositiveNumber);
  part->add_option("--partition-size", options.target_partition_size,
                   "Rows a partition; default: by the type")
      ->check(CLI::PositiveNumber);
  part->add_option("--sub-vectors", options.num_sub_vectors, "Of PQ: codes a vector; default 16")
      ->check(CLI::PositiveNumber);
  part->add_option("--bits", options.num_bits, "Of PQ 4 or 8, of RQ 1 to 9 a dimension; default 8, of RQ 5");
  part->add_option("--m", options.hnsw_m, "Of HNSW: neighbours a node; default 20");
  part->add_option("--ef-construction", options.hnsw_ef_construction,
                   "Of HNSW: candidates a node; default 150");
  part->add_option("--seed", options.seed, "Of training");
  part->add_flag("--replace", options.replace, "Take the place of an index of that name");
  part->add_flag("--no-train", arguments->definition_only,
                 "Only note the definition; 'lance index optimize' trains");
  arguments->report.AddTo(*part);
  part->callback([=, &action] { action = [=] { return Create(*arguments); }; });
}

}  // namespace

void AddIndex(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("index", "Indices: create, list, describe, drop, optimize");
  verb->require_subcommand(1);
  verb->footer(
      "Rows written after an index was built are found too, by looking at all of them; 'optimize' adds them "
      "to it.\n"
      "Examples:\n"
      "  lance index create table.lance vector --type ivf_pq --sub-vectors 16\n"
      "  lance index create table.lance vector --type ivf_hnsw_sq --metric cosine --name graph\n"
      "  lance index list table.lance\n"
      "  lance index describe table.lance vector_idx\n"
      "  lance index optimize table.lance --merge 1\n"
      "  lance index drop table.lance vector_idx");
  AddCreate(verb, action);
  const auto look = [&](const char* name, const char* description, auto run, bool named) {
    CLI::App* part = verb->add_subcommand(name, description);
    auto arguments = std::make_shared<LookArguments>();
    arguments->dataset.AddTo(*part);
    if (named) {
      part->add_option("name", arguments->name, "The index")->required();
      arguments->report.AddTo(*part);
    } else {
      arguments->output.AddTo(*part);
    }
    part->callback([=, &action] { action = [=] { return run(*arguments); }; });
  };
  look("list", "List all indices", List, false);
  look("describe", "What an index is made of and covers", DescribeOne, true);

  CLI::App* drop = verb->add_subcommand("drop", "Remove an index");
  auto dropped = std::make_shared<ChangeArguments>();
  dropped->target.AddTo(*drop);
  drop->add_option("name", dropped->name, "The index")->required();
  dropped->report.AddTo(*drop);
  drop->callback([=, &action] { action = [=] { return Drop(*dropped); }; });

  CLI::App* optimize = verb->add_subcommand("optimize", "Add rows that indices do not cover");
  auto optimized = std::make_shared<ChangeArguments>();
  optimized->target.AddTo(*optimize);
  optimize->add_option("names", optimized->names, "Which; default: all vector indices");
  optimize->add_option("--merge", optimized->optimize.num_indices_to_merge,
                       "Merge so many of the newest segments with the new rows; default 0");
  optimize->add_flag("--retrain", optimized->optimize.retrain, "Build anew over all rows");
  optimized->report.AddTo(*optimize);
  optimize->callback([=, &action] { action = [=] { return Optimize(*optimized); }; });
}

}  // namespace lance::cli
