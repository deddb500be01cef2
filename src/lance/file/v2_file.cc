#include "lance/file/v2_file.h"

#include <arrow/buffer.h>

#include "lance/encoding/assembly/describe_page.h"
#include "lance/encoding/core/field_reader.h"
#include "lance/file/version_readers.h"

namespace lance::file {
namespace {

class V2File final : public FileReader {
 public:
  V2File(std::shared_ptr<Container> container, std::shared_ptr<encoding::BlobResolver> blobs)
      : container_(std::move(container)), blob_resolver_(std::move(blobs)) {}

  const std::string& path() const override { return container_->path(); }
  Version version() const override { return container_->version(); }
  uint64_t num_rows() const override { return container_->num_rows(); }
  const schema::Schema& schema() const override { return container_->schema(); }
  int num_columns() const override { return container_->num_columns(); }
  std::vector<ByteRange> global_buffers() const override { return container_->global_buffers(); }
  ByteRange column_metadata_range() const override { return container_->column_metadata_range(); }

  Result<ColumnDescription> Describe(int column) const override {
    ARROW_ASSIGN_OR_RAISE(const encoding::ColumnInfo* info, container_->Column(column));
    ColumnDescription out;
    out.field = container_->FieldPathOf(column);
    out.buffers = info->buffers;
    out.pages.reserve(info->pages.size());
    for (const encoding::PageInfo& page : info->pages) {
      std::string text =
          is_2_0() ? DescribeEncodingV2_0(page.encoding) : encoding::DescribePage(page.encoding);
      out.pages.push_back({page.buffers, page.num_rows, page.first_row, std::move(text)});
    }
    return out;
  }

  Result<const encoding::ColumnInfo*> StoredColumn(int column) const override {
    return container_->Column(column);
  }

  Result<std::shared_ptr<arrow::Buffer>> ReadGlobalBuffer(int index) const override {
    const auto& buffers = container_->global_buffers();
    LANCE_CHECK_ARG(index >= 0 && static_cast<size_t>(index) < buffers.size(),
                    "{}: global buffer {} does not exist, the file has {}", path(), index, buffers.size());
    ARROW_ASSIGN_OR_RAISE(auto read, container_->ReadMany(std::span(&buffers[index], 1)));
    return std::move(read[0]);
  }

  Result<std::shared_ptr<encoding::FieldReader>> OpenField(const schema::Field& field, BlobHandling blobs,
                                                           bool missing_as_null) override {
    encoding::FieldOptions options{blobs != BlobHandling::kDescriptions, missing_as_null, blob_resolver_,
                                   blobs == BlobHandling::kWritable};
    if (is_2_0()) return OpenFieldV2_0(field, options, container_);
    return encoding::OpenStructuralField(field, options, container_);
  }

  Result<std::vector<std::shared_ptr<arrow::Buffer>>> ReadMany(std::span<const ByteRange> ranges) override {
    return container_->ReadMany(ranges);
  }
  Result<std::vector<std::shared_ptr<arrow::Buffer>>> ViewMany(std::span<const ByteRange> ranges) override {
    return container_->ViewMany(ranges);
  }

 private:
  bool is_2_0() const { return container_->version().minor == 0; }

  std::shared_ptr<Container> container_;
  std::shared_ptr<encoding::BlobResolver> blob_resolver_;
};

}  // namespace

std::shared_ptr<FileReader> MakeV2File(std::shared_ptr<Container> container,
                                       std::shared_ptr<encoding::BlobResolver> blobs) {
  return std::make_shared<V2File>(std::move(container), std::move(blobs));
}

}  // namespace lance::file
