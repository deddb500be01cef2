// What to rewrite: runs of neighbouring small fragments that the same indices cover, and fragments with many
// deleted rows, cut into tasks of about the wanted size.
#include <algorithm>
#include <set>

#include "lance/base/status.h"
#include "lance/dataset.h"
#include "lance/dataset/compact/index_coverage.h"
#include "lance/dataset/write/fragment_writer.h"
#include "lance/maintenance.h"
#include "lance/table/lineage.h"
#include "lance/table/snapshot.h"

namespace lance {
namespace {

using dataset::IndexCoverage;
using table::Fragment;

enum class Candidacy { kNone, kWithNeighbours, kItself };

struct Bin {
  std::vector<const Fragment*> fragments;
  std::vector<uint64_t> live_rows;
  bool itself = false;  // the first fragment is worth a rewrite of its own
  std::vector<int> indices;

  bool worth_it() const { return fragments.size() > 1 || itself; }
  uint64_t total_rows() const {
    uint64_t rows = 0;
    for (uint64_t count : live_rows) rows += count;
    return rows;
  }
};

// True when a file holds only dropped columns and row lineage: only a rewrite gets rid of the former.
bool PinsDeadColumns(const Fragment& fragment, const std::set<int32_t>& live_fields) {
  return std::any_of(fragment.files.begin(), fragment.files.end(), [&](const table::DataFile& file) {
    bool dead = false;
    bool lineage = false;
    for (int32_t id : file.fields) {
      if (live_fields.contains(id)) return false;
      if (id == table::kRowIdField || id == table::kCreatedAtField || id == table::kLastUpdatedAtField) {
        lineage = true;
      } else {
        dead |= id >= 0 || id == table::kTombstonedField;
      }
    }
    return dead && lineage;
  });
}

class Planner {
 public:
  Planner(const table::Snapshot& snapshot, const CompactionOptions& options, IndexCoverage coverage)
      : snapshot_(snapshot),
        options_(options),
        coverage_(std::move(coverage)),
        excluded_(options.excluded_fragment_ids.begin(), options.excluded_fragment_ids.end()) {
    const std::vector<int32_t> ids = snapshot.manifest().schema.FieldIds();
    live_fields_.insert(ids.begin(), ids.end());
  }

