#include "lance/index/scalar/btree/write_segment.h"

#include <algorithm>

#include <arrow/api.h>

#include "lance/index/scalar/btree/names.h"
#include "lance/schema/schema.h"

namespace lance::index {
namespace {

Result<std::unique_ptr<file::FileWriter>> OpenWriter(const SegmentTarget& target, const char* name,
                                                     const std::shared_ptr<arrow::Schema>& schema) {
  ARROW_ASSIGN_OR_RAISE(auto object, target.store->Create(target.folder + "/" + name, target.durability));
  ARROW_ASSIGN_OR_RAISE(const schema::Schema stored, schema::FromArrow(*schema));
  return file::FileWriter::Make(std::move(object), stored, target.files);
}

template <typename T>
std::shared_ptr<arrow::Buffer> Wrap(std::span<const T> values) {
  return std::make_shared<arrow::Buffer>(reinterpret_cast<const uint8_t*>(values.data()),
                                         static_cast<int64_t>(values.size_bytes()));
}

// Page after page of page_data.lance; remembers the first and the last key of each.
class PageWriter {
 public:
  PageWriter(const KeyType& type, uint64_t page_rows) : type_(type), page_rows_(page_rows) {
    schema_ = arrow::schema({arrow::field(kBTreeValuesColumn, type.type()),
                             arrow::field(kBTreeIdsColumn, arrow::uint64(), false)});
  }

  Status Open(const SegmentTarget& target) {
    return OpenWriter(target, kBTreePagesFile, schema_).Value(&writer_);
  }

  Status WriteAll(KeySorter* rows) {
    KeySorter::Sink sink;
    sink.nulls = [&](std::span<const uint64_t> ids) -> Status {
      ARROW_ASSIGN_OR_RAISE(auto values, ToArray({}, ids.size()));
      num_nulls_ += ids.size();
      return Write(std::move(values), ids);
    };
    sink.numbers = [&](std::span<const uint64_t> keys, std::span<const uint64_t> ids) -> Status {
      for (size_t i : Ends(keys.size())) Remember(i, NumberKey(keys[i]));
      ARROW_ASSIGN_OR_RAISE(auto values, type_.ToArray(keys, 0));
      last_ = NumberKey(keys.back());
      return Write(std::move(values), ids);
    };
    sink.bytes = [&](std::span<const std::string_view> keys, std::span<const uint64_t> ids) -> Status {
      for (size_t i : Ends(keys.size())) Remember(i, std::string(keys[i]));
      ARROW_ASSIGN_OR_RAISE(auto values, type_.ToArray(keys, 0));
      last_ = keys.back();
      return Write(std::move(values), ids);
    };
    ARROW_RETURN_NOT_OK(rows->Finish(sink));
    if (num_rows_ % page_rows_ != 0 && num_rows_ > num_nulls_) maxs_.push_back(last_);
    return Status::OK();
  }

  Result<file::WrittenFile> Finish() { return writer_->Finish(); }

  // The rows of page_lookup.lance.
  Result<std::shared_ptr<arrow::RecordBatch>> Lookup() const {
    const uint64_t pages = (num_rows_ + page_rows_ - 1) / page_rows_;
    ARROW_ASSIGN_OR_RAISE(auto mins, ToArray(mins_, pages - mins_.size()));
    ARROW_ASSIGN_OR_RAISE(auto maxs, ToArray(maxs_, pages - maxs_.size()));
    arrow::UInt32Builder nulls, numbers;
    for (uint64_t page = 0; page < pages; ++page) {
      const uint64_t start = page * page_rows_;
      const uint64_t end = std::min(start + page_rows_, num_rows_);
      ARROW_RETURN_NOT_OK(nulls.Append(static_cast<uint32_t>(std::clamp(num_nulls_, start, end) - start)));
      ARROW_RETURN_NOT_OK(numbers.Append(static_cast<uint32_t>(page)));
    }
    ARROW_ASSIGN_OR_RAISE(auto null_counts, nulls.Finish());
    ARROW_ASSIGN_OR_RAISE(auto page_numbers, numbers.Finish());
    auto schema = arrow::schema({arrow::field(kBTreeMinColumn, type_.type()),
                                 arrow::field(kBTreeMaxColumn, type_.type()),
                                 arrow::field(kBTreeNullCountColumn, arrow::uint32(), false),
                                 arrow::field(kBTreePageColumn, arrow::uint32(), false)});
    return arrow::RecordBatch::Make(std::move(schema), static_cast<int64_t>(pages),
                                    arrow::ArrayVector{mins, maxs, null_counts, page_numbers});
  }

