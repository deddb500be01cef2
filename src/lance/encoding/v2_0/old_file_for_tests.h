#pragma once

#include <map>
#include <string>
#include <vector>

#include <arrow/buffer.h>

#include "lance/base/checked_math.h"
#include "lance/encoding/core/column_source.h"
#include "lance/proto/array_encodings.pb.h"
#include "lance/schema/schema.h"

namespace lance::encoding::v2_0 {

/// A 2.0 file made by hand in memory: columns of one page or more, buffers one behind the other.
class OldFileForTests final : public ColumnSource, public ByteSource {
 public:
  /// Appends bytes to the file and says where they are.
  ByteRange Put(std::string_view bytes) {
    ByteRange range{file_.size(), bytes.size()};
    file_.append(bytes);
    return range;
  }
  template <typename T>
  ByteRange PutValues(const std::vector<T>& values) {
    return Put({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)});
  }

  /// Starts a column for field `field_id` whose column encoding is `encoding`; plain values by default.
  int AddColumn(int32_t field_id, pb20::ColumnEncoding encoding = PlainValues()) {
    auto column = std::make_unique<ColumnInfo>();
    column->index = static_cast<int>(columns_.size());
    column->encoding = encoding.SerializeAsString();
    columns_.push_back(std::move(column));
    column_of_[field_id] = static_cast<int>(columns_.size()) - 1;
    return static_cast<int>(columns_.size()) - 1;
  }
  void AddPage(int column, const pb20::ArrayEncoding& encoding, uint64_t num_rows,
               std::vector<ByteRange> buffers) {
    PageInfo page;
    page.buffers = std::move(buffers);
    page.encoding = encoding.SerializeAsString();
    page.num_rows = num_rows;
    page.where = fmt::format("test.lance, column {}, page {}", column, columns_[column]->pages.size());
    columns_[column]->pages.push_back(std::move(page));
  }
  static pb20::ColumnEncoding PlainValues() {
    pb20::ColumnEncoding encoding;
    encoding.mutable_values();
    return encoding;
  }

  schema::Schema stored;

  const std::string& path() const override { return path_; }
  PageFormat format() const override { return {2, 0}; }
  uint64_t num_rows() const override { return 0; }
  ByteSource* bytes() override { return this; }
  const std::vector<ByteRange>& global_buffers() const override { return global_buffers_; }
  std::optional<int> ColumnOf(int32_t field_id) const override {
    auto found = column_of_.find(field_id);
    return found == column_of_.end() ? std::nullopt : std::optional<int>(found->second);
  }
  Result<const ColumnInfo*> Column(int index) override {
    if (index < 0 || index >= static_cast<int>(columns_.size()))
      return Corruption("column {} does not exist", index);
    return columns_[index].get();
  }
  const schema::Field* StoredField(int32_t field_id) const override { return stored.FindById(field_id); }
  uint64_t size() const override { return file_.size(); }
  Result<std::vector<BufferPtr>> ReadMany(std::span<const ByteRange> ranges) override {
    ++num_reads;
    std::vector<BufferPtr> out;
    for (const ByteRange& range : ranges) {
      LANCE_CHECK_BYTES(RangeFits(range.offset, range.length, file_.size()), "a read outside the file");
      num_bytes_read += range.length;
      // A buffer of its own, so that reading past it is found.
      out.push_back(arrow::Buffer::FromString(file_.substr(range.offset, range.length)));
    }
    return out;
  }
  uint64_t num_reads = 0;
  uint64_t num_bytes_read = 0;

 private:
  std::string path_ = "test.lance";
  std::string file_ = "0123456";  // so that no buffer is aligned by luck
  std::vector<ByteRange> global_buffers_;
  std::vector<std::unique_ptr<ColumnInfo>> columns_;
  std::map<int32_t, int> column_of_;
};

}  // namespace lance::encoding::v2_0
