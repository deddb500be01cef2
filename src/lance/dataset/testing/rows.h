#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <arrow/api.h>

#include "lance/dataset.h"

/// What testdata/generate_scan.py wrote, for tests.
namespace lance::dataset_testing {

inline std::shared_ptr<Dataset> OpenFixture(const std::string& name, std::shared_ptr<Session> session) {
  const char* root = std::getenv("LANCE_TESTDATA");
  OpenOptions options;
  options.session = std::move(session);
  auto dataset = Dataset::Open(
      std::string(root == nullptr ? "testdata" : root) + "/pylance-14.0.2/scan/" + name + ".lance", options);
  if (!dataset.ok()) fprintf(stderr, "%s\n", dataset.status().ToString().c_str());
  return dataset.ValueOr(nullptr);
}

/// Column i of the live rows.
inline std::vector<int64_t> LiveRows() {
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < 3000; ++row) {
    if (row % 100 != 7) rows.push_back(row);
  }
  return rows;
}

inline std::vector<ScanOptions::Column> Columns(const std::vector<std::string>& names) {
  std::vector<ScanOptions::Column> out;
  for (const std::string& name : names) out.push_back({name, ""});
  return out;
}

template <typename Type>
std::vector<typename Type::c_type> Values(const arrow::Table& table, const std::string& column) {
  std::vector<typename Type::c_type> out;
  for (const auto& chunk : table.GetColumnByName(column)->chunks()) {
    const auto& array = static_cast<const arrow::NumericArray<Type>&>(*chunk);
    out.insert(out.end(), array.raw_values(), array.raw_values() + array.length());
  }
  return out;
}

}  // namespace lance::dataset_testing
