// The shortest useful program: print the first rows of a dataset.
//   quickstart table.lance
#include <iostream>

#include <arrow/api.h>
#include <lance/dataset.h>

arrow::Status PrintHead(const std::string& uri) {
  ARROW_ASSIGN_OR_RAISE(const auto dataset, lance::Dataset::Open(uri));
  lance::ScanOptions options;
  options.limit = 5;
  ARROW_ASSIGN_OR_RAISE(const auto scanner, dataset->Scan(options));
  ARROW_ASSIGN_OR_RAISE(const auto table, scanner->ToTable());
  std::cout << table->ToString() << "\n";
  return arrow::Status::OK();
}

int main(int argc, char** argv) {
  const arrow::Status status =
      argc == 2 ? PrintHead(argv[1]) : arrow::Status::Invalid("usage: quickstart DATASET");
  if (!status.ok()) std::cerr << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