 private:
  // Positions, among the next `count` rows, that begin or end a page.
  std::vector<size_t> Ends(size_t count) const {
    std::vector<size_t> out;
    for (uint64_t page = num_rows_ / page_rows_; page * page_rows_ < num_rows_ + count; ++page) {
      const uint64_t first = page * page_rows_, last = first + page_rows_ - 1;
      if (first >= num_rows_) out.push_back(first - num_rows_);
      if (last < num_rows_ + count && last != first) out.push_back(last - num_rows_);
    }
    return out;
  }

  void Remember(size_t position, std::string key) {
    const uint64_t row = num_rows_ + position;
    if ((row + 1) % page_rows_ == 0) maxs_.push_back(key);
    if (row % page_rows_ == 0) mins_.push_back(std::move(key));
  }

  Status Write(std::shared_ptr<arrow::Array> values, std::span<const uint64_t> ids) {
    const auto rows = static_cast<int64_t>(ids.size());
    auto id_array = std::make_shared<arrow::UInt64Array>(rows, Wrap(ids));
    // The writer may hold on to the values; ids belong to the sorter.
    ARROW_ASSIGN_OR_RAISE(auto own, arrow::Concatenate({id_array}));
    num_rows_ += ids.size();
    return writer_->Write(*arrow::RecordBatch::Make(schema_, rows, arrow::ArrayVector{values, own}));
  }

  Result<std::shared_ptr<arrow::Array>> ToArray(const std::vector<std::string>& keys, uint64_t nulls) const {
    if (!type_.is_number()) {
      return type_.ToArray(std::vector<std::string_view>(keys.begin(), keys.end()), nulls);
    }
    std::vector<uint64_t> numbers;
    for (const std::string& key : keys) numbers.push_back(KeyNumber(key));
    return type_.ToArray(numbers, nulls);
  }

  const KeyType& type_;
  const uint64_t page_rows_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<file::FileWriter> writer_;
  uint64_t num_rows_ = 0;
  uint64_t num_nulls_ = 0;
  // Of the pages that have one: the last ones, since nulls come first.
  std::vector<std::string> mins_;
  std::vector<std::string> maxs_;
  std::string last_;
};

Result<std::vector<table::IndexFile>> WriteFiles(const KeyType& type, KeySorter* rows, uint64_t page_rows,
                                                 const SegmentTarget& target) {
  PageWriter pages(type, page_rows);
  ARROW_RETURN_NOT_OK(pages.Open(target));
  ARROW_RETURN_NOT_OK(pages.WriteAll(rows));
  ARROW_ASSIGN_OR_RAISE(const file::WrittenFile data, pages.Finish());
  ARROW_ASSIGN_OR_RAISE(const auto lookup, pages.Lookup());
  ARROW_ASSIGN_OR_RAISE(auto writer, OpenWriter(target, kBTreeLookupFile, lookup->schema()));
  if (lookup->num_rows() > 0) ARROW_RETURN_NOT_OK(writer->Write(*lookup));
  writer->AddSchemaMetadata(kBTreeBatchSizeKey, std::to_string(page_rows));
  writer->AddSchemaMetadata(kBTreeRangePartitionedKey, "false");
  ARROW_ASSIGN_OR_RAISE(const file::WrittenFile written, writer->Finish());
  return std::vector<table::IndexFile>{{kBTreePagesFile, data.size_bytes},
                                       {kBTreeLookupFile, written.size_bytes}};
}

}  // namespace

Result<std::vector<table::IndexFile>> WriteBTree(const KeyType& type, KeySorter* rows, uint64_t page_rows,
                                                 const SegmentTarget& target) {
  auto files = WriteFiles(type, rows, page_rows, target);
  if (!files.ok()) {
    for (const char* name : {kBTreePagesFile, kBTreeLookupFile}) {
      (void)target.store->Delete(target.folder + "/" + name);  // may not be there
    }
  }
  return files;
}

}  // namespace lance::index
