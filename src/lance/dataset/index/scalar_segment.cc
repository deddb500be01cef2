#include "lance/dataset/index/scalar_segment.h"

#include <algorithm>

#include <arrow/api.h>

#include "lance/dataset/index/index_entries.h"
#include "lance/index/scalar/btree/key_sorter.h"
#include "lance/index/scalar/btree/names.h"
#include "lance/index/scalar/btree/write_segment.h"
#include "lance/runtime/memory_limit.h"
#include "lance/runtime/session.h"
#include "lance/schema/schema.h"
#include "lance/table/snapshot.h"

namespace lance::dataset {
namespace {

constexpr uint64_t kMaxBudgetBytes = 1 << 30;

Status Report(const ScalarIndexOptions& options, const char* event, const char* stage, uint64_t rows) {
  if (!options.progress) return Status::OK();
  return options.progress({event, stage, rows, std::nullopt, "rows"});
}

Result<std::shared_ptr<arrow::RecordBatchReader>> ReadColumn(
    const Dataset& dataset, const std::string& column,
    const std::optional<std::vector<uint64_t>>& fragments) {
  ScanOptions scan;
  scan.columns = std::vector<ScanOptions::Column>{{column, ""}};
  scan.with_row_address = true;
  scan.fragments = fragments;
  scan.batch_rows = 65'536;
  scan.io_buffer_bytes = 64 << 20;
  scan.stored_json = true;
  ARROW_ASSIGN_OR_RAISE(const auto scanner, dataset.Scan(scan));
  return scanner->ToReader();
}

}  // namespace

Status FillScalarSegment(const Dataset& dataset, const std::string& column,
                         const std::optional<std::vector<uint64_t>>& fragments, const ExistingRows& existing,
                         const ScalarIndexOptions& options, table::IndexMetadata* out) {
  const table::Snapshot& snapshot = *dataset.snapshot();
  ARROW_ASSIGN_OR_RAISE(const schema::Field* field, snapshot.manifest().schema.Resolve(column));
  ARROW_ASSIGN_OR_RAISE(const auto type, field->ArrowType());
  if (arrow::is_nested(type->id())) {
    return InvalidArgument("A btree index can only be created on a non-nested field.");
  }
  ARROW_ASSIGN_OR_RAISE(const index::KeyType key_type, index::KeyType::Make(type));
  index::KeySorterOptions sorting;
  sorting.pool = snapshot.session()->thread_pool();
  sorting.memory_budget_bytes = options.memory_budget_bytes > 0
                                    ? options.memory_budget_bytes
                                    : std::min(runtime::MemoryLimit() / 4, kMaxBudgetBytes);
  const auto sorter = index::KeySorter::Make(key_type, sorting);
  uint64_t rows = 0;
  ARROW_RETURN_NOT_OK(Report(options, "start", "load_data", 0));
  if (existing) {
    ARROW_RETURN_NOT_OK(existing([&](const std::shared_ptr<arrow::Array>& values, const uint64_t* addresses) {
      rows += static_cast<uint64_t>(values->length());
      return sorter->Append(values, addresses);
    }));
  }
  if (!fragments.has_value() || !fragments->empty()) {
    ARROW_ASSIGN_OR_RAISE(const auto reader, ReadColumn(dataset, column, fragments));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const auto batch, reader->Next());
      if (batch == nullptr) break;
      rows += static_cast<uint64_t>(batch->num_rows());
      const auto& addresses = static_cast<const arrow::UInt64Array&>(*batch->column(1));
      ARROW_RETURN_NOT_OK(sorter->Append(batch->column(0), addresses.raw_values()));
      ARROW_RETURN_NOT_OK(Report(options, "progress", "load_data", rows));
    }
  }
  ARROW_RETURN_NOT_OK(Report(options, "complete", "load_data", rows));
  ARROW_RETURN_NOT_OK(Report(options, "start", "train", 0));
  ARROW_ASSIGN_OR_RAISE(const index::SegmentTarget target,
                        TargetOf(snapshot, out->uuid, options.commit.durable));
  ARROW_ASSIGN_OR_RAISE(out->files, index::WriteBTree(key_type, sorter.get(), options.page_rows, target));
  out->details_type_url = index::kBTreeDetailsUrl;
  out->details.clear();
  out->index_version =
      snapshot.manifest().has_stable_row_ids() ? index::kBTreeAddressVersion : index::kBTreeRowIdVersion;
  return Report(options, "complete", "train", rows);
}

}  // namespace lance::dataset
