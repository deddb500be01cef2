#include "scan_arguments.h"

#include <charconv>
#include <cmath>
#include <cstring>

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "arguments.h"
#include "lance/dataset.h"

namespace lance::cli {

namespace {

using arrow::Status;
using arrow::Type;

bool IsIdentifier(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') return false;
  }
  return true;
}

// "name = expression", but not "a == b", "a >= b".
std::optional<std::pair<std::string, std::string>> SplitComputed(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals + 1 >= text.size() || text[equals + 1] == '=')
    return std::nullopt;
  std::string name = text.substr(0, equals);
  while (!name.empty() && name.back() == ' ') name.pop_back();
  if (!IsIdentifier(name)) return std::nullopt;
  return std::make_pair(name, text.substr(equals + 1));
}

arrow::Result<std::shared_ptr<arrow::DataType>> VectorElementType(const arrow::Schema& schema,
                                                                  const std::string& column) {
  std::shared_ptr<arrow::DataType> type;
  size_t start = 0;
  while (start <= column.size()) {
    const size_t dot = std::min(column.find('.', start), column.size());
    const std::string name = column.substr(start, dot - start);
    std::shared_ptr<arrow::Field> field;
    if (type == nullptr) {
      field = schema.GetFieldByName(name);
    } else if (type->id() == Type::STRUCT) {
      field = static_cast<const arrow::StructType&>(*type).GetFieldByName(name);
    }
    if (field == nullptr) {
      return Status::Invalid("--nearest: there is no column ", column, "; 'lance schema' lists the columns");
    }
    type = field->type();
    start = dot + 1;
  }
  // A list of vectors is a multi-vector column.
  if (type->id() == Type::LIST) type = static_cast<const arrow::ListType&>(*type).value_type();
  if (type->id() != Type::FIXED_SIZE_LIST) {
    return Status::TypeError("--nearest: column ", column, " is of type ", type->ToString(),
                             ", not a vector (fixed-size list)");
  }
  return static_cast<const arrow::FixedSizeListType&>(*type).value_type();
}

arrow::Result<std::shared_ptr<arrow::Array>> RoundToBfloat16(const std::vector<double>& values) {
  arrow::FixedSizeBinaryBuilder builder(arrow::fixed_size_binary(2));
  for (const double value : values) {
    const auto single = static_cast<float>(value);
    uint32_t bits;
    std::memcpy(&bits, &single, sizeof bits);
    if (!std::isnan(single)) bits += 0x7FFF + ((bits >> 16) & 1);  // to nearest, ties to even
    const auto high = static_cast<uint16_t>(bits >> 16);
    ARROW_RETURN_NOT_OK(builder.Append(reinterpret_cast<const uint8_t*>(&high)));
  }
  return builder.Finish();
}

// The vector of one row, as the query for its neighbours.
arrow::Result<std::shared_ptr<arrow::Array>> VectorOfRow(const Dataset& dataset, const std::string& column,
                                                         int64_t row) {
  ScanOptions projection;
  projection.columns = {{{"query", column}}};
  if (dataset.schema()->GetFieldByName(column) != nullptr) projection.columns = {{{column, ""}}};
  const int64_t rows[] = {row};
  ARROW_ASSIGN_OR_RAISE(const auto table, dataset.Take(rows, projection));
  ARROW_ASSIGN_OR_RAISE(const auto scalar, table->column(0)->GetScalar(0));
  if (!scalar->is_valid) return Status::Invalid("--query-row ", row, ": its vector is null");
  const auto* list = dynamic_cast<const arrow::BaseListScalar*>(scalar.get());
  if (list == nullptr) return Status::TypeError("--query-row: column ", column, " is not a vector");
  return list->value;
}

arrow::Status ParseRange(const std::string& text, NearestQuery* query) {
  const size_t colon = text.find(':');
  const auto bound = [&](std::string_view part, std::optional<float>* out) {
    if (part.empty()) return true;
    float value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    *out = value;
    return error == std::errc() && end == part.data() + part.size();
  };
  const std::string_view view(text);
  if (colon == std::string::npos || !bound(view.substr(0, colon), &query->distance_lower_bound) ||
      !bound(view.substr(colon + 1), &query->distance_upper_bound)) {
    return Status::Invalid("--distance-range wants LOW:HIGH, such as 0:1.5 or :0.3, got '", text, "'");
  }
  return Status::OK();
}

}  // namespace

