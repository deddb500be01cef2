// Opens a dataset, scans it with a filter, takes rows by position and searches for nearest neighbours:
//   consumer DATASET FILTER [VECTOR_COLUMN]
#include <cstdlib>
#include <iostream>

#include <arrow/api.h>
#include <lance/dataset.h>

namespace {

arrow::Status Search(const lance::Dataset& dataset, const std::string& column) {
  // The neighbours of the first row: it is its own nearest.
  const int64_t first[] = {0};
  lance::ScanOptions vector_only;
  vector_only.columns = {{{column, ""}}};
  ARROW_ASSIGN_OR_RAISE(const auto row, dataset.Take(first, vector_only));
  ARROW_ASSIGN_OR_RAISE(const auto vector, row->column(0)->GetScalar(0));

  lance::ScanOptions options;
  options.columns.emplace();  // nothing but the distances
  options.with_row_id = true;
  options.nearest.emplace();
  options.nearest->column = column;
  options.nearest->query = static_cast<const arrow::BaseListScalar&>(*vector).value;
  options.nearest->k = 3;
  ARROW_ASSIGN_OR_RAISE(const auto scanner, dataset.Scan(options));
  ARROW_ASSIGN_OR_RAISE(const auto nearest, scanner->ToTable());
  std::cout << "nearest to row 0: " << nearest->num_rows() << " rows\n" << nearest->ToString() << "\n";
  return arrow::Status::OK();
}

arrow::Status Run(const std::string& uri, const std::string& filter, const std::string& vector_column) {
  ARROW_ASSIGN_OR_RAISE(const auto dataset, lance::Dataset::Open(uri));
  ARROW_ASSIGN_OR_RAISE(const int64_t rows, dataset->CountRows());
  std::cout << "version " << dataset->version() << ", " << rows << " rows\n";

  lance::ScanOptions options;
  options.filter = filter;
  ARROW_ASSIGN_OR_RAISE(const auto scanner, dataset->Scan(options));
  ARROW_ASSIGN_OR_RAISE(const auto reader, scanner->ToReader());
  int64_t matching = 0;
  for (;;) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
    if (batch == nullptr) break;
    matching += batch->num_rows();
  }
  std::cout << matching << " rows where " << filter << "\n";

  const int64_t wanted[] = {rows - 1, 0};
  ARROW_ASSIGN_OR_RAISE(const auto taken, dataset->Take(wanted));
  std::cout << "took " << taken->num_rows() << " rows of " << taken->num_columns() << " columns\n";
  return vector_column.empty() ? arrow::Status::OK() : Search(*dataset, vector_column);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: consumer DATASET FILTER [VECTOR_COLUMN]\n";
    return 2;
  }
  const arrow::Status status = Run(argv[1], argv[2], argc > 3 ? argv[3] : "");
  if (!status.ok()) std::cerr << "error: " << status.message() << "\n";
  return status.ok() ? EXIT_SUCCESS : EXIT_FAILURE;
}
