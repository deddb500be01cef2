#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

#include "lance/dataset.h"
#include "lance/write.h"

/// Small tables in memory stores, for tests of writing.
namespace lance::dataset_testing {

/// Each call names a store of its own.
inline std::string FreshUri() {
  static int number = 0;
  return "memory://write-test-" + std::to_string(++number) + "/table.lance";
}

/// Rows from JSON, a column an array: Rows(schema, {"[1, 2]", "[\"a\", null]"}).
inline std::shared_ptr<arrow::Table> Rows(const std::shared_ptr<arrow::Schema>& schema,
                                          const std::vector<std::string>& columns) {
  arrow::ArrayVector arrays;
  for (int i = 0; i < schema->num_fields(); ++i) {
    arrays.push_back(
        arrow::json::ArrayFromJSONString(schema->field(i)->type(), columns[static_cast<size_t>(i)])
            .ValueOrDie());
  }
  return arrow::Table::Make(schema, arrays);
}

inline arrow::Result<std::shared_ptr<Dataset>> Write(const std::shared_ptr<arrow::Table>& rows,
                                                     const std::string& uri,
                                                     const WriteOptions& options = {}) {
  arrow::TableBatchReader reader(rows);
  return WriteDataset(reader, uri, options);
}

/// All live rows as JSON-like text, in scan order.
inline std::string Text(const Dataset& dataset, const std::vector<std::string>& columns = {}) {
  ScanOptions options;
  if (!columns.empty()) {
    options.columns.emplace();
    for (const std::string& name : columns) options.columns->push_back({name, ""});
  }
  auto scanner = dataset.Scan(options);
  if (!scanner.ok()) return scanner.status().ToString();
  auto table = (*scanner)->ToTable();
  if (!table.ok()) return table.status().ToString();
  std::string out;
  for (const auto& column : (*table)->columns()) {
    std::string cells;
    for (int64_t row = 0; row < column->length(); ++row) {
      auto scalar = column->GetScalar(row).ValueOrDie();
      cells += (cells.empty() ? "" : " ") + (scalar->is_valid ? scalar->ToString() : "null");
    }
    out += (out.empty() ? "" : " | ") + cells;
  }
  return out;
}

}  // namespace lance::dataset_testing
