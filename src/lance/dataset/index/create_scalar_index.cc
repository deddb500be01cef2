#include <algorithm>
#include <cstdlib>

#include "lance/base/uuid.h"
#include "lance/dataset.h"
#include "lance/dataset/index/index_entries.h"
#include "lance/dataset/index/scalar_segment.h"
#include "lance/index/scalar/scalar_index.h"
#include "lance/runtime/session.h"
#include "lance/scalar_index.h"
#include "lance/schema/schema.h"
#include "lance/table/fragment_set.h"
#include "lance/table/snapshot.h"

namespace lance {
namespace {

using table::IndexMetadata;

constexpr uint64_t kMinPoolBytes = 64 << 10;

Status CheckOptions(const Dataset& dataset, const ScalarIndexOptions& options) {
  std::string type = options.type;
  std::transform(type.begin(), type.end(), type.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (type != "BTREE") return NotSupported("scalar indices of type {}", options.type);
  LANCE_CHECK_ARG(options.page_rows >= 1 && options.page_rows <= 1 << 20,
                  "a page has between 1 and 1048576 rows, not {}", options.page_rows);
  if (!options.fragments.has_value()) return Status::OK();
  for (const uint64_t id : *options.fragments) {
    LANCE_CHECK_ARG(dataset.snapshot()->FindFragment(id) != nullptr, "fragment {} is not in version {}", id,
                    dataset.version());
  }
  return Status::OK();
}

// The reference's setting of the memory that sorting may use.
Status TakeMemoryPool(ScalarIndexOptions* options) {
  const char* pool = std::getenv("LANCE_MEM_POOL_SIZE");
  if (pool == nullptr || std::getenv("LANCE_BYPASS_SPILLING") != nullptr) return Status::OK();
  const uint64_t bytes = std::strtoull(pool, nullptr, 10);
  if (bytes < kMinPoolBytes) {
    return ResourceExhausted("LANCE_MEM_POOL_SIZE is {}: an index is sorted in no less than {} bytes", pool,
                             kMinPoolBytes);
  }
  if (options->memory_budget_bytes == 0) options->memory_budget_bytes = bytes;
  return Status::OK();
}

Result<IndexMetadata> Build(const Dataset& dataset, const std::string& column, ScalarIndexOptions options) {
  ARROW_RETURN_NOT_OK(CheckOptions(dataset, options));
  ARROW_RETURN_NOT_OK(TakeMemoryPool(&options));
  const table::Snapshot& snapshot = *dataset.snapshot();
  ARROW_ASSIGN_OR_RAISE(const schema::Field* field, snapshot.manifest().schema.Resolve(column));
  IndexMetadata out;
  out.uuid = options.uuid.value_or(MakeUuid());
  out.fields = {field->id};
  ARROW_ASSIGN_OR_RAISE(
      out.name, dataset::ChooseIndexName(snapshot, column, *field, {options.name, options.replace, false}));
  out.dataset_version = snapshot.manifest().version;
  std::optional<std::vector<uint64_t>> fragments = options.fragments;
  if (!options.train) fragments.emplace();
  ARROW_RETURN_NOT_OK(dataset::FillScalarSegment(dataset, column, fragments, nullptr, options, &out));
  out.created_at_ms = dataset::MillisecondsNow();
  table::FragmentSet covered;
  for (const uint64_t id : fragments.value_or(dataset.FragmentIds())) covered.Add(id);
  out.fragment_bitmap = covered.Serialize();
  return out;
}

}  // namespace

arrow::Result<IndexSegment> BuildScalarIndexSegment(const Dataset& dataset, const std::string& column,
                                                    const ScalarIndexOptions& options) {
  ARROW_ASSIGN_OR_RAISE(IndexMetadata built, Build(dataset, column, options));
  return IndexSegment(std::make_shared<const IndexMetadata>(std::move(built)));
}

arrow::Result<std::shared_ptr<Dataset>> CreateScalarIndex(const Dataset& dataset, const std::string& column,
                                                          const ScalarIndexOptions& options) {
  ARROW_ASSIGN_OR_RAISE(IndexMetadata built, Build(dataset, column, options));
  return dataset::CommitNewIndex(dataset, std::move(built), options.replace, options.commit);
}

}  // namespace lance
