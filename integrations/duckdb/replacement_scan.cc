#include "replacement_scan.h"

#include <filesystem>

#include "duckdb/parser/expression/constant_expression.hpp"
#include "duckdb/parser/expression/function_expression.hpp"
#include "duckdb/parser/tableref/table_function_ref.hpp"

namespace lance::sql {

namespace {

bool IsDataset(const std::string& path) {
  std::string trimmed = path;
  while (trimmed.size() > 1 && trimmed.back() == '/') trimmed.pop_back();
  if (duckdb::StringUtil::EndsWith(trimmed, ".lance")) return true;
  std::error_code ignored;
  return std::filesystem::is_directory(std::filesystem::path(trimmed) / "_versions", ignored);
}

duckdb::unique_ptr<duckdb::TableRef> Replace(duckdb::ClientContext&, duckdb::ReplacementScanInput& input,
                                             duckdb::optional_ptr<duckdb::ReplacementScanData>) {
  const std::string path = duckdb::ReplacementScan::GetFullPath(input);
  if (!IsDataset(path)) return nullptr;
  duckdb::vector<duckdb::unique_ptr<duckdb::ParsedExpression>> arguments;
  arguments.push_back(duckdb::make_uniq<duckdb::ConstantExpression>(duckdb::Value(path)));
  auto reference = duckdb::make_uniq<duckdb::TableFunctionRef>();
  reference->function = duckdb::make_uniq<duckdb::FunctionExpression>("lance_scan", std::move(arguments));
  // "a/b/orders.lance" is the table orders: SELECT orders.id FROM 'a/b/orders.lance'.
  reference->alias = std::filesystem::path(path).stem().string();
  return reference;
}

}  // namespace

void RegisterReplacementScan(duckdb::DBConfig* config) { config->replacement_scans.emplace_back(Replace); }

}  // namespace lance::sql
