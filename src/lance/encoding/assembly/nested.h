#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "lance/base/status.h"
#include "lance/encoding/assembly/leaf_column.h"

namespace arrow {
class ArrayData;
class DataType;
class Field;
}  // namespace arrow

namespace lance::encoding {

/// One field of the tree that a read returns, from the top-level field down to its leaves.
struct Node {
  enum class Kind {
    kLeaf,           ///< a column; packed structs and blob descriptors too
    kStruct,         ///< members, each with columns of its own
    kList,           ///< list or large list
    kMap,            ///< list of entries
    kFixedSizeList,  ///< of structs
    kEmptyStruct,    ///< no members: nothing is read
    kMissing,        ///< not in this file: nulls
  };
  Kind kind = Kind::kLeaf;
  std::shared_ptr<arrow::Field> field;  ///< name, type, nullability and metadata of what is returned
  std::vector<Node> children;
  size_t leaf = 0;                  ///< kLeaf: which of the leaves
  std::vector<int> packed_members;  ///< kLeaf of a packed struct read in part: the members kept
  bool has_leaves = false;          ///< a leaf at or below tells how long the array is

  const std::shared_ptr<arrow::DataType>& type() const;
};

/// Builds the array of `root` from its decoded leaves, which are consumed. `num_rows` is its length.
/// Errors: Corruption when siblings disagree in length or levels do not fit their values.
Result<std::shared_ptr<arrow::ArrayData>> Assemble(const Node& root, std::span<DecodedLeaf> leaves,
                                                   uint64_t num_rows);

}  // namespace lance::encoding