void ScanArguments::AddTo(CLI::App& verb) {
  verb.add_option(
          "--columns,-c", columns,
          "Columns in the order wanted, separated by commas; nested as a.b; computed as name=expression")
      ->allow_extra_args(false)
      ->group("What");
  verb.add_option("--filter,-w", filter, "SQL condition that rows must meet")->group("What");
  verb.add_option("--limit,-n", limit, "Rows at most")->check(CLI::NonNegativeNumber)->group("What");
  verb.add_option("--offset", offset, "Rows to skip first")->check(CLI::NonNegativeNumber)->group("What");
  verb.add_option("--order-by", order_by, "Such as 'price desc, id' or 'name nulls first'")
      ->allow_extra_args(false)
      ->group("What");
  verb.add_flag("--with-row-id", with_row_id, "Add the column _rowid")->group("What");
  verb.add_flag("--with-row-address", with_row_address, "Add the column _rowaddr")->group("What");
  verb.add_option("--fragments", fragments, "Only these fragments, by id")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->group("What");
  verb.add_flag("--blob-bytes", blob_bytes, "Blob columns as bytes; default: where they are")->group("What");
  verb.add_option("--nearest", nearest, "Search the rows whose vector in this column is nearest to the query")
      ->group("Vector search");
  verb.add_option("--query,-q", query, "The query vector: '[0.1, 0.2, ...]'")->group("Vector search");
  verb.add_option("--query-row", query_row, "Take the query from the row at this position")
      ->group("Vector search");
  verb.add_option("-k", k, "How many neighbours")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->group("Vector search");
  verb.add_option("--metric", metric, "Distance; default: the index's, else l2")
      ->check(CLI::IsMember({"l2", "cosine", "dot", "hamming"}))
      ->group("Vector search");
  verb.add_flag("--prefilter", prefilter, "Filter first, so that k rows of those that match are found")
      ->group("Vector search");
  verb.add_option("--distance-range", distance_range, "LOW:HIGH; low inclusive, high exclusive")
      ->group("Vector search");
  verb.add_flag("--no-index", no_index, "Exact search even where there is an index")->group("Vector search");
  verb.add_option("--nprobes", nprobes, "Partitions of an index to look into")->group("Vector search");
  verb.add_option("--refine-factor", refine_factor, "Candidates per result that are checked exactly")
      ->group("Vector search");
  verb.add_option("--ef", ef, "Candidates kept in a graph search")->group("Vector search");
  verb.add_flag("--unordered", unordered, "Rows in any order; may be faster")->group("How");
  verb.add_option("--batch-rows", batch_rows, "Rows per batch of arrow output")->group("How");
}

arrow::Result<ScanOptions> ScanArguments::Resolve(const Dataset& dataset) const {
  ScanOptions options;
  ARROW_RETURN_NOT_OK(ParseColumns(columns, &options));
  options.filter = filter;
  if (limit >= 0) options.limit = limit;
  if (offset > 0) options.offset = offset;
  ARROW_ASSIGN_OR_RAISE(options.order_by, ParseOrdering(order_by));
  options.with_row_id = with_row_id;
  options.with_row_address = with_row_address;
  if (!fragments.empty()) options.fragments = fragments;
  options.ordered = !unordered;
  options.prefilter = prefilter;
  if (blob_bytes) options.blobs = BlobMode::kAllBinary;
  if (batch_rows > 0) options.batch_rows = batch_rows;
  if (nearest.empty()) {
    if (!query.empty() || query_row >= 0) return Status::Invalid("a query vector needs --nearest COLUMN");
    return options;
  }
  NearestQuery search;
  search.column = nearest;
  search.k = k;
  if (!metric.empty()) search.metric = metric;
  search.use_index = !no_index;
  if (nprobes > 0) search.minimum_nprobes = search.maximum_nprobes = nprobes;
  if (refine_factor > 0) search.refine_factor = refine_factor;
  if (ef > 0) search.ef = ef;
  if (!distance_range.empty()) ARROW_RETURN_NOT_OK(ParseRange(distance_range, &search));
  if (query.empty() == (query_row < 0)) {
    return Status::Invalid("--nearest wants a query: either --query '[...]' or --query-row N");
  }
  if (query_row >= 0) {
    ARROW_ASSIGN_OR_RAISE(search.query, VectorOfRow(dataset, nearest, query_row));
  } else {
    ARROW_ASSIGN_OR_RAISE(const auto values, ParseVector(query));
    ARROW_ASSIGN_OR_RAISE(search.query, MakeQueryVector(*dataset.schema(), nearest, values));
  }
  options.nearest = std::move(search);
  return options;
}

