#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <arrow/result.h>
#include <arrow/status.h>

#include "lance/export.h"

namespace arrow {
class Array;
class Buffer;
class RecordBatchReader;
class Schema;
class Table;
}  // namespace arrow

namespace lance {

/// A k-nearest-neighbour search.
struct NearestQuery {
  std::string column;
  /// One query: `dim` values (float16/32/64, uint8; bfloat16 as fixed-size binary of 2). Several: a
  /// fixed-size list array of num_queries rows, or for a multi-vector column one list of vectors.
  std::shared_ptr<arrow::Array> query;
  std::optional<int64_t> k;                   ///< default: the scan's limit, else 10
  std::optional<std::string> metric;          ///< l2, cosine, dot, hamming; default: the index's, else l2
  std::optional<float> distance_lower_bound;  ///< inclusive
  std::optional<float> distance_upper_bound;  ///< exclusive
  bool use_index = true;
  std::optional<int64_t> minimum_nprobes;
  std::optional<int64_t> maximum_nprobes;
  std::optional<int64_t> refine_factor;
  std::optional<int64_t> ef;
};

struct ColumnOrdering {
  std::string column;
  bool ascending = true;
  bool nulls_first = false;
};

enum class BlobMode {
  kAllBinary,          ///< bytes
  kBlobsDescriptions,  ///< blob columns as descriptors, other binaries as bytes
  kAllDescriptions,
  kWritable,  ///< as writers take them: blob v2 as struct<data, uri, position, size>, others as bytes
};

enum class LateMaterialization { kAuto, kAll, kNone, kColumns };

/// Everything a scan can be asked for. Validated when the scanner is made.
struct ScanOptions {
  /// Paths in the order wanted; none: all columns. Each may carry an SQL expression to compute it.
  struct Column {
    std::string name;
    std::string expression;  ///< empty: the column of that name
  };
  std::optional<std::vector<Column>> columns;
  std::string filter;  ///< SQL; empty: no filter
  std::optional<int64_t> limit;
  std::optional<int64_t> offset;
  std::vector<ColumnOrdering> order_by;
  bool with_row_id = false;
  bool with_row_address = false;
  std::optional<std::vector<uint64_t>> fragments;  ///< ids; none: all
  std::optional<int64_t> batch_rows;               ///< default 8192
  std::optional<int64_t> batch_bytes;
  bool strict_batch_size = false;
  /// Batches (of batch_rows) that are read or wait for the consumer at most; default: as many as keep all
  /// threads busy. Lower it to hold less, at the price of idle threads.
  std::optional<int64_t> batch_readahead;
  std::optional<int64_t> fragment_readahead;  ///< fragments read at once at most; default: no bound
  /// Decoded bytes that are read or wait for the consumer, about; one unit of work (at least a batch) may
  /// always be read. Default 2 GiB.
  std::optional<int64_t> io_buffer_bytes;
  bool ordered = true;
  bool include_deleted_rows = false;  ///< needs with_row_id; deleted rows have a null _rowid
  bool prefilter = false;
  /// Only rows with these row ids, and none with those: serialized sets, each the number of upper halves of
  /// ids that occur (u32), then for each the upper half (u32), the size of what follows (u32, 0: all ids) and
  /// a Roaring bitmap of the lower halves. They act before a search, an offset and a limit.
  std::optional<std::string> row_id_allowlist;
  std::optional<std::string> row_id_blocklist;
  bool use_scalar_index = true;
  bool fast_search = false;
  LateMaterialization late_materialization = LateMaterialization::kAuto;
  std::vector<std::string> late_columns;  ///< with kColumns
  BlobMode blobs = BlobMode::kBlobsDescriptions;
  bool stored_json = false;  ///< JSON columns as they are stored: JSONB in large binary ("lance.json")
  std::optional<NearestQuery> nearest;
  std::optional<int64_t> memory_limit_bytes;  ///< fails with ResourceExhausted above it
  bool disable_scoring_autoprojection = false;
};

/// What a finished scan did.
struct ScanStatistics {
  uint64_t requests = 0;
  uint64_t bytes_read = 0;
  uint64_t rows = 0;
  std::map<std::string, uint64_t> counts;
};

/// A planned scan. Thread-safe; each ToReader call runs it anew.
class LANCE_EXPORT Scanner {
 public:
  virtual ~Scanner() = default;
  /// The schema of the result.
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  /// Streams the result. Dropping the reader cancels the scan.
  virtual arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> ToReader() const = 0;
  virtual arrow::Result<std::shared_ptr<arrow::Table>> ToTable() const = 0;
  /// Counts the rows of the result; from metadata where that suffices.
  virtual arrow::Result<int64_t> CountRows() const = 0;
  /// The plan as text, DataFusion node names, one node a line.
  virtual arrow::Result<std::string> ExplainPlan(bool verbose = false) const = 0;
  /// Runs the plan and adds rows, time, requests and bytes per node.
  virtual arrow::Result<std::string> AnalyzePlan() const = 0;
  /// The same search for other vectors; the plan is shared, so nothing is left of a call but the search.
  /// `vectors`: as many values as the query of this scan had, of the element type of the column, row-major.
  /// Without the callback of this scanner. Errors: InvalidArgument when this is no search, or for another
  /// number of bytes.
  virtual arrow::Result<std::shared_ptr<Scanner>> WithQuery(std::shared_ptr<arrow::Buffer> vectors) const = 0;
  /// Sets a callback that receives the statistics when a run ends.
  virtual void OnFinished(std::function<void(const ScanStatistics&)> callback) = 0;
};

}  // namespace lance
