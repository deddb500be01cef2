#include "lance/scan/read/column_set.h"

#include <algorithm>
#include <array>

#include <arrow/api.h>

#include "lance/encoding/core/blob.h"

namespace lance::scan {
namespace {

struct VirtualInfo {
  ColumnSource source;
  std::string_view name;
};

constexpr std::array<VirtualInfo, 7> kVirtuals = {{
    {ColumnSource::kRowId, "_rowid"},
    {ColumnSource::kRowAddress, "_rowaddr"},
    {ColumnSource::kRowOffset, "_rowoffset"},
    {ColumnSource::kCreatedAtVersion, "_row_created_at_version"},
    {ColumnSource::kLastUpdatedAtVersion, "_row_last_updated_at_version"},
    {ColumnSource::kDistance, "_distance"},
    {ColumnSource::kQueryIndex, "query_index"},
}};

// Quotes the parts of a path that the path grammar would split.
std::string QuotePart(const std::string& part) {
  return part.find_first_of(".`") == std::string::npos ? part : "`" + part + "`";
}

std::shared_ptr<arrow::DataType> DescriptorType(const schema::Field& field) {
  if (field.is_blob_v2()) {
    return arrow::struct_(
        {arrow::field("kind", arrow::uint8(), false), arrow::field("position", arrow::uint64(), false),
         arrow::field("size", arrow::uint64(), false), arrow::field("blob_id", arrow::uint32(), false),
         arrow::field("blob_uri", arrow::utf8(), false)});
  }
  return arrow::struct_({arrow::field("position", arrow::uint64()), arrow::field("size", arrow::uint64())});
}

// The field of a blob v2 column as it is read. Its extension type names the logical value, which neither the
// descriptors nor the bytes are, so the type's name goes; descriptors carry how they are stored.
std::shared_ptr<arrow::Field> BlobV2Field(const arrow::Field& plain, std::shared_ptr<arrow::DataType> type,
                                          bool descriptors) {
  std::shared_ptr<arrow::KeyValueMetadata> metadata;
  if (descriptors) {
    metadata =
        arrow::key_value_metadata({{"lance-encoding:blob", "true"}, {"lance-encoding:packed", "true"}});
  } else if (plain.metadata() != nullptr) {
    metadata = plain.metadata()->Copy();
    (void)metadata->Delete("ARROW:extension:name");
  }
  return arrow::field(plain.name(), std::move(type), plain.nullable(), std::move(metadata));
}

bool HasBlob(const schema::Field& field) {
  return field.is_blob() || field.is_blob_v2() ||
         std::any_of(field.children.begin(), field.children.end(), HasBlob);
}

}  // namespace

std::string_view VirtualName(ColumnSource source) {
  for (const VirtualInfo& info : kVirtuals) {
    if (info.source == source) return info.name;
  }
  return "";
}

std::optional<ColumnSource> FindVirtual(std::string_view name) {
  for (const VirtualInfo& info : kVirtuals) {
    if (info.name == name) return info.source;
  }
  return std::nullopt;
}

std::shared_ptr<arrow::Field> VirtualField(ColumnSource source) {
  std::string name(VirtualName(source));
  switch (source) {
    case ColumnSource::kDistance:
      return arrow::field(name, arrow::float32());
    case ColumnSource::kQueryIndex:
      return arrow::field(name, arrow::int32(), /*nullable=*/false);
    default:
      return arrow::field(name, arrow::uint64());
  }
}

Result<std::shared_ptr<arrow::Field>> ReadField(const schema::Field& field, file::BlobHandling blobs) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Field> plain, field.ToArrow());
  if (!HasBlob(field)) return plain;
  if (field.is_blob() || field.is_blob_v2()) {
    const bool descriptors = blobs == file::BlobHandling::kDescriptions;
    if (field.is_blob_v2()) {
      auto type = descriptors                              ? DescriptorType(field)
                  : blobs == file::BlobHandling::kWritable ? encoding::WritableBlobType()
                                                           : arrow::large_binary();
      return BlobV2Field(*plain, std::move(type), descriptors);
    }
    return descriptors ? plain->WithType(DescriptorType(field)) : plain;
  }
  if (!field.is_struct()) return plain;
  arrow::FieldVector members;
  for (const schema::Field& child : field.children) {
    ARROW_ASSIGN_OR_RAISE(members.emplace_back(), ReadField(child, blobs));
  }
  return plain->WithType(arrow::struct_(std::move(members)));
}

const std::string& Column::name() const { return arrow->name(); }

int ColumnSet::Find(std::string_view name) const {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name() == name) return static_cast<int>(i);
  }
  return -1;
}

std::shared_ptr<arrow::Schema> ColumnSet::ArrowSchema() const {
  arrow::FieldVector fields;
  for (const Column& column : columns) fields.push_back(column.arrow);
  return arrow::schema(std::move(fields));
}

Status ColumnSetBuilder::Add(const std::string& path) {
  const schema::Field* field = table_.FindTopLevel(path);
  if (field == nullptr) {
    if (std::optional<ColumnSource> made = FindVirtual(path)) {
      Add(*made);
      return Status::OK();
    }
  }
  std::string top_level = path;
  std::string canonical = path;
  if (field == nullptr) {
    ARROW_RETURN_NOT_OK(table_.Resolve(path).status());
    ARROW_ASSIGN_OR_RAISE(std::vector<std::string> parts, schema::SplitPath(path));
    top_level = parts.front();
  } else {
    canonical = QuotePart(path);
  }
  for (Entry& entry : entries_) {
    if (entry.source == ColumnSource::kStored && entry.top_level == top_level) {
      entry.paths.push_back(canonical);
      return Status::OK();
    }
  }
  entries_.push_back({ColumnSource::kStored, std::move(top_level), {std::move(canonical)}});
  return Status::OK();
}

void ColumnSetBuilder::Add(ColumnSource source) {
  for (const Entry& entry : entries_) {
    if (entry.source == source) return;
  }
  entries_.push_back({source, "", {}});
}

Result<ColumnSet> ColumnSetBuilder::Finish() const {
  ColumnSet set;
  for (const Entry& entry : entries_) {
    Column column;
    column.source = entry.source;
    if (entry.source == ColumnSource::kStored) {
      ARROW_ASSIGN_OR_RAISE(schema::Schema projected, table_.Project(entry.paths));
      if (projected.fields.size() != 1) {
        return Internal("projecting column '{}' gave {} fields", entry.top_level, projected.fields.size());
      }
      column.field = std::move(projected.fields.front());
      ARROW_ASSIGN_OR_RAISE(column.arrow, ReadField(column.field, blobs_));
    } else {
      column.arrow = VirtualField(entry.source);
    }
    set.columns.push_back(std::move(column));
  }
  return set;
}

}  // namespace lance::scan
