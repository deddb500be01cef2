#include "lance/scan/plan/planner.h"

#include <algorithm>

#include <arrow/api.h>

#include "lance/expr/expr.h"
#include "lance/scan/plan/index_filter.h"
#include "lance/scan/plan/output.h"
#include "lance/scan/plan/plan_search.h"

namespace lance::scan {
namespace {

Status CheckOptions(const ScanOptions& options) {
  LANCE_CHECK_ARG(options.limit.value_or(0) >= 0, "Limit must be non-negative");
  LANCE_CHECK_ARG(options.offset.value_or(0) >= 0, "Offset must be non-negative");
  LANCE_CHECK_ARG(options.batch_rows.value_or(1) >= 1 && options.batch_rows.value_or(1) <= UINT32_MAX,
                  "batch_size must be between 1 and 4294967295, got {}", options.batch_rows.value_or(0));
  LANCE_CHECK_ARG(options.batch_bytes.value_or(1) >= 1, "batch_size_bytes must be positive, got {}",
                  options.batch_bytes.value_or(0));
  LANCE_CHECK_ARG(options.io_buffer_bytes.value_or(1) >= 1, "io_buffer_size must be positive, got {}",
                  options.io_buffer_bytes.value_or(0));
  LANCE_CHECK_ARG(options.batch_readahead.value_or(1) >= 1, "batch_readahead must be positive, got {}",
                  options.batch_readahead.value_or(0));
  LANCE_CHECK_ARG(options.fragment_readahead.value_or(1) >= 1, "fragment_readahead must be positive, got {}",
                  options.fragment_readahead.value_or(0));
  LANCE_CHECK_ARG(!options.include_deleted_rows || options.with_row_id,
                  "include_deleted_rows is set but with_row_id is false");
  return Status::OK();
}

// False when a filter without columns can never be true.
bool CanPass(const arrow::Scalar& constant) {
  return constant.is_valid && constant.type->id() == arrow::Type::BOOL &&
         static_cast<const arrow::BooleanScalar&>(constant).value;
}

class Planner {
 public:
  Planner(const std::shared_ptr<const table::Snapshot>& snapshot, const ScanOptions& options)
      : snapshot_(snapshot),
        options_(options),
        table_(snapshot->manifest().schema),
        blobs_(HandlingOf(options.blobs)),
        builder_(table_, blobs_),
        plan_(std::make_shared<ScanPlan>()) {}

  Result<std::shared_ptr<const ScanPlan>> Run() {
    ARROW_RETURN_NOT_OK(CheckOptions(options_));
    ARROW_RETURN_NOT_OK(ChooseFragments());
    ARROW_RETURN_NOT_OK(PlanMask());
    ARROW_RETURN_NOT_OK(PlanSearch());
    ARROW_RETURN_NOT_OK(PlanFilter());
    ARROW_RETURN_NOT_OK(PlanOrder());
    ARROW_ASSIGN_OR_RAISE(output_, MakeOutput(table_, options_, blobs_, plan_->knn && plan_->knn->batch));
    ARROW_RETURN_NOT_OK(CollectColumns());
    AssignStages();
    PlanWindow();
    plan_->projection.columns = std::move(output_.columns);
    arrow::FieldVector fields;
    for (const OutputColumn& column : plan_->projection.columns) fields.push_back(column.field);
    plan_->projection.schema = arrow::schema(std::move(fields), SchemaMetadata());
    SetExecutionOptions();
    ARROW_RETURN_NOT_OK(PlanIndexFilter());
    if (index_ != nullptr) {
      ARROW_RETURN_NOT_OK(UseVectorIndex(index_, *options_.nearest, options_.fast_search, plan_.get()));
    }
    plan_->root = MakeNodes(*plan_);
    return plan_;
  }

 private:
  Status ChooseFragments() {
    if (!options_.fragments.has_value()) {
      for (const table::Fragment& fragment : snapshot_->manifest().fragments) {
        plan_->fragments.push_back(&fragment);
      }
      return Status::OK();
    }
    for (uint64_t id : *options_.fragments) {
      const table::Fragment* fragment = snapshot_->FindFragment(id);
      LANCE_CHECK_ARG(fragment != nullptr, "fragment {} does not exist in version {}", id,
                      snapshot_->manifest().version);
      plan_->fragments.push_back(fragment);
    }
    return Status::OK();
  }

