#include "lance/table/lineage.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "lance/table/row_ids.h"

namespace lance::table {
namespace {

using Kind = Lineage::Kind;

std::span<const uint8_t> BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

Lineage Inline(std::string bytes) { return {Kind::kInline, std::move(bytes)}; }

Result<std::vector<uint64_t>> ReadIds(const Fragment& fragment) {
  ARROW_ASSIGN_OR_RAISE(auto sequence, RowIdSequence::Parse(BytesOf(fragment.row_ids.inline_bytes)));
  // A range of a few bytes can claim any number of ids.
  LANCE_CHECK_ARG(sequence->size() <= fragment.physical_rows, "fragment {} has {} row ids for {} rows",
                  fragment.id, sequence->size(), fragment.physical_rows);
  std::vector<uint64_t> out(sequence->size());
  sequence->Read({0, out.size()}, out.data());
  return out;
}

Lineage Constant(uint64_t rows, uint64_t version) {
  if (rows == 0) return {};
  const VersionSequence::Run run{rows, version};
  return Inline(SerializeVersions({&run, 1}));
}

// Where rows were before an update: for each id, the created-at version.
class CreatedVersions {
 public:
  // What old releases, which kept no created-at versions, are taken to have written.
  static constexpr uint64_t kUnknown = 1;

  Status Add(const Fragment& fragment, const std::unordered_set<uint64_t>& wanted) {
    if (fragment.row_ids.kind == Kind::kAbsent) return Status::OK();
    if (fragment.row_ids.kind == Kind::kColumn) {
      return NotSupported("updating rows of fragment {}, whose row ids are a column of a data file",
                          fragment.id);
    }
    ARROW_ASSIGN_OR_RAISE(auto ids, RowIdSequence::Parse(BytesOf(fragment.row_ids.inline_bytes)));
    std::shared_ptr<const VersionSequence> versions;
    const auto found = [&](uint64_t id, uint64_t offset) -> Status {
      if (versions == nullptr) {
        ARROW_ASSIGN_OR_RAISE(versions, ReadVersions(fragment));
      }
      by_id_.emplace(id, offset < versions->size() ? versions->Get(offset) : kUnknown);
      return Status::OK();
    };
    // Look for the few in the many: by search where the sequence can, else by reading it once.
    uint64_t start = 0;
    for (const U64Segment& segment : ids->segments()) {
      if (segment.kind() != U64Segment::Kind::kArray && wanted.size() < segment.size() / 16) {
        for (const uint64_t id : wanted) {
          if (auto at = segment.Find(id)) ARROW_RETURN_NOT_OK(found(id, start + *at));
        }
      } else {
        LANCE_CHECK_ARG(segment.size() <= fragment.physical_rows, "fragment {} has more row ids than rows",
                        fragment.id);
        std::vector<uint64_t> values(segment.size());
        segment.Read(0, values.size(), values.data());
        for (size_t i = 0; i < values.size(); ++i) {
          if (wanted.contains(values[i])) ARROW_RETURN_NOT_OK(found(values[i], start + i));
        }
      }
      start += segment.size();
    }
    return Status::OK();
  }

