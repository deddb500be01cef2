#include "lance/base/event.h"
#include "lance/dataset/make_dataset.h"
#include "lance/dataset/write/append_schema.h"
#include "lance/dataset/write/commit_operation.h"
#include "lance/dataset/write/fragment_writer.h"
#include "lance/dataset/write/target_bases.h"
#include "lance/runtime/session.h"
#include "lance/table/open_root.h"
#include "lance/table/table.h"
#include "lance/table/table_snapshot.h"
#include "lance/table/versions.h"
#include "lance/write.h"

#include <arrow/api.h>

namespace lance {
namespace {

using SnapshotPtr = std::shared_ptr<const table::Snapshot>;

// Where rows go and how; made before any of them is read.
struct WritePlan {
  SnapshotPtr table;  // nullptr: there is none yet
  std::string uri;
  WriteOptions options;
  schema::Schema file_schema;  // what the files store, with the table's ids
  dataset::FragmentWriterOptions writer;
  std::string storage_version;
  std::vector<table::BasePath> new_bases;

  bool appends() const { return table != nullptr && options.mode == WriteMode::kAppend; }
};

std::shared_ptr<runtime::Session> SessionOf(const WriteOptions& options) {
  return (options.session == nullptr ? Session::Default() : options.session)->impl();
}

// nullptr when there is no table.
Result<SnapshotPtr> FindTable(const std::string& uri, const WriteOptions& options) {
  table::TableOptions table_options;
  table_options.storage_options = options.storage_options;
  table_options.session = SessionOf(options);
  Result<SnapshotPtr> opened = table::OpenTable(uri, table_options);
  if (!opened.ok() && Is(opened.status(), ErrorKind::kNotFound)) return SnapshotPtr();
  return opened;
}

const store::Options& StorageOptions(const WritePlan& plan) {
  const auto* snapshot = dynamic_cast<const table::TableSnapshot*>(plan.table.get());
  return snapshot == nullptr ? plan.options.storage_options : snapshot->bases().options();
}

Status PlanSchema(const arrow::Schema& rows, WritePlan* plan) {
  ARROW_ASSIGN_OR_RAISE(schema::Schema schema, schema::FromArrow(rows));
  if (plan->appends()) {
    const schema::Schema& table_schema = plan->table->manifest().schema;
    dataset::PromoteBlobs(&schema, table_schema);
    ARROW_RETURN_NOT_OK(dataset::CheckRowsFit(schema, table_schema));
    plan->file_schema = dataset::TableFieldsOf(schema, table_schema);
    return Status::OK();
  }
  ARROW_RETURN_NOT_OK(dataset::CheckNewSchema(schema));
  if (dataset::HasBlobsV2(plan->writer.file.version)) dataset::PromoteBlobs(&schema);
  dataset::NumberFields(&schema);
  plan->file_schema = std::move(schema);
  return Status::OK();
}

Status PlanFiles(WritePlan* plan) {
  dataset::DataFolder own;
  std::vector<table::BasePath> bases;
  std::string own_uri;
  if (plan->table == nullptr) {
    plan->storage_version = plan->options.files.data_storage_version.value_or("stable");
    ARROW_ASSIGN_OR_RAISE(plan->writer.file.version, dataset::ParseStorageVersion(plan->storage_version));
    ApplySettings(plan->options.files, plan->options.commit.durable, &plan->writer);
    ARROW_ASSIGN_OR_RAISE(store::OpenedStore opened,
                          table::OpenRoot(plan->uri, plan->options.storage_options));
    own.store = std::move(opened.store);
    own_uri = std::move(opened.uri);
    plan->writer.folders = {own};
  } else {
    ARROW_ASSIGN_OR_RAISE(plan->writer, dataset::MakeFragmentWriterOptions(*plan->table, plan->options.files,
                                                                           plan->options.commit.durable));
    own = plan->writer.folders[0];
    own_uri = plan->table->uri();
    bases = plan->table->manifest().base_paths;
  }
  plan->storage_version = plan->writer.file.version.ToString();
  if (plan->appends()) {
    LANCE_CHECK_ARG(plan->options.initial_bases.empty(),
                    "Cannot register new bases in Append mode. initial_bases can only be used in Create or "
                    "Overwrite mode.");
  } else {
    ARROW_ASSIGN_OR_RAISE(plan->new_bases, dataset::NumberBases(plan->options.initial_bases, bases));
  }
  if (plan->options.target_bases.empty()) return Status::OK();
  bases.insert(bases.end(), plan->new_bases.begin(), plan->new_bases.end());
  ARROW_ASSIGN_OR_RAISE(plan->writer.folders, dataset::ResolveTargets(plan->options.target_bases, bases, own,
                                                                      own_uri, StorageOptions(*plan)));
  return Status::OK();
}

Result<WritePlan> MakePlan(const arrow::Schema& rows, SnapshotPtr table, const std::string& uri,
                           const WriteOptions& options) {
  WritePlan plan;
  plan.table = std::move(table);
  plan.uri = uri;
  plan.options = options;
  if (plan.table != nullptr && options.mode == WriteMode::kCreate) {
    return AlreadyExists("Dataset already exists: {}", uri);
  }
  ARROW_RETURN_NOT_OK(PlanFiles(&plan));
  ARROW_RETURN_NOT_OK(PlanSchema(rows, &plan));
  ARROW_RETURN_NOT_OK(dataset::CheckBlobColumns(plan.file_schema, plan.writer.file.version));
  return plan;
}

void TellWriting(const WritePlan& plan) {
  if (!EventsWanted()) return;
  const char* mode = plan.options.mode == WriteMode::kCreate   ? "Create"
                     : plan.options.mode == WriteMode::kAppend ? "Append"
                                                               : "Overwrite";
  Emit(kDatasetEvents,
       {{"event", "writing"}, {"uri", plan.table == nullptr ? plan.uri : plan.table->uri()}, {"mode", mode}});
}

Result<std::vector<table::Fragment>> WriteRows(arrow::RecordBatchReader& rows, const WritePlan& plan) {
  const std::shared_ptr<runtime::Session> session = SessionOf(plan.options);
  dataset::FragmentWriterOptions options = plan.writer;
  options.file.pool = session->thread_pool();
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<dataset::FragmentWriter> writer,
                        dataset::FragmentWriter::Make(plan.file_schema, std::move(options)));
  for (;;) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(rows.ReadNext(&batch));
    if (batch == nullptr) break;
    ARROW_RETURN_NOT_OK(writer->Write(*batch));
  }
  return writer->Finish();
}

