#include "lance_scan.h"

#include <algorithm>

#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <fmt/format.h>

#include "duckdb/parser/tableref/table_function_ref.hpp"
#include "filter_pushdown.h"
#include "scan_state.h"

namespace lance::sql {

namespace {

using duckdb::ClientContext;
using duckdb::column_t;
using duckdb::FunctionData;
using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::make_uniq;
using duckdb::TableFunction;
using duckdb::unique_ptr;

unique_ptr<LanceBindData> MakeBindData(const duckdb::vector<duckdb::Value>& inputs,
                                       const duckdb::named_parameter_map_t& parameters) {
  auto data = make_uniq<LanceBindData>();
  if (inputs.empty() || inputs[0].IsNull()) throw duckdb::BinderException("the path of the dataset is NULL");
  data->path = inputs[0].ToString();
  data->inputs = inputs;
  data->parameters = parameters;
  return data;
}

unique_ptr<FunctionData> Bind(ClientContext& context, duckdb::TableFunctionBindInput& input,
                              duckdb::vector<LogicalType>& return_types, duckdb::vector<std::string>& names) {
  auto data = MakeBindData(input.inputs, input.named_parameters);
  BindColumns(context, data.get());
  return_types = data->column_types;
  names = data->arrow_types.GetNames();
  names.resize(return_types.size());
  return data;
}

duckdb::virtual_column_map_t VirtualColumns(ClientContext&, duckdb::optional_ptr<FunctionData> bind_data) {
  return VirtualColumnsOf(bind_data->Cast<LanceBindData>());
}

duckdb::BindInfo GetBindInfo(const duckdb::optional_ptr<FunctionData> bind_data) {
  auto table = bind_data->Cast<LanceBindData>().table;
  return table ? duckdb::BindInfo(*table) : duckdb::BindInfo(duckdb::ScanType::EXTERNAL);
}

// Rows that the metadata knows: an estimate once a filter is there.
unique_ptr<duckdb::NodeStatistics> Cardinality(ClientContext&, const FunctionData* bind_data) {
  const auto& data = bind_data->Cast<LanceBindData>();
  if (data.options.nearest) {
    const auto k = static_cast<idx_t>(data.options.nearest->k.value_or(kDefaultNeighbours));
    return make_uniq<duckdb::NodeStatistics>(k, k);
  }
  const auto rows = data.dataset->CountRows();
  if (!rows.ok()) return nullptr;
  const auto total = static_cast<idx_t>(*rows);
  // DuckDB's own guess for a filter of unknown selectivity.
  const idx_t estimate = data.filters.empty() ? total : std::max<idx_t>(1, total / 5);
  return make_uniq<duckdb::NodeStatistics>(estimate, total);
}

// Lets the optimizer answer COUNT(*) without a scan.
duckdb::vector<duckdb::PartitionStatistics> PartitionStats(ClientContext&,
                                                           duckdb::GetPartitionStatsInput& input) {
  const auto& data = input.bind_data->Cast<LanceBindData>();
  duckdb::vector<duckdb::PartitionStatistics> result;
  if (!data.filters.empty() || data.limit || data.options.nearest) return result;
  const auto rows = data.dataset->CountRows();
  if (!rows.ok()) return result;
  duckdb::PartitionStatistics partition;
  partition.row_start = 0;
  partition.count = static_cast<idx_t>(*rows);
  partition.count_type = duckdb::CountType::COUNT_EXACT;
  result.push_back(std::move(partition));
  return result;
}

void PushdownFilters(ClientContext&, duckdb::LogicalGet& get, FunctionData* bind_data,
                     duckdb::vector<unique_ptr<duckdb::Expression>>& filters) {
  auto& data = bind_data->Cast<LanceBindData>();
  duckdb::vector<unique_ptr<duckdb::Expression>> kept;
  for (auto& filter : filters) {
    const PushedFilter pushed = TranslateFilter(*filter, get, data);
    // What is pushed without being exact stays in the plan, and may come by again.
    if (!pushed.sql.empty() &&
        std::find(data.filters.begin(), data.filters.end(), pushed.sql) == data.filters.end()) {
      data.filters.push_back(pushed.sql);
    }
    if (pushed.sql.empty() || !pushed.exact) kept.push_back(std::move(filter));
  }
  filters = std::move(kept);
}

// How a search finds its rows: the name of the index, or that all rows are compared.
std::string HowSearched(const LanceBindData& data) {
  ScanOptions options = data.options;
  if (!data.filters.empty()) options.filter = data.FilterText();
  const auto scanner = data.dataset->Scan(options);
  if (!scanner.ok()) return "";
  const auto plan = (*scanner)->ExplainPlan();
  if (!plan.ok()) return "";
  constexpr std::string_view kIndexNode = "ANNSubIndex: name=";
  const size_t at = plan->find(kIndexNode);
  if (at == std::string::npos) return "exact";
  const size_t start = at + kIndexNode.size();
  return "index " + plan->substr(start, plan->find(',', start) - start);
}

duckdb::InsertionOrderPreservingMap<std::string> ToString(duckdb::TableFunctionToStringInput& input) {
  const auto& data = input.bind_data->Cast<LanceBindData>();
  duckdb::InsertionOrderPreservingMap<std::string> result;
  result["Dataset"] = data.path;
  result["Version"] = std::to_string(data.dataset->version());
  if (data.options.nearest) {
    const NearestQuery& nearest = *data.options.nearest;
    result["Nearest"] = fmt::format("{} k={}{}", nearest.column, nearest.k.value_or(kDefaultNeighbours),
                                    nearest.metric ? " metric=" + *nearest.metric : "");
    result["Search"] = HowSearched(data);
    if (!data.options.filter.empty()) {
      result[data.options.prefilter ? "Prefilter" : "Postfilter"] = data.options.filter;
    }
  }
  if (!data.filters.empty()) result["Pushed Filters"] = data.FilterText();
  if (data.limit) result["Pushed Limit"] = std::to_string(*data.limit);
  return result;
}

void Serialize(duckdb::Serializer& serializer, const duckdb::optional_ptr<FunctionData> bind_data,
               const TableFunction&) {
  const auto& data = bind_data->Cast<LanceBindData>();
  duckdb::vector<std::string> names;
  duckdb::vector<duckdb::Value> values;
  for (const auto& [name, value] : data.parameters) {
    names.push_back(name);
    values.push_back(value);
  }
  serializer.WriteProperty(100, "inputs", data.inputs);
  serializer.WriteProperty(101, "names", names);
  serializer.WriteProperty(102, "values", values);
  serializer.WriteProperty(103, "filters",
                           duckdb::vector<std::string>(data.filters.begin(), data.filters.end()));
  serializer.WriteProperty(104, "limit", data.limit.value_or(0));
  serializer.WriteProperty(105, "has_limit", data.limit.has_value());
  serializer.WriteProperty(106, "version", data.dataset->version());
}

unique_ptr<FunctionData> Deserialize(duckdb::Deserializer& deserializer, TableFunction& function) {
  const auto inputs = deserializer.ReadProperty<duckdb::vector<duckdb::Value>>(100, "inputs");
  const auto names = deserializer.ReadProperty<duckdb::vector<std::string>>(101, "names");
  const auto values = deserializer.ReadProperty<duckdb::vector<duckdb::Value>>(102, "values");
  const auto filters = deserializer.ReadProperty<duckdb::vector<std::string>>(103, "filters");
  const auto limit = deserializer.ReadProperty<uint64_t>(104, "limit");
  const bool has_limit = deserializer.ReadProperty<bool>(105, "has_limit");
  const auto version = deserializer.ReadProperty<uint64_t>(106, "version");
  duckdb::named_parameter_map_t parameters;
  for (idx_t i = 0; i < names.size(); i++) parameters[names[i]] = values[i];
  // Bind anew: the function says how.
  auto& context = deserializer.Get<ClientContext&>();
  duckdb::vector<duckdb::Value> bind_inputs = inputs;
  duckdb::vector<LogicalType> no_types, return_types;
  duckdb::vector<std::string> no_names, return_names;
  duckdb::TableFunctionRef empty_ref;
  duckdb::TableFunctionBindInput input(bind_inputs, parameters, no_types, no_names, nullptr, nullptr,
                                       function, empty_ref);
  auto bound = function.bind(context, input, return_types, return_names);
  auto& data = bound->Cast<LanceBindData>();
  // Another writer may have been there in between; the copy of a plan reads what the plan reads.
  if (data.dataset->version() != version) {
    VersionRef same;
    same.number = version;
    data.dataset = ValueOrThrow(data.dataset->Checkout(same));
  }
  data.filters.assign(filters.begin(), filters.end());
  if (has_limit) data.limit = limit;
  return bound;
}

bool SameSearch(const std::optional<NearestQuery>& a, const std::optional<NearestQuery>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->column == b->column && a->query->Equals(*b->query) && a->k == b->k && a->metric == b->metric &&
         a->use_index == b->use_index && a->minimum_nprobes == b->minimum_nprobes &&
         a->refine_factor == b->refine_factor && a->ef == b->ef;
}

// Types whose values Lance compares with literals of DuckDB's type for them; members of structs included.
bool IsPushable(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::FIXED_SIZE_BINARY:
    case arrow::Type::DICTIONARY:
    case arrow::Type::EXTENSION:
      return false;
    case arrow::Type::STRUCT:
      return std::all_of(type.fields().begin(), type.fields().end(),
                         [](const auto& field) { return IsPushable(*field->type()); });
    default:
      return true;
  }
}

}  // namespace

