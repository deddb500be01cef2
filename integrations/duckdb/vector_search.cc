// lance_vector_search(path, column, query, k => 10, filter => '...', prefilter => true, metric => 'cosine',
// ...): the k rows whose vectors are nearest to the query, with their distances in the column _distance,
// nearest first.
#include <cstring>

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "lance_scan.h"

namespace lance::sql {

namespace {

using duckdb::BinderException;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Value;

// The type of one element of the vectors in a column, which may be a.b.c.
std::shared_ptr<arrow::DataType> ElementType(const arrow::Schema& schema, const std::string& column) {
  auto field = schema.GetFieldByName(column);
  std::shared_ptr<arrow::DataType> type = field == nullptr ? nullptr : field->type();
  if (type == nullptr) {
    for (const auto& name : duckdb::StringUtil::Split(column, '.')) {
      field = type == nullptr ? schema.GetFieldByName(name)
              : type->id() == arrow::Type::STRUCT
                  ? static_cast<const arrow::StructType&>(*type).GetFieldByName(name)
                  : nullptr;
      if (field == nullptr) throw BinderException("lance_vector_search: there is no column \"%s\"", column);
      type = field->type();
    }
  }
  if (type->id() == arrow::Type::LIST) type = static_cast<const arrow::ListType&>(*type).value_type();
  if (type->id() != arrow::Type::FIXED_SIZE_LIST) {
    throw BinderException("lance_vector_search: column \"%s\" is of type %s, not a vector (fixed-size list)",
                          column, type->ToString());
  }
  return static_cast<const arrow::FixedSizeListType&>(*type).value_type();
}

std::vector<double> QueryValues(const Value& query) {
  if (query.IsNull()) throw BinderException("lance_vector_search: the query vector is NULL");
  const auto id = query.type().id();
  if (id != LogicalTypeId::LIST && id != LogicalTypeId::ARRAY) {
    throw BinderException(
        "lance_vector_search: the query must be a list or an array of numbers, such as "
        "[0.1, 0.2]; got %s",
        query.type().ToString());
  }
  const auto& children = id == LogicalTypeId::LIST ? duckdb::ListValue::GetChildren(query)
                                                   : duckdb::ArrayValue::GetChildren(query);
  std::vector<double> values;
  for (const auto& child : children) {
    if (child.IsNull()) throw BinderException("lance_vector_search: the query vector holds a NULL");
    values.push_back(child.DefaultCastAs(LogicalType::DOUBLE).GetValue<double>());
  }
  return values;
}

std::shared_ptr<arrow::Array> ToBfloat16(const std::vector<double>& values) {
  arrow::FixedSizeBinaryBuilder builder(arrow::fixed_size_binary(2));
  for (const double value : values) {
    const auto single = static_cast<float>(value);
    uint32_t bits;
    std::memcpy(&bits, &single, sizeof bits);
    bits += 0x7FFF + ((bits >> 16) & 1);  // to nearest, ties to even
    const auto high = static_cast<uint16_t>(bits >> 16);
    ThrowIfFailed(builder.Append(reinterpret_cast<const uint8_t*>(&high)));
  }
  return ValueOrThrow(builder.Finish());
}

std::shared_ptr<arrow::Array> MakeQuery(const Value& query, const std::shared_ptr<arrow::DataType>& element) {
  const std::vector<double> values = QueryValues(query);
  const bool bfloat16 =
      element->id() == arrow::Type::FIXED_SIZE_BINARY ||
      (element->id() == arrow::Type::EXTENSION &&
       static_cast<const arrow::ExtensionType&>(*element).extension_name() == "lance.bfloat16");
  if (bfloat16) return ToBfloat16(values);
  arrow::DoubleBuilder builder;
  ThrowIfFailed(builder.AppendValues(values));
  auto array = ValueOrThrow(builder.Finish());
  ThrowIfFailed(arrow::compute::Initialize());
  if (element->id() == arrow::Type::HALF_FLOAT) {
    array = ValueOrThrow(arrow::compute::Cast(*array, arrow::float32()));
  }
  return ValueOrThrow(arrow::compute::Cast(*array, element));
}

template <typename T>
std::optional<T> Optional(const duckdb::named_parameter_map_t& parameters, const char* name) {
  const auto found = parameters.find(name);
  if (found == parameters.end() || found->second.IsNull()) return std::nullopt;
  return found->second.GetValue<T>();
}

duckdb::unique_ptr<duckdb::FunctionData> Bind(duckdb::ClientContext& context,
                                              duckdb::TableFunctionBindInput& input,
                                              duckdb::vector<LogicalType>& return_types,
                                              duckdb::vector<std::string>& names) {
  auto data = duckdb::make_uniq<LanceBindData>();
  if (input.inputs[0].IsNull() || input.inputs[1].IsNull()) {
    throw BinderException("lance_vector_search: path and column must not be NULL");
  }
  data->path = input.inputs[0].ToString();
  data->inputs = input.inputs;
  data->parameters = input.named_parameters;
  const auto& parameters = data->parameters;
  const auto dataset = ValueOrThrow(Dataset::Open(data->path, ToOpenOptions(parameters)));
  NearestQuery nearest;
  nearest.column = input.inputs[1].ToString();
  nearest.query = MakeQuery(input.inputs[2], ElementType(*dataset->schema(), nearest.column));
  nearest.k = Optional<int64_t>(parameters, "k").value_or(kDefaultNeighbours);
  if (*nearest.k <= 0) throw BinderException("lance_vector_search: k => %lld: must be positive", *nearest.k);
  nearest.metric = Optional<std::string>(parameters, "metric");
  nearest.use_index = Optional<bool>(parameters, "use_index").value_or(true);
  nearest.distance_lower_bound = Optional<float>(parameters, "distance_lower_bound");
  nearest.distance_upper_bound = Optional<float>(parameters, "distance_upper_bound");
  nearest.minimum_nprobes = nearest.maximum_nprobes = Optional<int64_t>(parameters, "nprobes");
  nearest.refine_factor = Optional<int64_t>(parameters, "refine_factor");
  nearest.ef = Optional<int64_t>(parameters, "ef");
  data->options.nearest = std::move(nearest);
  data->options.filter = Optional<std::string>(parameters, "filter").value_or("");
  data->options.prefilter = Optional<bool>(parameters, "prefilter").value_or(true);
  BindColumns(context, data.get());
  return_types = data->column_types;
  names = data->arrow_types.GetNames();
  return data;
}

}  // namespace

std::shared_ptr<arrow::Array> MakeSearchQuery(const Value& query, const arrow::Schema& schema,
                                              const std::string& column) {
  const auto field = schema.GetFieldByName(column);
  if (field == nullptr || field->type()->id() != arrow::Type::FIXED_SIZE_LIST) return nullptr;
  const auto element = static_cast<const arrow::FixedSizeListType&>(*field->type()).value_type();
  // Of narrower elements Lance would round the query, and find other rows than DuckDB.
  if (element->id() != arrow::Type::FLOAT && element->id() != arrow::Type::DOUBLE) return nullptr;
  return MakeQuery(query, element);
}

duckdb::TableFunction MakeVectorSearchFunction() {
  duckdb::TableFunction function(
      "lance_vector_search", {LogicalType::VARCHAR, LogicalType::VARCHAR, LogicalType::ANY}, nullptr, Bind);
  FillCallbacks(&function);
  auto& parameters = function.named_parameters;
  parameters["k"] = LogicalType::BIGINT;
  parameters["filter"] = LogicalType::VARCHAR;
  parameters["prefilter"] = LogicalType::BOOLEAN;
  parameters["metric"] = LogicalType::VARCHAR;
  parameters["use_index"] = LogicalType::BOOLEAN;
  parameters["distance_lower_bound"] = LogicalType::FLOAT;
  parameters["distance_upper_bound"] = LogicalType::FLOAT;
  parameters["nprobes"] = LogicalType::BIGINT;
  parameters["refine_factor"] = LogicalType::BIGINT;
  parameters["ef"] = LogicalType::BIGINT;
  return function;
}

}  // namespace lance::sql
