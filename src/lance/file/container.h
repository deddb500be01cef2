#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lance/encoding/core/column_source.h"
#include "lance/file/file_reader.h"
#include "lance/file/footer.h"
#include "lance/schema/schema.h"

namespace lance::file {

/// What all 2.x files share: footer, offset tables, global buffers and column metadata. Columns are parsed
/// when they are first asked for, so a file of thousands of columns opens as fast as a narrow one.
/// Thread-safe.
class Container final : public encoding::ColumnSource, public encoding::ByteSource {
 public:
  /// Reads the metadata that `tail` (the last bytes of the file) does not hold, in at most one request for
  /// files with metadata of ordinary size.
  static Result<std::shared_ptr<Container>> Open(std::shared_ptr<store::ReadableObject> object,
                                                 std::shared_ptr<arrow::Buffer> tail, Version version,
                                                 const ReadOptions& options);
  ~Container() override;

  const std::string& path() const override { return path_; }
  encoding::PageFormat format() const override { return {version_.major, version_.minor}; }
  uint64_t num_rows() const override { return num_rows_; }
  encoding::ByteSource* bytes() override { return this; }
  const std::vector<ByteRange>& global_buffers() const override { return global_buffers_; }
  std::optional<int> ColumnOf(int32_t field_id) const override;
  Result<const encoding::ColumnInfo*> Column(int index) override;
  const schema::Field* StoredField(int32_t field_id) const override;

  uint64_t size() const override { return size_; }
  Result<std::vector<encoding::BufferPtr>> ReadMany(std::span<const ByteRange> ranges) override;
  Result<std::vector<encoding::BufferPtr>> ViewMany(std::span<const ByteRange> ranges);

  Version version() const { return version_; }
  int num_columns() const { return static_cast<int>(footer_.num_columns); }
  ByteRange column_metadata_range() const { return footer_.column_metadata; }
  /// The file's own schema; empty when it could not be parsed, see schema_status().
  const schema::Schema& schema() const;
  Status schema_status() const;
  /// The path of the field that a column stores, by the file's own schema; empty when no field does.
  std::string FieldPathOf(int column) const;

 private:
  Container(std::shared_ptr<store::ReadableObject> object, Version version, const ReadOptions& options);

  /// Whether structs and lists have no columns of their own.
  bool only_leaves() const { return version_.minor >= 1; }
  Status ReadMetadata(std::shared_ptr<arrow::Buffer> tail);
  Status TrimMetadata(uint64_t wanted);
  Status IndexColumns(const ReadOptions& options);
  void ParseSchema() const;
  Result<std::unique_ptr<encoding::ColumnInfo>> ParseColumn(int index);
  Result<encoding::BufferPtr> Bytes(ByteRange range);

  std::shared_ptr<store::ReadableObject> object_;
  std::string path_;
  Version version_;
  uint64_t size_ = 0;
  uint64_t num_rows_ = 0;
  Footer footer_;
  uint64_t metadata_start_ = 0;              ///< file position of metadata_
  std::shared_ptr<arrow::Buffer> metadata_;  ///< the end of the file, from metadata_start_ on
  std::shared_ptr<arrow::Buffer> descriptor_;
  std::vector<ByteRange> column_table_;
  std::vector<ByteRange> global_buffers_;
  std::vector<std::pair<int32_t, int32_t>> columns_by_field_;  ///< sorted by field id
  std::unique_ptr<std::atomic<const encoding::ColumnInfo*>[]> columns_;
  std::atomic<int64_t> page_budget_;

  mutable std::once_flag schema_once_;
  mutable schema::Schema schema_;
  mutable Status schema_status_;
  mutable std::once_flag paths_once_;
  mutable std::vector<std::string> paths_;  ///< by column
};

}  // namespace lance::file