duckdb::virtual_column_map_t VirtualColumnsOf(const LanceBindData& data) {
  duckdb::virtual_column_map_t columns;
  columns.insert({duckdb::COLUMN_IDENTIFIER_EMPTY, {"", LogicalType::BOOLEAN}});
  for (size_t i = 0; i < data.num_virtual_columns; i++) {
    const auto& name = data.schema->field(static_cast<int>(data.column_names.size() + i))->name();
    columns.insert({duckdb::VIRTUAL_COLUMN_START + i, {name, LogicalType::UBIGINT}});
  }
  return columns;
}

unique_ptr<FunctionData> LanceBindData::Copy() const {
  auto copy = make_uniq<LanceBindData>();
  copy->path = path;
  copy->inputs = inputs;
  copy->parameters = parameters;
  copy->dataset = dataset;
  copy->options = options;
  copy->column_names = column_names;
  copy->column_types = column_types;
  copy->pushable = pushable;
  copy->schema = schema;
  copy->arrow_types = arrow_types;
  copy->num_virtual_columns = num_virtual_columns;
  copy->table = table;
  copy->filters = filters;
  copy->limit = limit;
  return copy;
}

bool LanceBindData::Equals(const FunctionData& other_data) const {
  const auto& other = other_data.Cast<LanceBindData>();
  return path == other.path && inputs == other.inputs && parameters == other.parameters &&
         dataset->version() == other.dataset->version() && filters == other.filters && limit == other.limit &&
         SameSearch(options.nearest, other.options.nearest);
}

