// Single data files for Python: lance_cpp.file.LanceFileReader.
#include <algorithm>
#include <numeric>

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "bindings.h"
#include "convert.h"
#include "lance/encoding/core/field_reader.h"
#include "lance/file/file_reader.h"
#include "lance/store/object_store.h"
#include "schema_values.h"

namespace lance::python {
namespace {

/// An open file and the columns asked for.
class FileHandle {
 public:
  FileHandle(std::shared_ptr<file::FileReader> reader, schema::Schema projection,
             std::shared_ptr<arrow::Schema> arrow_schema)
      : reader_(std::move(reader)),
        projection_(std::move(projection)),
        arrow_schema_(std::move(arrow_schema)) {}

  // A file by itself gives blobs as bytes.
  static constexpr file::BlobHandling kBlobs = file::BlobHandling::kBytes;

  static Result<std::shared_ptr<FileHandle>> Open(const std::shared_ptr<store::ObjectStore>& store,
                                                  const std::string& path,
                                                  const std::optional<std::vector<std::string>>& columns) {
    ARROW_ASSIGN_OR_RAISE(auto object, store->Open(path));
    ARROW_ASSIGN_OR_RAISE(auto reader, file::FileReader::Open(std::move(object)));
    schema::Schema projection = reader->schema();
    if (columns) {
      ARROW_ASSIGN_OR_RAISE(projection, projection.Project(*columns));
    }
    ARROW_ASSIGN_OR_RAISE(auto arrow_schema, TypesAsRead(*reader, projection));
    return std::make_shared<FileHandle>(std::move(reader), std::move(projection), std::move(arrow_schema));
  }

  const file::FileReader& reader() const { return *reader_; }
  const std::shared_ptr<arrow::Schema>& arrow_schema() const { return arrow_schema_; }

  Result<std::shared_ptr<arrow::RecordBatch>> Read(std::span<const RowRange> rows) const {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader_->Read(projection_, rows, kBlobs));
    return batch->ReplaceSchemaMetadata(arrow_schema_->metadata());
  }

  /// Rows in the order given, duplicates kept.
  Result<std::shared_ptr<arrow::Table>> Take(const std::vector<uint64_t>& rows) const {
    std::vector<uint64_t> sorted = rows;
    std::sort(sorted.begin(), sorted.end());
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    LANCE_CHECK_ARG(sorted.empty() || sorted.back() < reader_->num_rows(),
                    "row {} is past the end of {}, which has {} rows", sorted.back(), reader_->path(),
                    reader_->num_rows());
    RowRanges ranges;
    for (uint64_t row : sorted) AppendRange(&ranges, {row, 1});
    ARROW_ASSIGN_OR_RAISE(auto batch, Read(ranges));
    ARROW_ASSIGN_OR_RAISE(auto table, arrow::Table::FromRecordBatches({batch}));
    if (sorted == rows) return table;
    arrow::Int64Builder order;
    for (uint64_t row : rows) {
      auto found = std::lower_bound(sorted.begin(), sorted.end(), row);
      ARROW_RETURN_NOT_OK(order.Append(found - sorted.begin()));
    }
    ARROW_ASSIGN_OR_RAISE(auto positions, order.Finish());
    ARROW_ASSIGN_OR_RAISE(auto taken, arrow::compute::Take(table, positions));
    return taken.table();
  }

 private:
  // The schema of what Read gives: a blob's type depends on how it is read.
  static Result<std::shared_ptr<arrow::Schema>> TypesAsRead(file::FileReader& reader,
                                                            const schema::Schema& projection) {
    ARROW_ASSIGN_OR_RAISE(auto schema, projection.ToArrow());
    arrow::FieldVector fields;
    for (int i = 0; i < schema->num_fields(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto field, reader.OpenField(projection.fields[i], kBlobs));
      fields.push_back(schema->field(i)->WithType(field->type()));
    }
    return arrow::schema(std::move(fields), schema->metadata());
  }

