#include "lance/table/table_snapshot.h"

#include <arrow/array.h>
#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>

#include "lance/base/checked_math.h"
#include "lance/base/row_address.h"
#include "lance/file/file_reader.h"
#include "lance/runtime/session.h"
#include "lance/table/deletion.h"
#include "lance/table/manifest_serde.h"
#include "lance/table/row_id_index.h"
#include "lance/table/row_ids.h"
#include "lance/table/table_blobs.h"

namespace lance::table {
namespace {

// Field ids of lineage sequences that are columns of a data file.
constexpr int32_t kRowIdField = -3;
constexpr int32_t kCreatedAtField = -4;
constexpr int32_t kLastUpdatedAtField = -5;

// What an open file reader holds besides its page cache: its share of the schema and the column metadata.
constexpr uint64_t kReaderBytes = 4096;
constexpr uint64_t kReaderColumnBytes = 512;

std::span<const uint8_t> BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::span<const uint8_t> BytesOf(const arrow::Buffer& buffer) {
  return {buffer.data(), static_cast<size_t>(buffer.size())};
}

template <typename T>
uint64_t MemoryOf(const T& object) {
  return object.memory_bytes();
}

std::atomic<uint64_t> next_serial{0};

}  // namespace

TableSnapshot::TableSnapshot(ManifestFile file, ManifestLocation location, std::shared_ptr<Bases> bases,
                             store::OpenedStore root, std::shared_ptr<runtime::Session> session)
    : file_(std::move(file)),
      location_(location),
      bases_(std::move(bases)),
      root_(std::move(root)),
      session_(std::move(session)),
      serial_(next_serial.fetch_add(1, std::memory_order_relaxed)) {}

Result<std::shared_ptr<const Snapshot>> TableSnapshot::Make(ManifestFile file, ManifestLocation location,
                                                            std::shared_ptr<Bases> bases,
                                                            store::OpenedStore root,
                                                            std::shared_ptr<runtime::Session> session) {
  ARROW_RETURN_NOT_OK(WithContext(CheckReadable(*file.manifest), file.object->path()));
  std::shared_ptr<TableSnapshot> out(
      new TableSnapshot(std::move(file), location, std::move(bases), std::move(root), std::move(session)));
  ARROW_RETURN_NOT_OK(out->CompleteRowCounts());
  return out;
}

// Releases before the writer version was recorded left the row count out or wrote a wrong one; all files of a
// fragment have its rows.
Status TableSnapshot::CompleteRowCounts() {
  const bool trusted = manifest().writer_version.has_value();
  for (Fragment& fragment : file_.manifest->fragments) {
    if ((trusted && fragment.physical_rows > 0) || fragment.files.empty()) continue;
    ARROW_ASSIGN_OR_RAISE(auto reader, OpenDataFile(fragment.files.front()));
    LANCE_CHECK_BYTES(reader->num_rows() <= uint64_t{UINT32_MAX} + 1, "{}: a data file of {} rows",
                      reader->path(), reader->num_rows());
    fragment.physical_rows = reader->num_rows();
  }
  return Status::OK();
}

std::string TableSnapshot::CacheKey(const char* what, uint64_t fragment_id) const {
  return fmt::format("{}:{}:{}", what, serial_, fragment_id);
}

Result<std::shared_ptr<file::FileReader>> TableSnapshot::OpenDataFile(const DataFile& file) const {
  ARROW_ASSIGN_OR_RAISE(ObjectPlace place, bases_->Locate(manifest(), file.base_id, "data", file.path));
  // The columns belong to the key: another version may have dropped some of them.
  std::string key = fmt::format("file:{}\n{}\n{}\n", place.root_uri, place.key, file.size_bytes);
  key.append(reinterpret_cast<const char*>(file.fields.data()), file.fields.size() * sizeof(int32_t));
  key.append(reinterpret_cast<const char*>(file.column_indices.data()),
             file.column_indices.size() * sizeof(int32_t));
  if (auto found = session_->metadata_cache().Find(key)) {
    return std::const_pointer_cast<file::FileReader>(std::static_pointer_cast<const file::FileReader>(found));
  }
  ARROW_ASSIGN_OR_RAISE(auto object, place.store->Open(place.key, file.size_bytes));
  file::ReadOptions options;
  options.fields = file.fields;
  options.column_indices = file.column_indices;
  options.manifest_file = file_.object;
  options.blob_resolver = MakeTableBlobs(bases_, manifest().base_paths, file);
  ARROW_ASSIGN_OR_RAISE(auto reader, file::FileReader::Open(std::move(object), options));
  session_->metadata_cache().Insert(key, reader, kReaderBytes + reader->num_columns() * kReaderColumnBytes);
  return reader;
}

Result<std::shared_ptr<const DeletionVector>> TableSnapshot::Deletions(const Fragment& fragment) const {
  if (!fragment.deletion_file) return nullptr;
  const DeletionFile& file = *fragment.deletion_file;
  const char* extension = file.type == DeletionFile::Type::kBitmap ? "bin" : "arrow";
  const std::string name = fmt::format("{}-{}-{}.{}", fragment.id, file.read_version, file.id, extension);
  ARROW_ASSIGN_OR_RAISE(ObjectPlace place, bases_->Locate(manifest(), file.base_id, "_deletions", name));
  return session_->metadata_cache().GetOrLoad<DeletionVector>(
      fmt::format("deletions:{}\n{}", place.root_uri, place.key),
      [&] { return LoadDeletions(fragment, place); }, MemoryOf<DeletionVector>);
}

Result<std::shared_ptr<const DeletionVector>> TableSnapshot::LoadDeletions(const Fragment& fragment,
                                                                           const ObjectPlace& place) const {
  ARROW_ASSIGN_OR_RAISE(auto bytes, place.store->Get(place.key));
  auto parsed = fragment.deletion_file->type == DeletionFile::Type::kBitmap
                    ? DeletionVector::FromRoaring(BytesOf(*bytes))
                    : DeletionVector::FromArrowFile(BytesOf(*bytes));
  return WithContext(std::move(parsed), place.store->FullPath(place.key));
}

Result<std::vector<uint64_t>> TableSnapshot::ReadLineageColumn(const Fragment& fragment,
                                                               int32_t field_id) const {
  for (const DataFile& file : fragment.files) {
    if (std::find(file.fields.begin(), file.fields.end(), field_id) == file.fields.end()) continue;
    ARROW_ASSIGN_OR_RAISE(auto reader, OpenDataFile(file));
    LANCE_CHECK_BYTES(reader->num_rows() == fragment.physical_rows, "{}: {} rows of lineage for {} rows",
                      reader->path(), reader->num_rows(), fragment.physical_rows);
    schema::Schema projection;
    projection.fields.push_back(
        {.name = "lineage", .id = field_id, .logical_type = "uint64", .nullable = false});
    const RowRange all[] = {{0, fragment.physical_rows}};
    ARROW_ASSIGN_OR_RAISE(auto batch, reader->Read(projection, all));
    const auto& column = static_cast<const arrow::UInt64Array&>(*batch->column(0));
    LANCE_CHECK_BYTES(column.null_count() == 0, "{}: the lineage column {} has nulls", reader->path(),
                      field_id);
    return std::vector<uint64_t>(column.raw_values(), column.raw_values() + column.length());
  }
  return Corruption("{}: fragment {} keeps lineage field {} in a data file, but none of its files has it",
                    uri(), fragment.id, field_id);
}

Result<std::shared_ptr<const RowIdSequence>> TableSnapshot::LoadRowIds(const Fragment& fragment) const {
  std::shared_ptr<const RowIdSequence> out;
  if (fragment.row_ids.kind == Lineage::Kind::kColumn) {
    ARROW_ASSIGN_OR_RAISE(auto ids, ReadLineageColumn(fragment, kRowIdField));
    out = RowIdSequence::FromValues(std::move(ids));
  } else {
    ARROW_ASSIGN_OR_RAISE(out, RowIdSequence::Parse(BytesOf(fragment.row_ids.inline_bytes)));
  }
  LANCE_CHECK_BYTES(out->size() == fragment.physical_rows, "fragment {} has {} row ids for {} rows",
                    fragment.id, out->size(), fragment.physical_rows);
  return out;
}

Result<std::shared_ptr<const RowIdSequence>> TableSnapshot::RowIds(const Fragment& fragment) const {
  if (!manifest().has_stable_row_ids() || fragment.row_ids.kind == Lineage::Kind::kAbsent) return nullptr;
  auto loaded = session_->metadata_cache().GetOrLoad<RowIdSequence>(
      CacheKey("row-ids", fragment.id), [&] { return LoadRowIds(fragment); }, MemoryOf<RowIdSequence>);
  return WithContext(std::move(loaded), file_.object->path());
}

Result<std::shared_ptr<const VersionSequence>> TableSnapshot::Versions(const Fragment& fragment,
                                                                       const Lineage& lineage,
                                                                       int32_t field_id,
                                                                       const char* what) const {
  if (lineage.kind == Lineage::Kind::kAbsent) return nullptr;
  const auto load = [&]() -> Result<std::shared_ptr<const VersionSequence>> {
    std::shared_ptr<const VersionSequence> out;
    if (lineage.kind == Lineage::Kind::kColumn) {
      ARROW_ASSIGN_OR_RAISE(auto versions, ReadLineageColumn(fragment, field_id));
      out = VersionSequence::FromValues(versions);
    } else {
      ARROW_ASSIGN_OR_RAISE(out, VersionSequence::Parse(BytesOf(lineage.inline_bytes)));
    }
    LANCE_CHECK_BYTES(out->size() >= fragment.physical_rows, "fragment {} has row versions for {} of {} rows",
                      fragment.id, out->size(), fragment.physical_rows);
    return out;
  };
  auto loaded = session_->metadata_cache().GetOrLoad<VersionSequence>(CacheKey(what, fragment.id), load,
                                                                      MemoryOf<VersionSequence>);
  return WithContext(std::move(loaded), file_.object->path());
}

Result<std::shared_ptr<const VersionSequence>> TableSnapshot::CreatedAt(const Fragment& fragment) const {
  return Versions(fragment, fragment.created_at_versions, kCreatedAtField, "created-at");
}

Result<std::shared_ptr<const VersionSequence>> TableSnapshot::LastUpdatedAt(const Fragment& fragment) const {
  return Versions(fragment, fragment.last_updated_at_versions, kLastUpdatedAtField, "last-updated-at");
}

Result<std::vector<std::optional<uint64_t>>> TableSnapshot::ResolveRowIds(
    std::span<const uint64_t> row_ids) const {
  std::shared_ptr<const RowIdIndex> index;
  if (manifest().has_stable_row_ids()) {
    const auto build = [this]() -> Result<std::shared_ptr<const RowIdIndex>> {
      std::vector<RowIdIndex::Source> sources;
      for (const Fragment& fragment : manifest().fragments) {
        ARROW_ASSIGN_OR_RAISE(auto ids, RowIds(fragment));
        if (ids != nullptr) sources.push_back({fragment.id, std::move(ids)});
      }
      return RowIdIndex::Build(std::move(sources));
    };
    ARROW_ASSIGN_OR_RAISE(index, session_->metadata_cache().GetOrLoad<RowIdIndex>(
                                     CacheKey("row-id-index", 0), build, MemoryOf<RowIdIndex>));
  }
  std::vector<std::optional<uint64_t>> out(row_ids.size());
  Status status;
  const Fragment* fragment = nullptr;
  std::shared_ptr<const DeletionVector> deletions;
  // Whether a row lives at an address. Neighbouring ids are mostly in one fragment, whose deletions are kept.
  const auto is_live = [&](uint64_t value) {
    const RowAddress address{value};
    if (fragment == nullptr || fragment->id != address.fragment_id()) {
      fragment = FindFragment(address.fragment_id());
      deletions = nullptr;
      if (fragment == nullptr) return false;
      auto loaded = Deletions(*fragment);
      if (!loaded.ok()) {
        status = loaded.status();
        return true;  // stops the search
      }
      deletions = *loaded;
    }
    return address.offset() < fragment->physical_rows &&
           (deletions == nullptr || !deletions->Contains(address.offset()));
  };
  for (size_t i = 0; i < row_ids.size(); ++i) {
    if (index == nullptr) {
      if (is_live(row_ids[i])) out[i] = row_ids[i];
    } else {
      index->VisitAddresses(row_ids[i], [&](uint64_t address) {
        if (!is_live(address)) return false;
        out[i] = address;
        return true;
      });
    }
    ARROW_RETURN_NOT_OK(status);
  }
  return out;
}

Result<std::shared_ptr<const std::vector<IndexMetadata>>> TableSnapshot::Indices() const {
  if (auto known = indices_.load()) return known;
  auto out = std::make_shared<std::vector<IndexMetadata>>();
  if (manifest().index_section) {
    auto bytes = file_.ReadSection(*manifest().index_section, "index section");
    ARROW_RETURN_NOT_OK(WithContext(bytes.status(), file_.object->path()));
    ARROW_ASSIGN_OR_RAISE(*out, WithContext(ParseIndexSection(BytesOf(**bytes)), file_.object->path()));
  }
  std::shared_ptr<const std::vector<IndexMetadata>> parsed = std::move(out);
  indices_.store(parsed);
  return parsed;
}

Result<ObjectPlace> TableSnapshot::IndexFolder(const IndexMetadata& index) const {
  return bases_->Locate(manifest(), index.base_id, "_indices", index.uuid);
}

Result<std::shared_ptr<const std::vector<uint64_t>>> TableSnapshot::LiveRowStarts() const {
  if (auto known = live_row_starts_.load()) return known;
  std::vector<uint64_t> starts;
  starts.reserve(manifest().fragments.size() + 1);
  starts.push_back(0);
  for (const Fragment& fragment : manifest().fragments) {
    ARROW_ASSIGN_OR_RAISE(uint64_t rows, Snapshot::CountRows(fragment));
    starts.push_back(starts.back() + rows);
  }
  auto out = std::make_shared<const std::vector<uint64_t>>(std::move(starts));
  live_row_starts_.store(out);
  return out;
}

Result<uint64_t> TableSnapshot::CountRows() const {
  ARROW_ASSIGN_OR_RAISE(auto starts, LiveRowStarts());
  return starts->back();
}

}  // namespace lance::table
