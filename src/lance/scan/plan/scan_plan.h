#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lance/scan/exec/knn_query.h"
#include "lance/scan/plan/ann_plan.h"
#include "lance/scan/plan/index_filter.h"
#include "lance/scan/plan/plan_node.h"
#include "lance/scan/plan/projection.h"
#include "lance/scan/read/fragment_reader.h"
#include "lance/scan/read/io_counters.h"
#include "lance/scanner.h"
#include "lance/table/row_id_set.h"

namespace lance::scan {

/// A key to order by: a column of the inner batches or a member of one.
struct SortKey {
  std::string column;
  std::vector<std::string> members;
  std::string text;  ///< as explain prints it
  bool ascending = true;
  bool nulls_first = false;
};

/// Everything a run of a scan needs, resolved and checked: what is read when, and what is done with it. The
/// stages run in the order of the members; one that is absent does nothing. Immutable, so runs share it.
struct ScanPlan {
  std::shared_ptr<const ReadContext> context;  ///< its columns are those of the inner batches
  std::vector<const table::Fragment*> fragments;

  // 1. Each unit: read `early`, keep the rows that pass `filter`, read `late` for those.
  std::vector<int> early;
  std::vector<int> late;
  std::shared_ptr<const expr::Expression> filter;
  /// Finds the rows of some fragments that can pass `filter`; nullptr: all are looked at.
  std::shared_ptr<const IndexFilter> index_filter;
  std::vector<int> emitted;  ///< columns that leave the unit; filter columns that nobody wants do not
  LateMaterialization late_mode = LateMaterialization::kAuto;
  uint64_t skip_before = 0;  ///< live rows left out before reading: an offset without a filter
  std::optional<uint64_t> limit_before;
  std::shared_ptr<const table::RowIdMask> mask;  ///< rows that may be read; nullptr: all

  // 2. Nearest neighbours: units give candidates, `filter` was the pre-filter.
  std::optional<KnnQuery> knn;
  /// What an index answers of it; `fragments` are then those that no index covers.
  std::shared_ptr<const AnnPlan> ann;

  // 3. Columns fetched for the rows that are left, then a filter over them.
  std::vector<int> taken_for_filter;
  std::shared_ptr<const expr::Expression> post_filter;

  // 4. Order, with at most `sort_limit` rows kept.
  std::vector<int> taken_for_sort;
  std::vector<SortKey> sort;
  std::optional<uint64_t> sort_limit;

  // 5. Window over the result.
  uint64_t skip = 0;
  std::optional<uint64_t> limit;

  // 6. Columns fetched for the rows that are left, and the result's shape.
  std::vector<int> taken_last;
  Projection projection;

  // How it runs.
  uint64_t batch_rows = 8192;
  std::optional<uint64_t> batch_bytes;
  bool strict_batches = false;
  bool ordered = true;
  uint64_t io_buffer_bytes = 2ull << 30;
  std::optional<uint64_t> batches_ahead;    ///< of batch_rows; none: as many as keep all threads busy
  std::optional<uint64_t> fragments_ahead;  ///< read at once; none: no bound
  std::optional<uint64_t> memory_limit_bytes;
  bool nothing = false;  ///< no row can pass, such as with the filter `false`

  /// The same, as people read it: the result's node first.
  std::shared_ptr<const PlanNode> root;
};

}  // namespace lance::scan
