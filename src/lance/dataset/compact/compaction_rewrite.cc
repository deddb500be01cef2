#include <algorithm>
#include <numeric>

#include <arrow/api.h>

#include "lance/dataset.h"
#include "lance/dataset/compact/copy_pages.h"
#include "lance/dataset/compact/index_coverage.h"
#include "lance/dataset/compact/moved_lineage.h"
#include "lance/dataset/schema_change/stored_reader.h"
#include "lance/dataset/write/fragment_writer.h"
#include "lance/maintenance.h"
#include "lance/table/snapshot.h"

namespace lance {
namespace {

using table::Fragment;

uint64_t CountFiles(std::span<const Fragment* const> fragments) {
  uint64_t files = 0;
  for (const Fragment* fragment : fragments) {
    files += fragment->files.size() + (fragment->deletion_file.has_value() ? 1 : 0);
  }
  return files;
}

// Rows per output file: as few files as reach the target, of sizes that differ by one row at most.
std::vector<uint64_t> PlanFiles(uint64_t rows, uint64_t target) {
  if (rows == 0) return {};
  const uint64_t count = std::max<uint64_t>(rows / target, 1);
  std::vector<uint64_t> out(count, rows / count);
  for (uint64_t i = 0; i < rows % count; ++i) ++out[i];
  return out;
}

// Writes a stream into files of planned sizes.
Status WriteFiles(arrow::RecordBatchReader& rows, std::span<const uint64_t> planned,
                  dataset::FragmentWriter* writer) {
  size_t file = 0;
  uint64_t left = planned.empty() ? 0 : planned[0];
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, rows.Next());
    if (batch == nullptr) return Status::OK();
    while (batch->num_rows() > 0) {
      if (left == 0) return Internal("compaction read more rows than its fragments have");
      const auto now = static_cast<int64_t>(std::min(left, static_cast<uint64_t>(batch->num_rows())));
      ARROW_RETURN_NOT_OK(writer->Write(*batch->Slice(0, now)));
      batch = batch->Slice(now);
      left -= static_cast<uint64_t>(now);
      if (left > 0) continue;
      ARROW_RETURN_NOT_OK(writer->EndFragment());
      if (++file < planned.size()) left = planned[file];
    }
  }
}

Result<std::vector<const Fragment*>> FindFragments(const table::Snapshot& snapshot,
                                                   const CompactionTask& task) {
  std::vector<const Fragment*> out;
  for (const FragmentMetadata& wanted : task.fragments) {
    const Fragment* fragment = snapshot.FindFragment(wanted.impl().id);
    LANCE_CHECK_ARG(fragment != nullptr, "fragment {} of a compaction task is not in version {}",
                    wanted.impl().id, snapshot.manifest().version);
    out.push_back(fragment);
  }
  return out;
}

// Reads the live rows and writes them anew.
Result<std::vector<Fragment>> Reencode(const std::shared_ptr<const table::Snapshot>& snapshot,
                                       const std::vector<const Fragment*>& fragments,
                                       const dataset::FragmentWriterOptions& writing,
                                       std::span<const uint64_t> planned, const CompactionOptions& options) {
  const schema::Schema& schema = snapshot->manifest().schema;
  ARROW_ASSIGN_OR_RAISE(auto writer, dataset::FragmentWriter::Make(schema, writing));
  dataset::StoredRowsOptions reading;
  reading.blobs = file::BlobHandling::kWritable;
  if (options.batch_rows.has_value()) reading.batch_rows = static_cast<uint64_t>(*options.batch_rows);
  ARROW_ASSIGN_OR_RAISE(auto rows, dataset::ReadStoredRows(snapshot, fragments, schema, reading));
  ARROW_RETURN_NOT_OK(WriteFiles(*rows, planned, writer.get()));
  return writer->Finish();
}

Result<std::vector<Fragment>> Rewrite(const std::shared_ptr<const table::Snapshot>& snapshot,
                                      const std::vector<const Fragment*>& fragments,
                                      const CompactionOptions& options) {
  uint64_t live_rows = 0;
  for (const Fragment* fragment : fragments) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t live, snapshot->CountRows(*fragment));
    live_rows += live;
  }
  const std::vector<uint64_t> planned = PlanFiles(live_rows, options.target_rows_per_fragment);
  DataFileSettings settings;
  settings.data_storage_version = options.data_storage_version;
  settings.max_rows_per_file = planned.empty() ? 1 : planned.front();
  if (options.max_bytes_per_file.has_value()) settings.max_bytes_per_file = *options.max_bytes_per_file;
  ARROW_ASSIGN_OR_RAISE(auto writing,
                        dataset::MakeFragmentWriterOptions(*snapshot, settings, options.commit.durable));
  bool copies = false;
  if (options.mode != CompactionMode::kReencode) {
    ARROW_ASSIGN_OR_RAISE(copies, dataset::CanCopyPages(*snapshot, fragments, writing.file.version));
    if (!copies && options.mode == CompactionMode::kForceBinaryCopy) {
      return NotSupported("the binary copy of fragments {} to {}, which differ from what would be written",
                          fragments.front()->id, fragments.back()->id);
    }
  }
  auto rewritten = copies ? dataset::CopyPages(*snapshot, fragments, writing, options)
                          : Reencode(snapshot, fragments, writing, planned, options);
  ARROW_ASSIGN_OR_RAISE(std::vector<Fragment> written, std::move(rewritten));
  if (snapshot->manifest().has_stable_row_ids()) {
    if (Status status = dataset::CarryLineage(*snapshot, fragments, written); !status.ok()) {
      dataset::RemoveDataFiles(writing.folders, written);
      return status;
    }
  }
  return written;
}

}  // namespace

arrow::Result<CompactionResult> ExecuteCompactionTask(const Dataset& dataset, const CompactionTask& task) {
  ARROW_RETURN_NOT_OK(task.options.Validate());
  std::shared_ptr<const table::Snapshot> snapshot = dataset.snapshot();
  std::shared_ptr<Dataset> other;
  if (dataset.version() != task.read_version) {
    VersionRef ref;
    ref.number = task.read_version;
    ARROW_ASSIGN_OR_RAISE(other, dataset.Checkout(ref));
    snapshot = other->snapshot();
  }
  CompactionResult result;
  result.read_version = task.read_version;
  if (task.fragments.empty()) return result;
  ARROW_ASSIGN_OR_RAISE(auto fragments, FindFragments(*snapshot, task));
  std::vector<uint64_t> ids;
  for (const Fragment* fragment : fragments) ids.push_back(fragment->id);
  ARROW_ASSIGN_OR_RAISE(auto coverage, dataset::IndexCoverage::Load(*snapshot));
  if (!task.options.defer_index_remap) ARROW_RETURN_NOT_OK(coverage.CheckRewritable(ids));
  ARROW_ASSIGN_OR_RAISE(std::vector<Fragment> written, Rewrite(snapshot, fragments, task.options));
  std::vector<const Fragment*> added;
  for (const Fragment& fragment : written) added.push_back(&fragment);
  result.metrics = {fragments.size(), written.size(), CountFiles(fragments), CountFiles(added)};
  for (const Fragment* fragment : fragments) result.original_fragments.emplace_back(*fragment);
  for (Fragment& fragment : written) result.new_fragments.emplace_back(std::move(fragment));
  return result;
}

}  // namespace lance
