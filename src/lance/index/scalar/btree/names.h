#pragma once

#include <cstdint>

/// The names that the files of a BTREE index consist of.
namespace lance::index {

inline constexpr char kBTreeDetailsUrl[] = "/lance.table.BTreeIndexDetails";
inline constexpr char kBTreeLookupFile[] = "page_lookup.lance";
inline constexpr char kBTreePagesFile[] = "page_data.lance";

// Schema metadata of page_lookup.lance.
inline constexpr char kBTreeBatchSizeKey[] = "batch_size";  ///< rows a page
inline constexpr char kBTreeRangePartitionedKey[] = "range_partitioned";
inline constexpr char kBTreePagesPerPartKey[] = "page_num_per_range_partition";

// Columns of page_lookup.lance, one row a page.
inline constexpr char kBTreeMinColumn[] = "min";  ///< null when the page begins with nulls
inline constexpr char kBTreeMaxColumn[] = "max";  ///< null when all of it is null
inline constexpr char kBTreeNullCountColumn[] = "null_count";
inline constexpr char kBTreePageColumn[] = "page_idx";

// Columns of page_data.lance.
inline constexpr char kBTreeValuesColumn[] = "values";
inline constexpr char kBTreeIdsColumn[] = "ids";

inline constexpr uint64_t kBTreePageRows = 4096;

/// Versions of index entries: what the ids are. Without stable row ids both are the same, and the older is
/// written, so that older readers use the index.
inline constexpr int32_t kBTreeRowIdVersion = 0;
inline constexpr int32_t kBTreeAddressVersion = 1;

}  // namespace lance::index
