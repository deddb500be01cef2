#include <filesystem>

#include <arrow/api.h>

#include "catalog/lance_catalog.h"
#include "catalog/lance_schema.h"
#include "catalog/lance_transaction.h"
#include "dataset_arguments.h"
#include "duckdb/execution/expression_executor.hpp"
#include "duckdb/parser/expression/cast_expression.hpp"
#include "duckdb/parser/expression/columnref_expression.hpp"
#include "duckdb/parser/parsed_data/alter_table_info.hpp"
#include "duckdb/planner/binder.hpp"
#include "duckdb/planner/expression_binder/constant_binder.hpp"
#include "lance/schema_change.h"
#include "write/arrow_rows.h"

namespace lance::sql {

namespace {

using duckdb::AlterTableType;
using duckdb::ClientContext;
using Changed = arrow::Result<std::shared_ptr<Dataset>>;

// A column name as a path of the functions below, which know "a.b" as a member.
std::string PathOf(const duckdb::vector<std::string>& names) { return duckdb::StringUtil::Join(names, "."); }

// The name as the table spells it. Throws when it has no such column.
std::string Spelling(const LanceTable& table, const std::string& name) {
  if (!table.ColumnExists(name)) {
    throw duckdb::BinderException("table \"%s\" has no column \"%s\"", table.name, name);
  }
  return table.GetColumn(name).Name();
}

Changed AddColumn(ClientContext& context, const LanceTable& table, duckdb::AddColumnInfo& info) {
  const auto& column = info.new_column;
  if (table.ColumnExists(column.Name())) {
    if (info.if_column_not_exists) return table.dataset();
    throw duckdb::CatalogException("table \"%s\" has a column \"%s\" already", table.name, column.Name());
  }
  if (column.Generated())
    throw duckdb::NotImplementedException("a Lance table cannot have generated columns");
  const ArrowRows rows(context, {column.Type()}, {column.Name()});
  if (!column.HasDefaultValue()) return AddNullColumns(*table.dataset(), rows.schema());
  // The rows that are there get the value; later ones do not, for the table has no defaults.
  auto binder = duckdb::Binder::CreateBinder(context);
  duckdb::ConstantBinder constant_binder(*binder, context, "DEFAULT of a new column");
  constant_binder.target_type = column.Type();
  auto expression = column.DefaultValue().Copy();
  const auto bound = constant_binder.Bind(expression);
  const auto value = duckdb::ExpressionExecutor::EvaluateScalar(context, *bound);
  duckdb::DataChunk chunk;
  chunk.Initialize(context, {column.Type()});
  chunk.SetValue(0, 0, value.DefaultCastAs(column.Type()));
  chunk.SetCardinality(1);
  ArrowRows::Builder builder(rows);
  builder.Append(chunk);
  const auto one = builder.Finish();
  const auto scalar = ValueOrThrow(one->column(0)->GetScalar(0));
  AddColumnsOptions options;
  options.read_columns = {table.GetColumns().GetColumn(duckdb::LogicalIndex(0)).Name()};
  const auto schema = rows.schema();
  return AddColumns(
      *table.dataset(), schema,
      [scalar, schema](const std::shared_ptr<arrow::RecordBatch>& batch,
                       const ColumnBatchInfo&) -> arrow::Result<std::shared_ptr<arrow::RecordBatch>> {
        ARROW_ASSIGN_OR_RAISE(auto values, arrow::MakeArrayFromScalar(*scalar, batch->num_rows()));
        return arrow::RecordBatch::Make(schema, batch->num_rows(), {std::move(values)});
      },
      options);
}

Changed DropColumn(const LanceTable& table, const std::string& name, bool if_exists) {
  if (if_exists && !table.ColumnExists(name)) return table.dataset();
  return DropColumns(*table.dataset(), {Spelling(table, name)});
}

Changed ChangeType(ClientContext& context, const LanceTable& table,
                   const duckdb::ChangeColumnTypeInfo& info) {
  const auto name = Spelling(table, info.column_name);
  // Without USING the parser makes CAST(column AS type).
  const auto* cast = info.expression && info.expression->GetExpressionClass() == duckdb::ExpressionClass::CAST
                         ? &info.expression->Cast<duckdb::CastExpression>()
                         : nullptr;
  if (info.expression != nullptr &&
      (cast == nullptr || cast->child->GetExpressionClass() != duckdb::ExpressionClass::COLUMN_REF ||
       !duckdb::StringUtil::CIEquals(cast->child->Cast<duckdb::ColumnRefExpression>().GetColumnName(),
                                     name))) {
    throw duckdb::NotImplementedException("ALTER COLUMN ... USING an expression, of a Lance table");
  }
  const ArrowRows rows(context, {info.target_type}, {name});
  ColumnAlteration alteration;
  alteration.path = name;
  alteration.data_type = rows.schema()->field(0)->type();
  return AlterColumns(*table.dataset(), {alteration});
}

Changed SetNullable(const LanceTable& table, const std::string& name, bool nullable) {
  ColumnAlteration alteration;
  alteration.path = Spelling(table, name);
  alteration.nullable = nullable;
  return AlterColumns(*table.dataset(), {alteration});
}

Changed Rename(const LanceTable& table, const std::string& path, const std::string& name) {
  ColumnAlteration alteration;
  alteration.path = path;
  alteration.name = name;
  return AlterColumns(*table.dataset(), {alteration});
}

Changed AlterTable(ClientContext& context, const LanceTable& table, duckdb::AlterTableInfo& info) {
  switch (info.alter_table_type) {
    case AlterTableType::ADD_COLUMN:
      return AddColumn(context, table, info.Cast<duckdb::AddColumnInfo>());
    case AlterTableType::REMOVE_COLUMN: {
      const auto& remove = info.Cast<duckdb::RemoveColumnInfo>();
      return DropColumn(table, remove.removed_column, remove.if_column_exists);
    }
    case AlterTableType::RENAME_COLUMN: {
      const auto& rename = info.Cast<duckdb::RenameColumnInfo>();
      return Rename(table, Spelling(table, rename.old_name), rename.new_name);
    }
    case AlterTableType::ALTER_COLUMN_TYPE:
      return ChangeType(context, table, info.Cast<duckdb::ChangeColumnTypeInfo>());
    case AlterTableType::SET_NOT_NULL:
      return SetNullable(table, info.Cast<duckdb::SetNotNullInfo>().column_name, false);
    case AlterTableType::DROP_NOT_NULL:
      return SetNullable(table, info.Cast<duckdb::DropNotNullInfo>().column_name, true);
    case AlterTableType::REMOVE_FIELD:
      return DropColumns(*table.dataset(), {PathOf(info.Cast<duckdb::RemoveFieldInfo>().column_path)});
    case AlterTableType::RENAME_FIELD: {
      const auto& rename = info.Cast<duckdb::RenameFieldInfo>();
      return Rename(table, PathOf(rename.column_path), rename.new_name);
    }
    default:
      throw duckdb::NotImplementedException("this change of a Lance table: %s", info.ToString());
  }
}

}  // namespace

void LanceSchema::Alter(duckdb::CatalogTransaction transaction, duckdb::AlterInfo& info) {
  auto& context = transaction.GetContext();
  if (info.type != duckdb::AlterType::ALTER_TABLE) {
    throw duckdb::NotImplementedException("this change of a Lance table: %s", info.ToString());
  }
  CheckAlone(context, "ALTER TABLE");
  auto& alter = info.Cast<duckdb::AlterTableInfo>();
  auto& lance = lance_catalog();
  auto& lance_transaction = LanceTransaction::Get(context, catalog);
  const auto name = Spelling(info.name);
  const auto table = lance_transaction.FindTable(context, lance, name, {});
  if (!table) {
    if (info.if_not_found == duckdb::OnEntryNotFound::RETURN_NULL) return;
    throw duckdb::CatalogException("there is no table \"%s\" in %s", info.name, lance.folder());
  }
  const std::string path = table->path();
  if (alter.alter_table_type == AlterTableType::RENAME_TABLE) {
    const auto to = lance.TablePath(alter.Cast<duckdb::RenameTableInfo>().new_table_name);
    if (!lance.is_local()) throw duckdb::NotImplementedException("renaming tables in %s", lance.folder());
    if (std::filesystem::exists(to)) throw duckdb::CatalogException("there is a table at %s already", to);
    std::error_code error;
    std::filesystem::rename(path, to, error);
    if (error) throw duckdb::IOException("%s could not be renamed: %s", path, error.message());
  } else {
    ThrowIfFailed(lance::sql::AlterTable(context, *table, alter).status());
  }
  lance_transaction.Forget(path);
}

}  // namespace lance::sql
