#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/index/vector/build/params.h"
#include "lance/index/vector/build/segment_writer.h"
#include "lance/schema/schema.h"
#include "lance/table/operation.h"
#include "lance/vector_index.h"

namespace lance::table {
class Snapshot;
}

namespace lance::dataset {

/// The segments of an index, in the manifest's order.
Result<std::vector<table::IndexMetadata>> IndexSegmentsOf(const table::Snapshot& snapshot,
                                                          const std::string& name);

struct NewIndexName {
  std::optional<std::string> name;  ///< default <column>_idx
  bool replace = false;             ///< an index of that name on the field gives way
  bool is_vector = false;
};

/// The name that a new index over a field gets. Errors: AlreadyExists.
Result<std::string> ChooseIndexName(const table::Snapshot& snapshot, const std::string& column,
                                    const schema::Field& field, const NewIndexName& wanted);

/// The path of a field, as schema::Schema::Resolve takes it; empty when there is none.
std::string PathOf(const std::vector<schema::Field>& fields, int32_t id, const std::string& prefix = {});

uint64_t MillisecondsNow();

/// Where the files of a new segment go, in the version of the table's data files.
Result<index::SegmentTarget> TargetOf(const table::Snapshot& snapshot, const std::string& uuid, bool durable);

index::BuildContext ContextOf(const table::Snapshot& snapshot, const VectorIndexOptions& options);

Result<std::shared_ptr<Dataset>> CommitIndices(const Dataset& dataset, table::operation::CreateIndex change,
                                               const CommitSettings& commit);

/// Commits a new index; with `replace` in the place of all segments of that name.
Result<std::shared_ptr<Dataset>> CommitNewIndex(const Dataset& dataset, table::IndexMetadata built,
                                                bool replace, const CommitSettings& commit);

}  // namespace lance::dataset