  Status PlanMask() {
    if (!options_.row_id_allowlist.has_value() && !options_.row_id_blocklist.has_value()) return Status::OK();
    auto parse = [](const std::optional<std::string>& bytes, const char* name,
                    std::optional<table::RowIdSet>* out) -> Status {
      if (!bytes.has_value()) return Status::OK();
      Result<table::RowIdSet> set =
          table::RowIdSet::Parse({reinterpret_cast<const uint8_t*>(bytes->data()), bytes->size()});
      LANCE_CHECK_ARG(set.ok(), "the row address {} is not a serialized set of row addresses: {}", name,
                      set.status().message());
      *out = std::move(*set);
      return Status::OK();
    };
    auto mask = std::make_shared<table::RowIdMask>();
    ARROW_RETURN_NOT_OK(parse(options_.row_id_allowlist, "allowlist", &mask->allow));
    ARROW_RETURN_NOT_OK(parse(options_.row_id_blocklist, "blocklist", &mask->block));
    plan_->mask = std::move(mask);
    return Status::OK();
  }

  Status PlanSearch() {
    if (!options_.nearest.has_value()) return Status::OK();
    const NearestQuery& nearest = *options_.nearest;
    LANCE_CHECK_ARG(!options_.include_deleted_rows,
                    "Cannot include deleted rows in a nearest neighbor search");
    Result<ColumnPath> column = ResolveColumn(table_, blobs_, false, nearest.column);
    LANCE_CHECK_ARG(column.ok(), "Embedding column {} is not in the dataset", nearest.column);
    ARROW_ASSIGN_OR_RAISE(plan_->knn, MakeKnnQuery(nearest, *column->field->WithName(nearest.column),
                                                   options_.limit.value_or(10)));
    plan_->knn->column = column->top_level;
    plan_->knn->members = column->members;
    scan_paths_.push_back(column->path);
    std::optional<simd::Metric> metric;
    if (nearest.metric.has_value()) metric = plan_->knn->metric;
    ARROW_ASSIGN_OR_RAISE(index_, FindVectorIndex(*snapshot_, nearest, metric));
    if (index_ != nullptr) {
      plan_->knn->metric = index_->metric;
      plan_->knn->metric_name = index::MetricName(index_->metric);
    } else if (options_.fast_search) {
      // Only rows that an index covers are searched, and without an index that is none.
      plan_->nothing = true;
    }
    return Status::OK();
  }

  Status PlanFilter() {
    if (options_.filter.empty()) return Status::OK();
    const bool search = options_.nearest.has_value();
    const bool after = search && !options_.prefilter;
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Schema> schema, BindingSchema(table_, blobs_, after));
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<const expr::Expression> filter,
                          expr::ParseFilter(options_.filter, schema));
    if (std::shared_ptr<arrow::Scalar> constant = filter->AsConstant()) {
      if (!CanPass(*constant)) plan_->nothing = true;
      return Status::OK();
    }
    (after ? plan_->post_filter : plan_->filter) = std::move(filter);
    return Status::OK();
  }

  Status PlanIndexFilter() {
    if (plan_->filter == nullptr || !options_.use_scalar_index || options_.include_deleted_rows) {
      return Status::OK();
    }
    return MakeIndexFilter(*snapshot_, *plan_->filter, plan_->fragments).Value(&plan_->index_filter);
  }

  Status PlanOrder() {
    for (const ColumnOrdering& ordering : options_.order_by) {
      Result<ColumnPath> path = ResolveColumn(table_, blobs_, plan_->knn.has_value(), ordering.column);
      LANCE_CHECK_ARG(path.ok(), "Column {} not found", ordering.column);
      SortKey key;
      key.column = path->top_level;
      key.members = path->members;
      key.text = fmt::format("{} {} NULLS {}", ordering.column, ordering.ascending ? "ASC" : "DESC",
                             ordering.nulls_first ? "FIRST" : "LAST");
      key.ascending = ordering.ascending;
      key.nulls_first = ordering.nulls_first;
      sort_paths_.push_back(path->path);
      plan_->sort.push_back(std::move(key));
    }
    return Status::OK();
  }