std::string LanceBindData::FilterText() const {
  std::string text;
  for (const auto& filter : filters) {
    if (!text.empty()) text += " AND ";
    text += filter;
  }
  return text;
}

void BindColumns(ClientContext& context, LanceBindData* data) {
  if (data->dataset == nullptr) {
    data->dataset = ValueOrThrow(Dataset::Open(data->path, ToOpenOptions(data->parameters)));
  }
  ApplyReadParameters(data->parameters, &data->options);
  ScanOptions all = data->options;
  if (!all.nearest) {
    all.with_row_id = true;
    all.with_row_address = true;
    data->num_virtual_columns = 2;
  }
  const auto scanner = ValueOrThrow(data->dataset->Scan(all));
  const auto mapping = ValueOrThrow(TypeMapping::Make(scanner->schema()));
  data->schema = mapping.target();
  duckdb::ArrowSchemaWrapper exported;
  ThrowIfFailed(arrow::ExportSchema(*data->schema, &exported.arrow_schema));
  duckdb::ArrowTableFunction::PopulateArrowTableSchema(context, data->arrow_types, exported.arrow_schema);
  const auto types = data->arrow_types.GetTypes();
  const size_t columns = data->schema->num_fields() - data->num_virtual_columns;
  for (size_t i = 0; i < columns; i++) {
    const auto& field = scanner->schema()->field(static_cast<int>(i));
    data->column_names.push_back(field->name());
    data->column_types.push_back(types[i]);
    data->pushable.push_back(IsPushable(*field->type()) &&
                             field->type() == data->schema->field(static_cast<int>(i))->type());
  }
  if (columns == 0) throw duckdb::BinderException("dataset %s has no columns", data->path);
}

void FillCallbacks(TableFunction* function) {
  AddDatasetParameters(function);
  function->init_global = InitGlobal;
  function->init_local = InitLocal;
  function->function = Scan;
  function->get_partition_data = PartitionData;
  function->table_scan_progress = ScanProgress;
  function->cardinality = Cardinality;
  function->to_string = ToString;
  function->get_virtual_columns = VirtualColumns;
  function->get_bind_info = GetBindInfo;
  function->serialize = Serialize;
  function->deserialize = Deserialize;
  function->projection_pushdown = true;
  function->filter_pushdown = false;
}

TableFunction MakeScanFunction() {
  TableFunction function("lance_scan", {LogicalType::VARCHAR}, nullptr, Bind);
  FillCallbacks(&function);
  function.get_partition_stats = PartitionStats;
  function.pushdown_complex_filter = PushdownFilters;
  return function;
}

}  // namespace lance::sql
