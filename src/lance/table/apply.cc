#include "lance/table/apply.h"

#include <algorithm>

#include "lance/table/commit.h"
#include "lance/table/index_maintenance.h"
#include "lance/table/lineage.h"
#include "lance/table/row_ids.h"
#include "lance/table/storage_version.h"
#include "lance/table/transaction.h"

namespace lance::table {
namespace {

constexpr char kRangeSegments[] = "lance.row_ids.range_segments";

// What readers may rely on is what this release of the reference guarantees, and they and tools ask for its
// name; who really wrote is in the build metadata.
constexpr char kLibrary[] = "lance";
constexpr char kLibraryVersion[] = "14.0.2";
constexpr char kLibraryBuild[] = "lance-cpp.0.1.0";

// The next version of a table before the operation: everything but fragments and what belongs to one version.
Manifest Derive(const Manifest& current) {
  Manifest next;
  next.schema = current.schema;
  next.version = current.version + 1;
  next.reader_feature_flags = current.reader_feature_flags;
  next.writer_feature_flags = current.writer_feature_flags;
  next.max_fragment_id = current.max_fragment_id;
  next.writer_version = WriterVersion{kLibrary, kLibraryVersion, {}, kLibraryBuild};
  next.next_row_id = current.next_row_id;
  next.file_format = current.file_format.empty() ? "lance" : current.file_format;
  next.data_storage_version = current.data_storage_version;
  next.config = current.config;
  next.base_paths = current.base_paths;
  next.table_metadata = current.table_metadata;
  next.branch = current.branch;
  next.max_allocated_field_id = current.max_allocated_field_id;
  return next;
}

std::optional<uint64_t> MaxFragmentId(const Manifest& manifest) {
  if (manifest.max_fragment_id) return *manifest.max_fragment_id;
  std::optional<uint64_t> out;
  for (const Fragment& fragment : manifest.fragments) out = std::max(out.value_or(0), fragment.id);
  return out;
}

struct Applier {
  ApplyState* state;