  // Everything that anybody reads becomes one set of columns; structs hold what all of them need.
  Status CollectColumns() {
    auto add = [&](const std::vector<std::string>& paths) -> Status {
      for (const std::string& path : paths) ARROW_RETURN_NOT_OK(builder_.Add(path));
      return Status::OK();
    };
    if (plan_->filter != nullptr) ARROW_RETURN_NOT_OK(add(plan_->filter->columns()));
    if (plan_->post_filter != nullptr) ARROW_RETURN_NOT_OK(add(plan_->post_filter->columns()));
    ARROW_RETURN_NOT_OK(add(scan_paths_));
    ARROW_RETURN_NOT_OK(add(sort_paths_));
    ARROW_RETURN_NOT_OK(add(output_.paths));
    // Rows that are fetched later are named by address; ids order equal distances.
    if (plan_->knn.has_value()) builder_.Add(ColumnSource::kRowId);
    if (plan_->knn.has_value() || !plan_->sort.empty()) builder_.Add(ColumnSource::kRowAddress);
    auto context = std::make_shared<ReadContext>();
    context->snapshot = snapshot_;
    context->blobs = blobs_;
    context->include_deleted = options_.include_deleted_rows;
    ARROW_ASSIGN_OR_RAISE(context->columns, builder_.Finish());
    columns_ = &context->columns;
    plan_->context = std::move(context);
    return Status::OK();
  }

  // Indices of the columns that paths lie in, without duplicates and without what a search makes.
  std::vector<int> IndicesOf(const std::vector<std::string>& paths) const {
    std::vector<int> out;
    for (const std::string& path : paths) {
      int index = columns_->Find(path);
      if (index < 0) {
        Result<std::vector<std::string>> parts = schema::SplitPath(path);
        if (parts.ok()) index = columns_->Find(parts->front());
      }
      if (index >= 0) AddIndex(index, &out);
    }
    return out;
  }

  void AddIndex(int index, std::vector<int>* out) const {
    const ColumnSource source = columns_->columns[index].source;
    if (source == ColumnSource::kDistance || source == ColumnSource::kQueryIndex) return;
    if (std::find(out->begin(), out->end(), index) == out->end()) out->push_back(index);
  }

  static std::vector<int> Without(const std::vector<int>& all, const std::vector<int>& have) {
    std::vector<int> out;
    for (int index : all) {
      if (std::find(have.begin(), have.end(), index) == have.end()) out.push_back(index);
    }
    return out;
  }

  void AssignStages() {
    const std::vector<int> wanted = IndicesOf(output_.paths);
    const std::vector<int> keys = IndicesOf(sort_paths_);
    std::vector<int> have;
    if (plan_->knn.has_value()) {
      plan_->emitted = IndicesOf(scan_paths_);
      AddIndex(columns_->Find("_rowid"), &plan_->emitted);
      AddIndex(columns_->Find("_rowaddr"), &plan_->emitted);
      have = IndicesOf({"_rowid", "_rowaddr"});
      if (plan_->post_filter != nullptr) {
        plan_->taken_for_filter = Without(IndicesOf(plan_->post_filter->columns()), have);
        have.insert(have.end(), plan_->taken_for_filter.begin(), plan_->taken_for_filter.end());
      }
      plan_->taken_for_sort = Without(keys, have);
      have.insert(have.end(), plan_->taken_for_sort.begin(), plan_->taken_for_sort.end());
      plan_->taken_last = Without(wanted, have);
    } else if (!plan_->sort.empty()) {
      plan_->emitted = keys;
      for (int index : wanted) {
        if (!options_.limit.has_value() || columns_->columns[index].source != ColumnSource::kStored) {
          AddIndex(index, &plan_->emitted);
        }
      }
      AddIndex(columns_->Find("_rowaddr"), &plan_->emitted);
      plan_->taken_last = Without(wanted, plan_->emitted);
    } else {
      plan_->emitted = wanted;
    }
    SplitEarlyAndLate();
  }

