#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "lance/base/row_range.h"
#include "lance/base/status.h"
#include "lance/file/file_reader.h"
#include "lance/schema/schema.h"
#include "lance/store/ahead_object.h"
#include "lance/table/bases.h"

namespace lance::index {

/// One of the files of a vector index. Rows of a partition lie in small pages of every column, side by side,
/// in files of ours; of those whole pages are read at once, together with what says where their rows lie,
/// instead of one after the other. Thread-safe.
class IndexFile {
 public:
  static Result<std::unique_ptr<const IndexFile>> Open(const table::ObjectPlace& folder, const char* name);

  const file::FileReader& reader() const { return *reader_; }
  const schema::Schema& schema() const { return reader_->schema(); }

  /// One batch for each of `ranges`, which may lie anyhow; with one coalesced read as far as they do not
  /// overlap.
  Result<std::vector<std::shared_ptr<arrow::RecordBatch>>> ReadColumns(
      const std::vector<std::string_view>& columns, const std::vector<RowRange>& ranges) const;

 private:
  using Fetched = std::shared_ptr<const store::AheadObject::Fetched>;
  IndexFile() = default;
  /// The pages with these rows, unless they hold too much beside them; then null.
  Result<Fetched> FetchPages(const std::vector<std::string_view>& columns,
                             const std::vector<RowRange>& ranges) const;

  std::shared_ptr<store::AheadObject> object_;
  std::shared_ptr<file::FileReader> reader_;
  bool is_local_ = true;
};

}  // namespace lance::index
