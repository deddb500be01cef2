#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "lance/base/testing.h"
#include "lance/dataset.h"
#include "lance/write.h"

/// Small tables in memory, for tests of what changes them.
namespace lance::dataset_testing {

using Ints = std::vector<std::optional<int64_t>>;

/// A column of nullable 64-bit integers.
inline std::shared_ptr<arrow::Array> IntArray(const Ints& values) {
  arrow::Int64Builder builder;
  for (const auto& value : values) {
    if (value.has_value()) {
      EXPECT_TRUE(builder.Append(*value).ok());
    } else {
      EXPECT_TRUE(builder.AppendNull().ok());
    }
  }
  return builder.Finish().ValueOrDie();
}

inline std::shared_ptr<arrow::RecordBatch> IntBatch(
    const std::vector<std::pair<std::string, Ints>>& columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const auto& [name, values] : columns) {
    fields.push_back(arrow::field(name, arrow::int64()));
    arrays.push_back(IntArray(values));
  }
  const int64_t rows = arrays[0]->length();
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows, std::move(arrays));
}

inline std::shared_ptr<arrow::RecordBatchReader> Reader(
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches) {
  return arrow::RecordBatchReader::Make(std::move(batches)).ValueOrDie();
}

/// A table with one fragment for each batch.
inline std::shared_ptr<Dataset> MakeTable(const std::string& uri,
                                          const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches,
                                          WriteOptions options = {}) {
  std::shared_ptr<Dataset> out;
  for (const auto& batch : batches) {
    auto reader = Reader({batch});
    auto written =
        out == nullptr ? WriteDataset(*reader, uri, options) : WriteDataset(*reader, *out, options);
    EXPECT_TRUE(written.ok()) << written.status().ToString();
    if (!written.ok()) return nullptr;
    out = *written;
    options.mode = WriteMode::kAppend;
  }
  return out;
}

/// The live values of a column of 64-bit integers (or what casts to them), in scan order.
inline Ints ReadInts(const Dataset& dataset, const std::string& column) {
  ScanOptions scan;
  scan.columns = {{column, ""}};
  auto table = dataset.Scan(scan).ValueOrDie()->ToTable();
  EXPECT_TRUE(table.ok()) << table.status().ToString();
  Ints out;
  if (!table.ok()) return out;
  for (const auto& chunk : (*table)->column(0)->chunks()) {
    for (int64_t i = 0; i < chunk->length(); ++i) {
      if (chunk->IsNull(i)) {
        out.push_back(std::nullopt);
      } else {
        out.push_back(std::stoll(chunk->GetScalar(i).ValueOrDie()->ToString()));
      }
    }
  }
  return out;
}

/// A fresh place for a table in memory.
inline std::string MemoryUri() {
  static int count = 0;
  return "memory://maintenance_test_" + std::to_string(count++) + "/table.lance";
}

}  // namespace lance::dataset_testing
