#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/encoding/core/leaf_shape.h"
#include "lance/encoding/core/page.h"
#include "lance/schema/schema.h"

namespace lance::encoding {

enum class BlobForm : uint8_t { kNone, kV1, kV2 };

/// One step from a field down to one of its leaves.
struct PathStep {
  enum class Kind : uint8_t { kStruct, kList, kStructList };
  Kind kind = Kind::kStruct;
  bool nullable = true;
  std::string child;       ///< kStruct: the member's name
  uint64_t dimension = 1;  ///< kStructList: items of each list
  std::string name;        ///< of the field, for messages
};

/// A leaf of a top-level field of version 2.1 and later: what gets a column of its own.
struct LeafPath {
  const schema::Field* field = nullptr;  ///< the leaf; lives in the schema that it was found in
  std::string name;                      ///< dotted path, for messages
  std::vector<PathStep> steps;           ///< outermost first
  std::shared_ptr<arrow::DataType> type;
  LeafShape shape;
  BlobForm blob = BlobForm::kNone;
  bool is_empty_struct = false;
  uint64_t rows_per_row = 1;  ///< column rows per top-level row: the product of the lists of fixed size

  /// Innermost first, the leaf being the first: whether each level around it is a list.
  std::vector<bool> ListLayers() const;
  bool in_list() const;
};

/// Lists the leaves of a field, depth first: the columns it takes, in order.
/// Errors: InvalidArgument or NotSupported name what files of `format` cannot store.
Result<std::vector<LeafPath>> FindLeaves(const schema::Field& field, const PageFormat& format);

}  // namespace lance::encoding
