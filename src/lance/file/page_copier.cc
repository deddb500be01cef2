#include "lance/file/page_copier.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "lance/encoding/core/column_source.h"
#include "lance/file/file_body.h"
#include "lance/file/version_readers.h"

namespace lance::file {
namespace {

class PageCopierImpl final : public PageCopier {
 public:
  PageCopierImpl(std::unique_ptr<store::WritableObject> object, schema::Schema schema, const Version& version)
      : body_(std::move(object), version), schema_(std::move(schema)), version_(version) {}
  ~PageCopierImpl() override {
    if (!done_) body_.Abort();
  }

  uint64_t num_rows() const override { return num_rows_; }
  uint64_t bytes_written() const override { return body_.position(); }

  Status Append(FileReader& file, uint64_t read_bytes) override {
    LANCE_CHECK_ARG(!done_, "{}: the file was finished or failed", body_.path());
    ARROW_ASSIGN_OR_RAISE(const bool can, CanCopy(file, version_));
    LANCE_CHECK_ARG(can, "{}: its pages cannot be copied into a file of version {}", file.path(),
                    version_.ToString());
    ARROW_RETURN_NOT_OK(AddColumns(file));
    Status status;
    for (int column = 0; column < file.num_columns() && status.ok(); ++column) {
      status = CopyColumn(file, column, std::max<uint64_t>(read_bytes, 1));
    }
    if (!status.ok()) {
      body_.Abort();
      done_ = true;
      return WithContext(status, "copying pages of " + file.path());
    }
    num_rows_ += file.num_rows();
    return Status::OK();
  }

  Result<WrittenFile> Finish() override {
    LANCE_CHECK_ARG(!done_, "{}: the file was finished or failed", body_.path());
    WrittenFile out;
    out.num_rows = num_rows_;
    out.version = version_;
    for (auto& [column, page] : structs_) ARROW_RETURN_NOT_OK(body_.WritePage(column, std::move(page)));
    ARROW_ASSIGN_OR_RAISE(out.size_bytes, body_.Finish(StoredSchema(schema_), num_rows_));
    done_ = true;
    return out;
  }

 private:
  // The first file says which columns there are.
  Status AddColumns(const FileReader& file) {
    const auto columns = static_cast<size_t>(file.num_columns());
    if (body_.num_columns() == 0) {
      for (int column = 0; column < file.num_columns(); ++column) {
        ARROW_ASSIGN_OR_RAISE(const encoding::ColumnInfo* info, file.StoredColumn(column));
        body_.AddColumn(info->encoding);
        encodings_.push_back(info->encoding);
      }
    }
    LANCE_CHECK_ARG(body_.num_columns() == columns, "{} has {} columns, the files before it {}", file.path(),
                    columns, body_.num_columns());
    return Status::OK();
  }

  Status CopyColumn(FileReader& file, int column, uint64_t read_bytes) {
    ARROW_ASSIGN_OR_RAISE(const encoding::ColumnInfo* info, file.StoredColumn(column));
    LANCE_CHECK_ARG(info->encoding == encodings_[static_cast<size_t>(column)],
                    "column {} is encoded otherwise than in the files before", column);
    for (size_t first = 0; first < info->pages.size();) {
      uint64_t bytes = 0;
      size_t end = first;
      while (end < info->pages.size() && (end == first || bytes < read_bytes)) {
        for (const ByteRange& buffer : info->pages[end].buffers) bytes += buffer.length;
        ++end;
      }
      ARROW_RETURN_NOT_OK(
          CopyPages(file, static_cast<size_t>(column), std::span(info->pages).subspan(first, end - first)));
      first = end;
    }
    return Status::OK();
  }

  Status CopyPages(FileReader& file, size_t column, std::span<const encoding::PageInfo> pages) {
    std::vector<ByteRange> ranges;
    for (const encoding::PageInfo& page : pages) {
      ranges.insert(ranges.end(), page.buffers.begin(), page.buffers.end());
    }
    ARROW_ASSIGN_OR_RAISE(auto buffers, file.ReadMany(ranges));
    auto next = buffers.begin();
    for (const encoding::PageInfo& page : pages) {
      encoding::EncodedPage copy;
      const auto end = next + static_cast<std::ptrdiff_t>(page.buffers.size());
      copy.buffers.assign(std::make_move_iterator(next), std::make_move_iterator(end));
      next = end;
      copy.encoding = page.encoding;
      copy.num_rows = page.num_rows;
      copy.first_row = num_rows_ + page.first_row;
      if (IsStruct(page)) {
        encoding::EncodedPage& whole = structs_[column];
        copy.num_rows += whole.num_rows;
        copy.first_row = 0;
        whole = std::move(copy);
        continue;
      }
      ARROW_RETURN_NOT_OK(body_.WritePage(column, std::move(copy)));
    }
    return Status::OK();
  }

  // The column of a struct, which only version 2.0 has: nothing but a number of rows, in one page a file.
  bool IsStruct(const encoding::PageInfo& page) const {
    return version_.minor == 0 && page.buffers.empty() && DescribeEncodingV2_0(page.encoding) == "struct";
  }

  FileBody body_;
  const schema::Schema schema_;
  const Version version_;
  std::vector<std::string> encodings_;  // of the columns
  std::map<size_t, encoding::EncodedPage> structs_;
  uint64_t num_rows_ = 0;
  bool done_ = false;
};

}  // namespace

Result<bool> PageCopier::CanCopy(const FileReader& file, const Version& version) {
  if (version.is_legacy() || file.version() != version || file.global_buffers().size() != 1) return false;
  for (int column = 0; column < file.num_columns(); ++column) {
    ARROW_ASSIGN_OR_RAISE(const encoding::ColumnInfo* info, file.StoredColumn(column));
    if (!info->buffers.empty()) return false;
  }
  return true;
}

Result<std::unique_ptr<PageCopier>> PageCopier::Make(std::unique_ptr<store::WritableObject> object,
                                                     const schema::Schema& schema, const Version& version) {
  WriteOptions options;
  options.version = version;
  ARROW_RETURN_NOT_OK(options.Validate());
  return std::make_unique<PageCopierImpl>(std::move(object), schema, version);
}

}  // namespace lance::file