  Result<std::vector<Bin>> Plan() {
    for (const Fragment& fragment : snapshot_.manifest().fragments) {
      if (excluded_.contains(fragment.id)) {
        CloseBin();
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(const uint64_t live, snapshot_.CountRows(fragment));
      const Candidacy candidacy = Judge(fragment, live);
      if (candidacy == Candidacy::kNone) {
        CloseBin();
        continue;
      }
      std::vector<int> indices = coverage_.Covering(fragment.id);
      if (!open_.fragments.empty() && open_.indices != indices) CloseBin();
      if (open_.fragments.empty()) {
        open_.itself = candidacy == Candidacy::kItself;
        open_.indices = std::move(indices);
      }
      open_.fragments.push_back(&fragment);
      open_.live_rows.push_back(live);
    }
    CloseBin();
    return std::move(bins_);
  }

 private:
  Candidacy Judge(const Fragment& fragment, uint64_t live) const {
    if (options_.mode != CompactionMode::kForceBinaryCopy && PinsDeadColumns(fragment, live_fields_)) {
      return Candidacy::kItself;
    }
    const bool materialize = options_.materialize_deletions && options_.materialize_deletions_threshold < 1.0;
    const auto physical = static_cast<double>(fragment.physical_rows);
    if (materialize && fragment.physical_rows > 0 &&
        static_cast<double>(fragment.physical_rows - live) / physical >
            options_.materialize_deletions_threshold) {
      return Candidacy::kItself;
    }
    return fragment.physical_rows < options_.target_rows_per_fragment ? Candidacy::kWithNeighbours
                                                                      : Candidacy::kNone;
  }

  void CloseBin() {
    if (!open_.fragments.empty() && open_.worth_it()) Split(std::move(open_));
    open_ = Bin();
  }

  // Cuts a bin where a piece is large enough and enough is left for another.
  void Split(Bin bin) {
    const uint64_t least = options_.target_rows_per_fragment;
    uint64_t left = bin.total_rows();
    uint64_t rows = 0;
    Bin piece;
    for (size_t i = 0; i < bin.fragments.size(); ++i) {
      piece.fragments.push_back(bin.fragments[i]);
      piece.live_rows.push_back(bin.live_rows[i]);
      rows += bin.live_rows[i];
      left -= bin.live_rows[i];
      if (rows >= least && left > 0 && left >= least) {
        bins_.push_back(std::move(piece));
        piece = Bin();
        rows = 0;
      }
    }
    if (!piece.fragments.empty()) bins_.push_back(std::move(piece));
  }

  const table::Snapshot& snapshot_;
  const CompactionOptions& options_;
  IndexCoverage coverage_;
  std::set<uint64_t> excluded_;
  std::set<int32_t> live_fields_;
  Bin open_;
  std::vector<Bin> bins_;
};

Result<uint64_t> SourceBytes(const Bin& bin, const std::set<int32_t>& live_fields) {
  uint64_t bytes = 0;
  for (const Fragment* fragment : bin.fragments) {
    for (const table::DataFile& file : fragment->files) {
      const bool live = std::any_of(file.fields.begin(), file.fields.end(),
                                    [&](int32_t id) { return live_fields.contains(id); });
      if (!live) continue;
      LANCE_CHECK_ARG(file.size_bytes > 0,
                      "max_source_bytes is set but file '{}' of fragment {} has no size recorded in the "
                      "manifest; unset max_source_bytes to compact this dataset",
                      file.path, fragment->id);
      bytes += file.size_bytes;
    }
  }
  return bytes;
}

// Keeps the first tasks, as many as the source limits allow.
Status LimitSources(const CompactionOptions& options, const schema::Schema& schema, std::vector<Bin>* bins) {
  const std::vector<int32_t> listed = schema.FieldIds();
  const std::set<int32_t> live_fields(listed.begin(), listed.end());
  uint64_t fragments = 0;
  uint64_t rows = 0;
  uint64_t bytes = 0;
  for (size_t i = 0; i < bins->size(); ++i) {
    fragments += (*bins)[i].fragments.size();
    rows += (*bins)[i].total_rows();
    if (options.max_source_bytes.has_value()) {
      ARROW_ASSIGN_OR_RAISE(const uint64_t more, SourceBytes((*bins)[i], live_fields));
      bytes += more;
    }
    if (fragments > options.max_source_fragments.value_or(UINT64_MAX) ||
        rows > options.max_source_rows.value_or(UINT64_MAX) ||
        bytes > options.max_source_bytes.value_or(UINT64_MAX)) {
      bins->resize(i);
      break;
    }
  }
  return Status::OK();
}

}  // namespace

arrow::Result<CompactionPlan> PlanCompaction(const Dataset& dataset, const CompactionOptions& options) {
  ARROW_RETURN_NOT_OK(options.Validate());
  if (options.data_storage_version.has_value()) {
    ARROW_RETURN_NOT_OK(dataset::ParseStorageVersion(*options.data_storage_version).status());
  }
  const table::Snapshot& snapshot = *dataset.snapshot();
  if (options.defer_index_remap && snapshot.manifest().has_stable_row_ids()) {
    return NotSupported("compaction with defer_index_remap of a table with stable row ids");
  }
  ARROW_ASSIGN_OR_RAISE(auto coverage, dataset::IndexCoverage::Load(snapshot));
  Planner planner(snapshot, options, std::move(coverage));
  ARROW_ASSIGN_OR_RAISE(std::vector<Bin> bins, planner.Plan());
  ARROW_RETURN_NOT_OK(LimitSources(options, snapshot.manifest().schema, &bins));
  CompactionPlan plan;
  plan.read_version = dataset.version();
  plan.options = options;
  for (const Bin& bin : bins) {
    CompactionTask task;
    for (const Fragment* fragment : bin.fragments) task.fragments.emplace_back(*fragment);
    task.read_version = plan.read_version;
    task.options = options;
    plan.tasks.push_back(std::move(task));
  }
  return plan;
}

}  // namespace lance