// "14days", "1day 1h 1m 1s": what the reference writes, and reads again.
std::string FormatDuration(std::chrono::seconds duration) {
  struct Unit {
    const char* one;
    const char* many;
    int64_t seconds;
  };
  static constexpr Unit kUnits[] = {{"year", "years", 31'557'600},
                                    {"month", "months", 2'630'016},
                                    {"day", "days", 86'400},
                                    {"h", "h", 3'600},
                                    {"m", "m", 60},
                                    {"s", "s", 1}};
  int64_t rest = duration.count();
  std::string out;
  for (const Unit& unit : kUnits) {
    const int64_t count = rest / unit.seconds;
    rest %= unit.seconds;
    if (count == 0) continue;
    out += fmt::format("{}{}{}", out.empty() ? "" : " ", count, count == 1 ? unit.one : unit.many);
  }
  return out.empty() ? "0s" : out;
}

table::Operation OperationOf(const WritePlan& plan, std::vector<table::Fragment> fragments) {
  if (plan.appends()) return table::operation::Append{std::move(fragments)};
  table::operation::Overwrite overwrite;
  overwrite.fragments = std::move(fragments);
  overwrite.schema = plan.file_schema;
  overwrite.initial_bases = plan.new_bases;
  if (plan.table == nullptr && plan.options.auto_cleanup.has_value()) {
    const AutoCleanup& cleanup = *plan.options.auto_cleanup;
    overwrite.config_upserts["lance.auto_cleanup.interval"] = std::to_string(cleanup.interval);
    if (cleanup.older_than) {
      overwrite.config_upserts["lance.auto_cleanup.older_than"] = FormatDuration(*cleanup.older_than);
    }
    if (cleanup.retain_versions) {
      overwrite.config_upserts["lance.auto_cleanup.retain_versions"] =
          std::to_string(*cleanup.retain_versions);
    }
  }
  return overwrite;
}

Result<SnapshotPtr> CommitWrite(const WritePlan& plan, table::CommitRequest request) {
  dataset::AddProperties(plan.options.commit, &request);
  const table::CommitOptions commit_options = dataset::ToCommitOptions(plan.options.commit);
  if (plan.table != nullptr) return table::Commit(*plan.table, std::move(request), commit_options);
  table::CreateTableOptions create;
  create.stable_row_ids = plan.options.stable_row_ids;
  create.v2_manifest_names = plan.options.v2_manifest_names;
  create.data_storage_version = plan.storage_version;
  create.storage_options = plan.options.storage_options;
  create.session = SessionOf(plan.options);
  return table::CreateTable(plan.uri, std::move(request), create, commit_options);
}

table::CommitRequest RequestOf(const WritePlan& plan, std::vector<table::Fragment> fragments) {
  table::CommitRequest request;
  request.operation = OperationOf(plan, std::move(fragments));
  request.read_version = plan.table == nullptr ? 0 : plan.table->manifest().version;
  return request;
}

Result<std::shared_ptr<Dataset>> Write(arrow::RecordBatchReader& rows, SnapshotPtr table,
                                       const std::string& uri, const WriteOptions& options) {
  ARROW_ASSIGN_OR_RAISE(WritePlan plan, MakePlan(*rows.schema(), std::move(table), uri, options));
  TellWriting(plan);
  plan.writer.unsynced = std::make_shared<store::Unsynced>();
  ARROW_ASSIGN_OR_RAISE(std::vector<table::Fragment> fragments, WriteRows(rows, plan));
  table::CommitRequest request = RequestOf(plan, fragments);
  request.unsynced = plan.writer.unsynced;
  Result<SnapshotPtr> committed = CommitWrite(plan, std::move(request));
  if (!committed.ok()) {
    if (!Is(committed.status(), ErrorKind::kCommitStateUnknown)) {
      dataset::RemoveDataFiles(plan.writer.folders, fragments);
    }
    return committed.status();
  }
  if (plan.table == nullptr) return MakeDataset(committed.MoveValueUnsafe());
  return dataset::FinishCommit(*plan.table, committed.MoveValueUnsafe(), options.commit);
}

Result<UncommittedFragments> WriteUncommitted(arrow::RecordBatchReader& rows, SnapshotPtr table,
                                              const std::string& uri, const WriteOptions& options) {
  ARROW_ASSIGN_OR_RAISE(WritePlan plan, MakePlan(*rows.schema(), std::move(table), uri, options));
  ARROW_ASSIGN_OR_RAISE(std::vector<table::Fragment> fragments, WriteRows(rows, plan));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Schema> schema, plan.file_schema.ToArrow());
  table::CommitRequest request = RequestOf(plan, fragments);
  dataset::AddProperties(options.commit, &request);
  std::vector<FragmentMetadata> metadata;
  for (table::Fragment& fragment : fragments) metadata.emplace_back(std::move(fragment));
  return UncommittedFragments{std::move(metadata), std::move(schema), Transaction(std::move(request))};
}

}  // namespace

