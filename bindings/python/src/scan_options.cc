#include <functional>
#include <string_view>
#include <unordered_map>

#include "convert.h"

namespace lance::python {
namespace {

using Setter = std::function<void(nb::handle, ScanOptions*)>;

template <typename T>
Setter Set(T ScanOptions::*member) {
  return [member](nb::handle value, ScanOptions* options) { options->*member = nb::cast<T>(value); };
}

template <typename T>
Setter Set(std::optional<T> ScanOptions::*member) {
  return [member](nb::handle value, ScanOptions* options) { options->*member = nb::cast<T>(value); };
}

[[noreturn]] void Refuse(PyObject* type, const std::string& message) {
  PyErr_SetString(type, message.c_str());
  throw nb::python_error();
}

void SetColumns(nb::handle value, ScanOptions* options) {
  std::vector<ScanOptions::Column> columns;
  for (nb::handle entry : value) {
    if (nb::isinstance<nb::str>(entry)) {
      columns.push_back({nb::cast<std::string>(entry), ""});
      continue;
    }
    auto [name, expression] = nb::cast<std::pair<std::string, std::string>>(entry);
    columns.push_back({std::move(name), std::move(expression)});
  }
  options->columns = std::move(columns);
}

void SetOrderBy(nb::handle value, ScanOptions* options) {
  for (nb::handle entry : value) {
    nb::tuple parts = nb::cast<nb::tuple>(entry);
    options->order_by.push_back(
        {nb::cast<std::string>(parts[0]), nb::cast<bool>(parts[1]), nb::cast<bool>(parts[2])});
  }
}

void SetBlobs(nb::handle value, ScanOptions* options) {
  std::string mode = nb::cast<std::string>(value);
  if (mode == "all_binary") {
    options->blobs = BlobMode::kAllBinary;
  } else if (mode == "blobs_descriptions") {
    options->blobs = BlobMode::kBlobsDescriptions;
  } else if (mode == "all_descriptions") {
    options->blobs = BlobMode::kAllDescriptions;
  } else {
    Refuse(PyExc_ValueError, "Invalid blob_handling: " + mode +
                                 ". Expected one of: all_binary, all_descriptions, blobs_descriptions");
  }
}

void SetLate(nb::handle value, ScanOptions* options) {
  if (nb::isinstance<nb::bool_>(value)) {
    options->late_materialization =
        nb::cast<bool>(value) ? LateMaterialization::kAll : LateMaterialization::kNone;
  } else {
    options->late_materialization = LateMaterialization::kColumns;
    options->late_columns = nb::cast<std::vector<std::string>>(value);
  }
}

void SetNearest(nb::handle value, ScanOptions* options) {
  nb::dict given = nb::cast<nb::dict>(value);
  NearestQuery query;
  auto read = [&](const char* key, auto* target) {
    if (given.contains(key) && !nb::object(given[key]).is_none()) {
      *target = nb::cast<std::remove_pointer_t<decltype(target)>>(given[key]);
    }
  };
  read("column", &query.column);
  query.query = ImportArray(given["q"]);
  read("k", &query.k);
  read("metric", &query.metric);
  read("distance_lower_bound", &query.distance_lower_bound);
  read("distance_upper_bound", &query.distance_upper_bound);
  read("use_index", &query.use_index);
  read("minimum_nprobes", &query.minimum_nprobes);
  read("maximum_nprobes", &query.maximum_nprobes);
  read("refine_factor", &query.refine_factor);
  read("ef", &query.ef);
  options->nearest = std::move(query);
}

Setter SetBytes(std::optional<std::string> ScanOptions::*member) {
  return [member](nb::handle value, ScanOptions* options) {
    nb::bytes bytes = nb::cast<nb::bytes>(value);
    options->*member = std::string(bytes.c_str(), bytes.size());
  };
}

const std::unordered_map<std::string_view, Setter>& Setters() {
  static const auto* setters = new std::unordered_map<std::string_view, Setter>{
      {"columns", SetColumns},
      {"filter", Set(&ScanOptions::filter)},
      {"limit", Set(&ScanOptions::limit)},
      {"offset", Set(&ScanOptions::offset)},
      {"order_by", SetOrderBy},
      {"with_row_id", Set(&ScanOptions::with_row_id)},
      {"with_row_address", Set(&ScanOptions::with_row_address)},
      {"fragments", Set(&ScanOptions::fragments)},
      {"batch_size", Set(&ScanOptions::batch_rows)},
      {"batch_size_bytes", Set(&ScanOptions::batch_bytes)},
      {"strict_batch_size", Set(&ScanOptions::strict_batch_size)},
      {"batch_readahead", Set(&ScanOptions::batch_readahead)},
      {"fragment_readahead", Set(&ScanOptions::fragment_readahead)},
      {"io_buffer_size", Set(&ScanOptions::io_buffer_bytes)},
      {"scan_in_order", Set(&ScanOptions::ordered)},
      {"include_deleted_rows", Set(&ScanOptions::include_deleted_rows)},
      {"row_id_allowlist", SetBytes(&ScanOptions::row_id_allowlist)},
      {"row_id_blocklist", SetBytes(&ScanOptions::row_id_blocklist)},
      {"prefilter", Set(&ScanOptions::prefilter)},
      {"use_scalar_index", Set(&ScanOptions::use_scalar_index)},
      {"fast_search", Set(&ScanOptions::fast_search)},
      {"late_materialization", SetLate},
      {"blob_handling", SetBlobs},
      {"nearest", SetNearest},
      {"disable_scoring_autoprojection", Set(&ScanOptions::disable_scoring_autoprojection)},
  };
  return *setters;
}

}  // namespace

ScanOptions ToScanOptions(const nb::dict& options) {
  ScanOptions out;
  for (auto [key, value] : options) {
    if (value.is_none()) continue;
    std::string name = nb::cast<std::string>(key);
    auto setter = Setters().find(name);
    if (setter == Setters().end()) Refuse(PyExc_TypeError, "unknown scan option '" + name + "'");
    setter->second(value, &out);
  }
  return out;
}

}  // namespace lance::python