arrow::Status ParseColumns(const std::vector<std::string>& lists, ScanOptions* options) {
  if (lists.empty()) return Status::OK();
  std::vector<ScanOptions::Column> columns;
  for (const auto& list : lists) {
    for (const auto& part : SplitList(list)) {
      if (const auto computed = SplitComputed(part)) {
        columns.push_back({computed->first, computed->second});
      } else {
        columns.push_back({part, ""});
      }
    }
  }
  if (columns.empty()) return Status::Invalid("--columns names no column");
  options->columns = std::move(columns);
  return Status::OK();
}

arrow::Result<std::vector<ColumnOrdering>> ParseOrdering(const std::vector<std::string>& lists) {
  std::vector<ColumnOrdering> orderings;
  for (const auto& list : lists) {
    for (const auto& part : SplitList(list)) {
      std::vector<std::string> words;
      size_t start = 0;
      while (start < part.size()) {
        const size_t end = std::min(part.find(' ', start), part.size());
        if (end > start) words.push_back(part.substr(start, end - start));
        start = end + 1;
      }
      ColumnOrdering ordering;
      ordering.column = words.front();
      for (size_t i = 1; i < words.size(); i++) {
        std::string word = words[i];
        for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        if (word == "nulls" && i + 1 < words.size()) {
          std::string where = words[++i];
          for (char& c : where) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
          if (where != "first" && where != "last")
            return Status::Invalid("--order-by '", part, "': nulls first or nulls last");
          ordering.nulls_first = where == "first";
        } else if (word == "asc" || word == "desc") {
          ordering.ascending = word == "asc";
        } else {
          return Status::Invalid("--order-by '", part,
                                 "': after the column, asc, desc, nulls first or nulls last");
        }
      }
      orderings.push_back(std::move(ordering));
    }
  }
  return orderings;
}

arrow::Result<std::vector<double>> ParseVector(const std::string& text) {
  std::string_view rest(text);
  while (!rest.empty() && (rest.front() == '[' || std::isspace(static_cast<unsigned char>(rest.front()))))
    rest.remove_prefix(1);
  while (!rest.empty() && (rest.back() == ']' || std::isspace(static_cast<unsigned char>(rest.back()))))
    rest.remove_suffix(1);
  std::vector<double> values;
  for (const auto& part : SplitList(rest)) {
    const std::string_view number =
        part.front() == '+' ? std::string_view(part).substr(1) : std::string_view(part);
    double value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc() || end != number.data() + number.size()) {
      return Status::Invalid("--query: '", part, "' at position ", values.size(), " is not a number");
    }
    values.push_back(value);
  }
  if (values.empty()) return Status::Invalid("--query wants numbers, such as '[0.1, 0.2]', got '", text, "'");
  return values;
}

arrow::Result<std::shared_ptr<arrow::Array>> MakeQueryVector(const arrow::Schema& schema,
                                                             const std::string& column,
                                                             const std::vector<double>& values) {
  ARROW_ASSIGN_OR_RAISE(const auto element, VectorElementType(schema, column));
  const bool bfloat16 =
      element->id() == Type::FIXED_SIZE_BINARY ||
      (element->id() == Type::EXTENSION &&
       static_cast<const arrow::ExtensionType&>(*element).extension_name() == "lance.bfloat16");
  if (bfloat16) return RoundToBfloat16(values);
  arrow::DoubleBuilder builder;
  ARROW_RETURN_NOT_OK(builder.AppendValues(values));
  ARROW_ASSIGN_OR_RAISE(auto doubles, builder.Finish());
  ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
  // Half floats have no cast from double in every Arrow; float has.
  if (element->id() == Type::HALF_FLOAT) {
    ARROW_ASSIGN_OR_RAISE(doubles, arrow::compute::Cast(*doubles, arrow::float32()));
  }
  return arrow::compute::Cast(*doubles, element);
}

}  // namespace lance::cli