Result<std::shared_ptr<Dataset>> WriteDataset(arrow::RecordBatchReader& rows, const std::string& uri,
                                              const WriteOptions& options) {
  ARROW_ASSIGN_OR_RAISE(SnapshotPtr table, FindTable(uri, options));
  return Write(rows, std::move(table), uri, options);
}

Result<std::shared_ptr<Dataset>> WriteDataset(arrow::RecordBatchReader& rows, const Dataset& dataset,
                                              const WriteOptions& options) {
  return Write(rows, dataset.snapshot(), dataset.uri(), options);
}

Result<UncommittedFragments> WriteFragments(arrow::RecordBatchReader& rows, const std::string& uri,
                                            const WriteOptions& options) {
  ARROW_ASSIGN_OR_RAISE(SnapshotPtr table, FindTable(uri, options));
  return WriteUncommitted(rows, std::move(table), uri, options);
}

Result<UncommittedFragments> WriteFragments(arrow::RecordBatchReader& rows, const Dataset& dataset,
                                            const WriteOptions& options) {
  return WriteUncommitted(rows, dataset.snapshot(), dataset.uri(), options);
}

Result<std::shared_ptr<Dataset>> CommitTransaction(const Dataset& dataset, const Transaction& transaction,
                                                   const CommitSettings& settings) {
  return dataset::CommitOperation(*dataset.snapshot(), transaction.impl(), settings);
}

Result<std::shared_ptr<Dataset>> CommitTransaction(const std::string& uri, const Transaction& transaction,
                                                   const WriteOptions& options) {
  WritePlan plan;
  ARROW_ASSIGN_OR_RAISE(plan.table, FindTable(uri, options));
  plan.uri = uri;
  plan.options = options;
  const auto* overwrite = std::get_if<table::operation::Overwrite>(&transaction.impl().operation);
  if (plan.table == nullptr) {
    if (overwrite == nullptr) return NotFound("Dataset at path {} was not found", uri);
    // The files say which version they are; without any, the options do.
    if (!overwrite->fragments.empty() && !overwrite->fragments[0].files.empty()) {
      const table::DataFile& file = overwrite->fragments[0].files[0];
      plan.storage_version =
          file::Version{static_cast<int>(file.major_version), static_cast<int>(file.minor_version)}
              .ToString();
    } else {
      ARROW_ASSIGN_OR_RAISE(
          file::Version version,
          dataset::ParseStorageVersion(options.files.data_storage_version.value_or("stable")));
      plan.storage_version = version.ToString();
    }
  }
  // A detached version may follow another one.
  if (plan.table != nullptr && (transaction.impl().read_version & table::kDetachedBit) != 0) {
    table::VersionSelector selector;
    selector.number = transaction.impl().read_version;
    ARROW_ASSIGN_OR_RAISE(plan.table, table::Checkout(*plan.table, selector));
  }
  ARROW_ASSIGN_OR_RAISE(SnapshotPtr committed, CommitWrite(plan, transaction.impl()));
  if (plan.table == nullptr) return MakeDataset(std::move(committed));
  return dataset::FinishCommit(*plan.table, std::move(committed), options.commit);
}

}  // namespace lance