  std::shared_ptr<file::FileReader> reader_;
  schema::Schema projection_;
  std::shared_ptr<arrow::Schema> arrow_schema_;
};

/// Streams a range of rows in batches.
class RangeReader : public arrow::RecordBatchReader {
 public:
  RangeReader(std::shared_ptr<FileHandle> file, RowRange rows, uint64_t batch_size)
      : file_(std::move(file)), rest_(rows), batch_size_(batch_size) {}
  std::shared_ptr<arrow::Schema> schema() const override { return file_->arrow_schema(); }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    if (rest_.length == 0) {
      *batch = nullptr;
      return Status::OK();
    }
    RowRange next{rest_.start, std::min(rest_.length, batch_size_)};
    rest_ = {next.end(), rest_.length - next.length};
    return file_->Read({&next, 1}).Value(batch);
  }

 private:
  std::shared_ptr<FileHandle> file_;
  RowRange rest_;
  uint64_t batch_size_;
};

nb::object ReadRange(const std::shared_ptr<FileHandle>& self, uint64_t start, uint64_t num_rows,
                     uint64_t batch_size) {
  uint64_t total = self->reader().num_rows();
  if (batch_size == 0) Raise(InvalidArgument("batch_size must be positive"));
  if (start > total || num_rows > total - start) {
    Raise(InvalidArgument("rows {}..{} are not in {}, which has {} rows", start, start + num_rows,
                          self->reader().path(), total));
  }
  return StreamCapsule(std::make_shared<RangeReader>(self, RowRange{start, num_rows}, batch_size));
}

nb::list Ranges(const std::vector<ByteRange>& ranges) {
  nb::list out;
  for (const auto& range : ranges) out.append(nb::make_tuple(range.offset, range.length));
  return out;
}

nb::dict Metadata(const FileHandle& self) {
  const file::FileReader& reader = self.reader();
  nb::dict out;
  out["version"] = nb::make_tuple(reader.version().major, reader.version().minor);
  out["num_rows"] = reader.num_rows();
  out["global_buffers"] = Ranges(reader.global_buffers());
  out["column_metadata_bytes"] = reader.column_metadata_range().length;
  out["schema"] = SchemaCapsule(*Unwrap(reader.schema().ToArrow()));
  nb::list columns;
  for (int i = 0; i < reader.num_columns(); ++i) {
    auto description = Unwrap(Unlocked([&] { return reader.Describe(i); }));
    nb::list pages;
    for (const auto& page : description.pages)
      pages.append(nb::make_tuple(Ranges(page.buffers), page.encoding));
    columns.append(nb::make_tuple(Ranges(description.buffers), pages));
  }
  out["columns"] = columns;
  return out;
}

}  // namespace

void BindFile(nb::module_& module) {
  nb::class_<FileHandle>(module, "FileReader")
      .def_static(
          "open",
          [](const std::shared_ptr<store::ObjectStore>& store, const std::string& path,
             std::optional<std::vector<std::string>> columns) {
            return Unwrap(Unlocked([&] { return FileHandle::Open(store, path, columns); }));
          },
          nb::arg("store"), nb::arg("path"), nb::arg("columns").none())
      .def("num_rows", [](const FileHandle& self) { return self.reader().num_rows(); })
      .def("schema", [](const FileHandle& self) { return SchemaCapsule(*self.arrow_schema()); })
      .def("metadata", &Metadata)
      .def("read_range", &ReadRange, nb::arg("start"), nb::arg("num_rows"), nb::arg("batch_size"))
      .def(
          "take_rows",
          [](const FileHandle& self, const std::vector<uint64_t>& rows) {
            EnsureCompute();
            return StreamCapsule(Unwrap(Unlocked([&] { return self.Take(rows); })));
          },
          nb::arg("rows"))
      .def(
          "read_global_buffer",
          [](const FileHandle& self, int index) {
            return ToBytes(*Unwrap(Unlocked([&] { return self.reader().ReadGlobalBuffer(index); })));
          },
          nb::arg("index"));
}

}  // namespace lance::python
