#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lance/base/status.h"
#include "lance/file/file_reader.h"
#include "lance/schema/schema.h"

namespace arrow {
class Field;
class Schema;
}  // namespace arrow

namespace lance::scan {

/// Where the values of a column come from: the data files, or made by the scan itself.
enum class ColumnSource {
  kStored,
  kRowId,
  kRowAddress,
  kRowOffset,
  kCreatedAtVersion,
  kLastUpdatedAtVersion,
  kDistance,
  kQueryIndex,
};

/// The name people use for a made column, such as "_rowid"; "" for kStored.
std::string_view VirtualName(ColumnSource source);
/// The made column of that name; none when there is no such one.
std::optional<ColumnSource> FindVirtual(std::string_view name);
/// The Arrow field of a made column.
std::shared_ptr<arrow::Field> VirtualField(ColumnSource source);

/// One top-level column that a scan handles.
struct Column {
  ColumnSource source = ColumnSource::kStored;
  schema::Field field;                  ///< kStored: what to read; may be pruned
  std::shared_ptr<arrow::Field> arrow;  ///< the column as the batches of the scan hold it
  const std::string& name() const;
};

/// The columns of the batches that flow through a scan, in order, names unique. A value.
struct ColumnSet {
  std::vector<Column> columns;
  int Find(std::string_view name) const;  ///< -1 when absent
  std::shared_ptr<arrow::Schema> ArrowSchema() const;
};

/// Gathers paths and made columns, then settles what has to be read: several paths into one struct become one
/// column that holds just those members.
class ColumnSetBuilder {
 public:
  ColumnSetBuilder(const schema::Schema& table, file::BlobHandling blobs) : table_(table), blobs_(blobs) {}
  /// Adds a stored path ("a", "a.b") or a made column. Errors: InvalidArgument "No field named ...".
  Status Add(const std::string& path);
  void Add(ColumnSource source);
  Result<ColumnSet> Finish() const;

 private:
  struct Entry {
    ColumnSource source;
    std::string top_level;
    std::vector<std::string> paths;
  };
  const schema::Schema& table_;
  file::BlobHandling blobs_;
  std::vector<Entry> entries_;
};

/// The Arrow field that reading `field` gives: blob columns become descriptors unless bytes are asked for.
Result<std::shared_ptr<arrow::Field>> ReadField(const schema::Field& field, file::BlobHandling blobs);

}  // namespace lance::scan
