#include "lance/dataset/index/index_entries.h"

#include <algorithm>
#include <chrono>

#include "lance/dataset/schema_change/column_change.h"
#include "lance/dataset/write/commit_operation.h"
#include "lance/dataset/write/fragment_writer.h"
#include "lance/index/vector/format/details.h"
#include "lance/runtime/session.h"
#include "lance/schema/schema.h"
#include "lance/table/commit.h"
#include "lance/table/snapshot.h"
#include "lance/table/storage_version.h"

namespace lance::dataset {

Result<std::vector<table::IndexMetadata>> IndexSegmentsOf(const table::Snapshot& snapshot,
                                                          const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(const auto indices, snapshot.Indices());
  std::vector<table::IndexMetadata> out;
  for (const table::IndexMetadata& index : *indices) {
    if (index.name == name) out.push_back(index);
  }
  return out;
}

Result<std::string> ChooseIndexName(const table::Snapshot& snapshot, const std::string& column,
                                    const schema::Field& field, const NewIndexName& wanted) {
  ARROW_ASSIGN_OR_RAISE(const auto indices, snapshot.Indices());
  const auto same_field = [&](const table::IndexMetadata& index) {
    return !index.fields.empty() && index.fields[0] == field.id;
  };
  std::string name = wanted.name.value_or(column + "_idx");
  if (!wanted.name.has_value()) {
    // An index of the other kind on this field keeps the plain name.
    const auto taken = [&](const table::IndexMetadata& index) {
      return index.name == name &&
             (!same_field(index) || index::IsVectorIndex(index.details_type_url) != wanted.is_vector);
    };
    for (int number = 2; std::any_of(indices->begin(), indices->end(), taken); ++number) {
      name = column + "_idx_" + std::to_string(number);
    }
  }
  for (const table::IndexMetadata& index : *indices) {
    if (index.name != name) continue;
    if (!same_field(index)) {
      return AlreadyExists(
          "Index name '{}' already exists with different fields, please specify a different name", name);
    }
    if (!wanted.replace) {
      return AlreadyExists(
          "Index name '{}' already exists, please specify a different name or use replace=True", name);
    }
  }
  return name;
}

std::string PathOf(const std::vector<schema::Field>& fields, int32_t id, const std::string& prefix) {
  for (const schema::Field& field : fields) {
    std::string name = field.name;
    if (!prefix.empty() && name.find('.') != std::string::npos) name = "`" + name + "`";
    const std::string path = prefix.empty() ? name : prefix + "." + name;
    if (field.id == id) return path;
    std::string below = PathOf(field.children, id, path);
    if (!below.empty()) return below;
  }
  return {};
}

uint64_t MillisecondsNow() {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                   std::chrono::system_clock::now().time_since_epoch())
                                   .count());
}

Result<index::SegmentTarget> TargetOf(const table::Snapshot& snapshot, const std::string& uuid,
                                      bool durable) {
  index::SegmentTarget out;
  out.store = snapshot.object_store();
  out.folder = "_indices/" + uuid;
  out.durability = durable ? store::Durability::kSync : store::Durability::kBuffered;
  out.files.pool = snapshot.session()->thread_pool();
  // Index files are of the table's version; a table of before 2.0 has the oldest there are.
  out.files.version = {2, 0};
  std::string version = snapshot.manifest().data_storage_version;
  if (version.empty()) {
    ARROW_ASSIGN_OR_RAISE(version, table::InferStorageVersion(snapshot.manifest()));
  }
  if (version != "0.1") {
    ARROW_ASSIGN_OR_RAISE(out.files.version, WriteVersionOf(snapshot));
  }
  return out;
}

index::BuildContext ContextOf(const table::Snapshot& snapshot, const VectorIndexOptions& options) {
  index::BuildContext out;
  out.pool = snapshot.session()->thread_pool();
  out.memory_budget_bytes = options.memory_budget_bytes;
  if (options.progress) {
    out.progress = [callback = options.progress](const index::BuildProgress& progress) {
      constexpr const char* kEvents[] = {"start", "progress", "complete"};
      return callback({kEvents[static_cast<int>(progress.event)], progress.stage, progress.completed,
                       progress.total, progress.unit});
    };
  }
  return out;
}

Result<std::shared_ptr<Dataset>> CommitIndices(const Dataset& dataset, table::operation::CreateIndex change,
                                               const CommitSettings& commit) {
  table::CommitRequest request;
  request.operation = std::move(change);
  request.read_version = dataset.snapshot()->manifest().version;
  return CommitOperation(*dataset.snapshot(), std::move(request), commit);
}

Result<std::shared_ptr<Dataset>> CommitNewIndex(const Dataset& dataset, table::IndexMetadata built,
                                                bool replace, const CommitSettings& commit) {
  table::operation::CreateIndex create;
  if (replace) {
    ARROW_ASSIGN_OR_RAISE(create.removed_indices, IndexSegmentsOf(*dataset.snapshot(), built.name));
  }
  create.new_indices.push_back(std::move(built));
  return CommitIndices(dataset, std::move(create), commit);
}

}  // namespace lance::dataset
