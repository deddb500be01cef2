#include "subquery_arguments.h"

#include "duckdb/parser/expression/constant_expression.hpp"
#include "duckdb/parser/expression/function_expression.hpp"
#include "duckdb/parser/expression/subquery_expression.hpp"
#include "duckdb/parser/parsed_data/copy_info.hpp"
#include "duckdb/parser/parsed_data/create_table_info.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/query_node/select_node.hpp"
#include "duckdb/parser/statement/copy_statement.hpp"
#include "duckdb/parser/statement/create_statement.hpp"
#include "duckdb/parser/statement/explain_statement.hpp"
#include "duckdb/parser/statement/insert_statement.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/tableref/emptytableref.hpp"
#include "duckdb/parser/tableref/table_function_ref.hpp"

namespace lance::sql {

namespace {

using duckdb::ParsedExpression;
using duckdb::unique_ptr;

class Walker {
 public:
  explicit Walker(duckdb::Connection* connection) : connection_(*connection) {}

  void Visit(duckdb::SQLStatement& statement) {
    switch (statement.type) {
      case duckdb::StatementType::SELECT_STATEMENT:
        Visit(*statement.Cast<duckdb::SelectStatement>().node);
        break;
      case duckdb::StatementType::EXPLAIN_STATEMENT:
        Visit(*statement.Cast<duckdb::ExplainStatement>().stmt);
        break;
      case duckdb::StatementType::INSERT_STATEMENT: {
        auto& select = statement.Cast<duckdb::InsertStatement>().select_statement;
        if (select) Visit(*select->node);
        break;
      }
      case duckdb::StatementType::COPY_STATEMENT: {
        auto& info = statement.Cast<duckdb::CopyStatement>().info;
        if (info && info->select_statement) Visit(*info->select_statement);
        break;
      }
      case duckdb::StatementType::CREATE_STATEMENT: {
        // Tables only: a view has to evaluate its subqueries each time it is used.
        auto& info = statement.Cast<duckdb::CreateStatement>().info;
        if (info && info->type == duckdb::CatalogType::TABLE_ENTRY) {
          auto& query = info->Cast<duckdb::CreateTableInfo>().query;
          if (query) Visit(*query->node);
        }
        break;
      }
      default:
        break;
    }
  }

 private:
  void Visit(duckdb::QueryNode& node) {
    duckdb::ParsedExpressionIterator::EnumerateQueryNodeChildren(
        node, [&](unique_ptr<ParsedExpression>& child) { VisitExpression(*child); },
        [&](duckdb::TableRef& ref) {
          if (ref.type == duckdb::TableReferenceType::TABLE_FUNCTION) {
            VisitFunction(ref.Cast<duckdb::TableFunctionRef>());
          }
        });
  }

  void VisitExpression(ParsedExpression& expression) {
    if (expression.GetExpressionClass() == duckdb::ExpressionClass::SUBQUERY) {
      auto& subquery = expression.Cast<duckdb::SubqueryExpression>();
      if (subquery.subquery) Visit(*subquery.subquery->node);
    }
    duckdb::ParsedExpressionIterator::EnumerateChildren(
        expression, [&](ParsedExpression& child) { VisitExpression(child); });
  }

  void VisitFunction(duckdb::TableFunctionRef& ref) {
    if (ref.function->GetExpressionClass() != duckdb::ExpressionClass::FUNCTION) return;
    auto& call = ref.function->Cast<duckdb::FunctionExpression>();
    if (!duckdb::StringUtil::StartsWith(duckdb::StringUtil::Lower(call.function_name), "lance_")) return;
    for (auto& argument : call.children) {
      if (argument->GetExpressionClass() != duckdb::ExpressionClass::SUBQUERY) continue;
      const std::string alias = argument->GetAlias();  // the name in "k => (...)"
      argument = duckdb::make_uniq<duckdb::ConstantExpression>(Evaluate(*argument));
      if (!alias.empty()) argument->SetAlias(alias);
    }
  }

  duckdb::Value Evaluate(const ParsedExpression& expression) {
    auto select = duckdb::make_uniq<duckdb::SelectStatement>();
    auto node = duckdb::make_uniq<duckdb::SelectNode>();
    node->select_list.push_back(expression.Copy());
    node->from_table = duckdb::make_uniq<duckdb::EmptyTableRef>();
    select->node = std::move(node);
    auto result = connection_.Query(std::move(select));
    if (result->HasError()) result->ThrowError("in a subquery as an argument: ");
    return result->GetValue(0, 0);
  }

  duckdb::Connection& connection_;
};

}  // namespace

void EvaluateSubqueryArguments(duckdb::Connection* connection, duckdb::SQLStatement* statement) {
  Walker(connection).Visit(*statement);
}

}  // namespace lance::sql