  Status Keep() const {
    state->next->fragments = state->current.fragments;
    return Status::OK();
  }
  Status operator()(const operation::Append& operation) const { return ApplyAppend(operation, state); }
  Status operator()(const operation::Overwrite& operation) const {
    ARROW_RETURN_NOT_OK(ApplyOverwrite(operation, state));
    // A table takes the version of the files that replace all of its own.
    ARROW_ASSIGN_OR_RAISE(auto version, CommonStorageVersion(state->next->fragments));
    if (version) state->next->data_storage_version = *version;
    return Status::OK();
  }
  Status operator()(const operation::Delete& operation) const { return ApplyDelete(operation, state); }
  Status operator()(const operation::Update& operation) const { return ApplyUpdate(operation, state); }
  Status operator()(const operation::Merge& operation) const { return ApplyMerge(operation, state); }
  Status operator()(const operation::Project& operation) const { return ApplyProject(operation, state); }
  Status operator()(const operation::Rewrite& operation) const { return ApplyRewrite(operation, state); }
  Status operator()(const operation::DataReplacement& operation) const {
    return ApplyDataReplacement(operation, state);
  }
  Status operator()(const operation::CreateIndex& operation) const {
    ARROW_RETURN_NOT_OK(Keep());
    return ApplyCreateIndex(operation, state);
  }
  Status operator()(const operation::UpdateConfig& operation) const {
    ARROW_RETURN_NOT_OK(Keep());
    return ApplyUpdateConfig(operation, state);
  }
  Status operator()(const operation::UpdateBases& operation) const {
    ARROW_RETURN_NOT_OK(Keep());
    return ApplyUpdateBases(operation, state);
  }
  Status operator()(const operation::ReserveFragments& operation) const {
    ARROW_RETURN_NOT_OK(Keep());
    const uint64_t highest = MaxFragmentId(state->current).value_or(0) + operation.num_fragments;
    LANCE_CHECK_ARG(highest <= UINT32_MAX, "fragment ids are used up");
    state->next->max_fragment_id = static_cast<uint32_t>(highest);
    return Status::OK();
  }
  Status operator()(const operation::UpdateMemWalState&) const {
    return NotSupported("updates of the MemWAL state");
  }
  Status operator()(const operation::Restore&) const {
    return Internal("a Restore is applied with the manifest of the version it names");
  }
  Status operator()(const operation::Clone&) const {
    return Internal("a Clone is applied with the manifest of its source");
  }
  Status operator()(const operation::Unknown& operation) const {
    return NotSupported("operation {} of a transaction cannot be committed", operation.number);
  }
};

// Two records that this library keeps but does not maintain: operations that they would have to follow are
// refused.
Status CheckSystemIndices(const Operation& operation, const Manifest& current,
                          const std::vector<IndexMetadata>& indices) {
  const bool moves_rows = std::holds_alternative<operation::Rewrite>(operation) ||
                          std::holds_alternative<operation::Merge>(operation) ||
                          std::holds_alternative<operation::DataReplacement>(operation);
  if (moves_rows && (current.reader_feature_flags & kFlagTaggedFragmentReuse) != 0) {
    return NotSupported("{} on a table with a tagged fragment reuse index", OperationName(operation));
  }
  const bool has_mem_wal = std::any_of(indices.begin(), indices.end(), [](const IndexMetadata& index) {
    return index.name == kMemWalIndex && !index.details.empty();
  });
  if (has_mem_wal && (moves_rows || std::holds_alternative<operation::CreateIndex>(operation))) {
    return NotSupported("{} on a table with a MemWAL index", OperationName(operation));
  }
  return Status::OK();
}

// A structure may be spread over files, and then each of them may list it; a value may not be in two.
Status CheckNoFieldTwice(const schema::Schema& schema, const Fragment& fragment) {
  std::unordered_set<int32_t> seen;
  for (const DataFile& file : fragment.files) {
    for (const int32_t id : file.fields) {
      if (id < 0 || seen.insert(id).second) continue;
      const schema::Field* field = schema.FindById(id);
      if (field != nullptr && field->children.empty()) {
        return NotSupported("fragment {} holds field {} (id {}) in two data files", fragment.id, field->name,
                            id);
      }
    }
  }
  return Status::OK();
}

Status CheckFragments(const Manifest& next) {
  const std::vector<Fragment>& fragments = next.fragments;
  for (size_t i = 0; i < fragments.size(); ++i) {
    LANCE_CHECK_ARG(i == 0 || fragments[i - 1].id != fragments[i].id,
                    "the commit would make two fragments with id {}", fragments[i].id);
    LANCE_CHECK_ARG(fragments[i].id <= UINT32_MAX, "fragment id {} does not fit 32 bits", fragments[i].id);
    ARROW_RETURN_NOT_OK(CheckLineageColumns(fragments[i]));
    if (fragments[i].files.size() > 1) ARROW_RETURN_NOT_OK(CheckNoFieldTwice(next.schema, fragments[i]));
  }
  return Status::OK();
}

Status StoreIdsAsRanges(const Manifest& current, Manifest* next) {
  auto asked = next->config.find(kRangeSegments);
  if (asked == next->config.end() || (asked->second != "true" && asked->second != "1")) return Status::OK();
  for (Fragment& fragment : next->fragments) {
    if (fragment.row_ids.kind != Lineage::Kind::kInline) continue;
    ARROW_ASSIGN_OR_RAISE(fragment.row_ids.inline_bytes, WithRangeSegments(fragment.row_ids.inline_bytes));
  }
  return Status::OK();
}

void RaiseMaxima(Manifest* next) {
  if (!next->fragments.empty()) {
    const auto highest = static_cast<uint32_t>(next->fragments.back().id);
    next->max_fragment_id = std::max(next->max_fragment_id.value_or(0), highest);
  }
  if (next->max_allocated_field_id) {
    next->max_allocated_field_id = std::max(*next->max_allocated_field_id, next->schema.MaxFieldId());
  }
}

// A field id stands for one field for ever: a replaced schema takes new ones.
Status CheckFieldIds(const Operation& operation, const Manifest& current, const Manifest& next) {
  if (!current.max_allocated_field_id) return Status::OK();
  const bool all_new = std::holds_alternative<operation::Overwrite>(operation);
  for (const int32_t id : next.schema.FieldIds()) {
    if (!all_new && current.schema.FindById(id) != nullptr) continue;
    LANCE_CHECK_ARG(id > *current.max_allocated_field_id,
                    "new field id {} must be above {}: the table does not use field ids again", id,
                    *current.max_allocated_field_id);
  }
  return Status::OK();
}

}  // namespace

Result<Manifest> Apply(const Manifest& current, std::vector<IndexMetadata>* indices,
                       const Operation& operation, uint64_t read_version) {
  ARROW_RETURN_NOT_OK(CheckSystemIndices(operation, current, *indices));
  Manifest next = Derive(current);
  const auto highest = MaxFragmentId(current);
  ApplyState state{current, &next, indices, highest ? *highest + 1 : 0, read_version};
  ARROW_RETURN_NOT_OK(std::visit(Applier{&state}, operation));
  const auto by_id = [](const Fragment& a, const Fragment& b) { return a.id < b.id; };
  if (!std::is_sorted(next.fragments.begin(), next.fragments.end(), by_id)) {
    std::stable_sort(next.fragments.begin(), next.fragments.end(), by_id);
  }
  for (Fragment& fragment : next.fragments) {
    std::erase_if(fragment.files, [](const DataFile& file) {
      return std::all_of(file.fields.begin(), file.fields.end(),
                         [](int32_t field) { return field == kTombstonedField; });
    });
  }
  // First: tables of release 0.16 whose files are of several kinds are also wrong in other ways.
  ARROW_RETURN_NOT_OK(CheckNotMixed(next));
  ARROW_RETURN_NOT_OK(CheckFragments(next));
  ARROW_RETURN_NOT_OK(CheckFieldIds(operation, current, next));
  ARROW_RETURN_NOT_OK(StoreIdsAsRanges(current, &next));
  RaiseMaxima(&next);
  if (std::any_of(indices->begin(), indices->end(),
                  [](const IndexMetadata& index) { return !index.covering_fields.empty(); })) {
    next.reader_feature_flags |= kFlagCoveredIndexMetadata;
  }
  ARROW_RETURN_NOT_OK(RecomputeFlags(/*disable_transaction_file=*/false, &next));
  ARROW_RETURN_NOT_OK(SettleStorageVersion(&next));
  return next;
}

}  // namespace lance::table