  void SplitEarlyAndLate() {
    if (plan_->filter == nullptr) {
      plan_->early = plan_->emitted;
      return;
    }
    plan_->late_mode = options_.late_materialization;
    plan_->early = IndicesOf(plan_->filter->columns());
    const std::vector<int> named = IndicesOf(options_.late_columns);
    for (int index : plan_->emitted) {
      const bool early = plan_->late_mode == LateMaterialization::kNone ||
                         (plan_->late_mode == LateMaterialization::kColumns &&
                          std::find(named.begin(), named.end(), index) == named.end());
      if (early) AddIndex(index, &plan_->early);
    }
    plan_->late = Without(plan_->emitted, plan_->early);
  }

  void PlanWindow() {
    const auto skip = static_cast<uint64_t>(options_.offset.value_or(0));
    std::optional<uint64_t> limit;
    if (options_.limit.has_value()) limit = static_cast<uint64_t>(*options_.limit);
    if (!plan_->sort.empty() && limit.has_value()) plan_->sort_limit = skip + *limit;
    const bool before = plan_->filter == nullptr && !plan_->knn.has_value() && plan_->sort.empty();
    (before ? plan_->skip_before : plan_->skip) = skip;
    (before ? plan_->limit_before : plan_->limit) = limit;
  }

  std::shared_ptr<arrow::KeyValueMetadata> SchemaMetadata() const {
    if (table_.metadata.empty()) return nullptr;
    std::vector<std::string> keys;
    std::vector<std::string> values;
    for (const auto& [key, value] : table_.metadata) {
      keys.push_back(key);
      values.push_back(value);
    }
    return arrow::key_value_metadata(std::move(keys), std::move(values));
  }

  void SetExecutionOptions() {
    plan_->batch_rows = static_cast<uint64_t>(options_.batch_rows.value_or(8192));
    if (options_.batch_bytes.has_value()) plan_->batch_bytes = static_cast<uint64_t>(*options_.batch_bytes);
    plan_->strict_batches = options_.strict_batch_size;
    plan_->ordered = options_.ordered;
    if (options_.io_buffer_bytes.has_value()) {
      plan_->io_buffer_bytes = static_cast<uint64_t>(*options_.io_buffer_bytes);
    }
    if (options_.batch_readahead.has_value()) {
      plan_->batches_ahead = static_cast<uint64_t>(*options_.batch_readahead);
    }
    if (options_.fragment_readahead.has_value()) {
      plan_->fragments_ahead = static_cast<uint64_t>(*options_.fragment_readahead);
    }
    if (options_.memory_limit_bytes.has_value()) {
      plan_->memory_limit_bytes = static_cast<uint64_t>(std::max<int64_t>(*options_.memory_limit_bytes, 0));
    }
  }

  const std::shared_ptr<const table::Snapshot>& snapshot_;
  const ScanOptions& options_;
  const schema::Schema& table_;
  const file::BlobHandling blobs_;
  ColumnSetBuilder builder_;
  std::shared_ptr<ScanPlan> plan_;
  const ColumnSet* columns_ = nullptr;
  std::shared_ptr<const index::VectorIndex> index_;  // that answers the search
  Output output_;
  std::vector<std::string> scan_paths_;  // what units must read for a search
  std::vector<std::string> sort_paths_;
};

}  // namespace

Result<std::shared_ptr<arrow::Schema>> BindingSchema(const schema::Schema& table, file::BlobHandling blobs,
                                                     bool search) {
  arrow::FieldVector fields;
  for (const schema::Field& field : table.fields) {
    ARROW_ASSIGN_OR_RAISE(fields.emplace_back(), ReadField(field, blobs));
  }
  for (ColumnSource source :
       {ColumnSource::kRowId, ColumnSource::kRowAddress, ColumnSource::kLastUpdatedAtVersion,
        ColumnSource::kCreatedAtVersion, ColumnSource::kRowOffset}) {
    fields.push_back(VirtualField(source));
  }
  if (search) fields.push_back(VirtualField(ColumnSource::kDistance));
  return arrow::schema(std::move(fields));
}

Result<std::shared_ptr<const ScanPlan>> MakePlan(const std::shared_ptr<const table::Snapshot>& snapshot,
                                                 const ScanOptions& options) {
  return Planner(snapshot, options).Run();
}

}  // namespace lance::scan