  std::optional<uint64_t> Find(uint64_t id) const {
    auto found = by_id_.find(id);
    return found == by_id_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  static Result<std::shared_ptr<const VersionSequence>> ReadVersions(const Fragment& fragment) {
    switch (fragment.created_at_versions.kind) {
      case Kind::kAbsent:
        return VersionSequence::Constant(0, 0);
      case Kind::kColumn:
        return NotSupported("updating rows of fragment {}, whose created-at versions are a column of a file",
                            fragment.id);
      case Kind::kInline:
        break;
    }
    return VersionSequence::Parse(BytesOf(fragment.created_at_versions.inline_bytes));
  }

  std::unordered_map<uint64_t, uint64_t> by_id_;
};

}  // namespace

Status AssignRowIds(std::span<Fragment> fragments, uint64_t* next_row_id) {
  for (Fragment& fragment : fragments) {
    if (fragment.row_ids.kind == Kind::kColumn) continue;
    if (fragment.row_ids.kind == Kind::kAbsent) {
      fragment.row_ids = Inline(SerializeRowIdRange(*next_row_id, fragment.physical_rows));
      *next_row_id += fragment.physical_rows;
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(bool complete, HasAllRowIds(fragment));
    if (complete) continue;
    ARROW_ASSIGN_OR_RAISE(std::vector<uint64_t> ids, ReadIds(fragment));
    while (ids.size() < fragment.physical_rows) ids.push_back((*next_row_id)++);
    fragment.row_ids = Inline(SerializeRowIds(ids));
  }
  return Status::OK();
}

Result<bool> HasAllRowIds(const Fragment& fragment) {
  if (fragment.row_ids.kind != Kind::kInline) return fragment.row_ids.kind == Kind::kColumn;
  ARROW_ASSIGN_OR_RAISE(auto sequence, RowIdSequence::Parse(BytesOf(fragment.row_ids.inline_bytes)));
  LANCE_CHECK_ARG(sequence->size() <= fragment.physical_rows, "fragment {} has {} row ids for {} rows",
                  fragment.id, sequence->size(), fragment.physical_rows);
  return sequence->size() == fragment.physical_rows;
}

void SetCreatedAt(uint64_t version, Fragment* fragment) {
  fragment->created_at_versions = Constant(fragment->physical_rows, version);
}

void SetLastUpdatedAt(uint64_t version, Fragment* fragment) {
  if (fragment->physical_rows == 0) return;
  fragment->last_updated_at_versions = Constant(fragment->physical_rows, version);
}

Status SetLastUpdatedAt(std::span<const uint64_t> offsets, uint64_t version, uint64_t fallback,
                        Fragment* fragment) {
  std::vector<uint64_t> versions;
  if (fragment->last_updated_at_versions.kind == Kind::kColumn) {
    return NotSupported("updating rows of fragment {}, whose last-updated-at versions are a column of a file",
                        fragment->id);
  }
  if (fragment->last_updated_at_versions.kind == Kind::kInline) {
    ARROW_ASSIGN_OR_RAISE(auto before,
                          VersionSequence::Parse(BytesOf(fragment->last_updated_at_versions.inline_bytes)));
    versions.resize(std::min(before->size(), fragment->physical_rows));
    before->Read({0, versions.size()}, versions.data());
  }
  versions.resize(fragment->physical_rows, fallback);
  for (const uint64_t offset : offsets) {
    if (offset < versions.size()) versions[offset] = version;
  }
  fragment->last_updated_at_versions =
      Inline(SerializeVersions(VersionSequence::FromValues(versions)->runs()));
  return Status::OK();
}

Status SetUpdateVersions(const std::vector<Fragment>& before, uint64_t version,
                         std::span<Fragment> fragments) {
  // Compactors and the like place the versions themselves.
  const auto placed = [](const Fragment& fragment) {
    return fragment.row_ids.kind == Kind::kColumn || fragment.created_at_versions.kind == Kind::kColumn;
  };
  std::unordered_set<uint64_t> wanted;
  std::vector<std::vector<uint64_t>> ids(fragments.size());
  for (size_t i = 0; i < fragments.size(); ++i) {
    if (placed(fragments[i]) || fragments[i].row_ids.kind == Kind::kAbsent) continue;
    ARROW_ASSIGN_OR_RAISE(ids[i], ReadIds(fragments[i]));
    wanted.insert(ids[i].begin(), ids[i].end());
  }
  CreatedVersions created;
  if (!wanted.empty()) {
    for (const Fragment& fragment : before) ARROW_RETURN_NOT_OK(created.Add(fragment, wanted));
  }
  for (size_t i = 0; i < fragments.size(); ++i) {
    Fragment& fragment = fragments[i];
    SetLastUpdatedAt(version, &fragment);
    if (placed(fragment)) {
      if (fragment.created_at_versions.kind == Kind::kAbsent) {
        return NotSupported("fragment {} keeps its row ids in a data file but has no created-at versions",
                            fragment.id);
      }
      continue;
    }
    std::vector<uint64_t> versions;
    versions.reserve(ids[i].size());
    for (const uint64_t id : ids[i]) versions.push_back(created.Find(id).value_or(version));
    if (versions.empty()) {
      SetCreatedAt(version, &fragment);
    } else {
      fragment.created_at_versions = Inline(SerializeVersions(VersionSequence::FromValues(versions)->runs()));
    }
  }
  return Status::OK();
}

std::vector<int32_t> LineageColumns(const Fragment& fragment) {
  std::vector<int32_t> out;
  if (fragment.row_ids.kind == Kind::kColumn) out.push_back(kRowIdField);
  if (fragment.created_at_versions.kind == Kind::kColumn) out.push_back(kCreatedAtField);
  if (fragment.last_updated_at_versions.kind == Kind::kColumn) out.push_back(kLastUpdatedAtField);
  return out;
}

Status CheckLineageColumns(const Fragment& fragment) {
  for (const int32_t field : LineageColumns(fragment)) {
    const auto carriers =
        std::count_if(fragment.files.begin(), fragment.files.end(), [&](const DataFile& file) {
          return std::find(file.fields.begin(), file.fields.end(), field) != file.fields.end();
        });
    LANCE_CHECK_ARG(carriers == 1,
                    "fragment {} keeps lineage field {} in its data files, but {} of them have it",
                    fragment.id, field, carriers);
  }
  return Status::OK();
}

}  // namespace lance::table
