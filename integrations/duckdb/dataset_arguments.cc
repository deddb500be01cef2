#include "dataset_arguments.h"

#include <chrono>

namespace lance::sql {

namespace {

using duckdb::BinderException;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Value;

const Value* Find(const duckdb::named_parameter_map_t& parameters, const char* name) {
  const auto found = parameters.find(name);
  return found == parameters.end() || found->second.IsNull() ? nullptr : &found->second;
}

}  // namespace

void AddDatasetParameters(duckdb::TableFunction* function) {
  auto& parameters = function->named_parameters;
  parameters["version"] = LogicalType::ANY;
  parameters["tag"] = LogicalType::VARCHAR;
  parameters["branch"] = LogicalType::VARCHAR;
  parameters["as_of"] = LogicalType::TIMESTAMP;
  parameters["storage_options"] = LogicalType::MAP(LogicalType::VARCHAR, LogicalType::VARCHAR);
  parameters["blobs"] = LogicalType::VARCHAR;
  parameters["batch_rows"] = LogicalType::BIGINT;
}

OpenOptions ToOpenOptions(const duckdb::named_parameter_map_t& parameters) {
  OpenOptions options;
  VersionRef& version = options.version;
  if (const Value* value = Find(parameters, "version")) {
    if (value->type().id() == LogicalTypeId::VARCHAR) {
      version.tag = value->GetValue<std::string>();
    } else if (value->type().IsIntegral()) {
      const auto number = value->GetValue<int64_t>();
      if (number <= 0) throw BinderException("version => %lld: versions are numbered from 1", number);
      version.number = static_cast<uint64_t>(number);
    } else {
      throw BinderException("version => wants a number or a tag, got %s", value->type().ToString());
    }
  }
  if (const Value* value = Find(parameters, "tag")) version.tag = value->GetValue<std::string>();
  if (const Value* value = Find(parameters, "branch")) version.branch = value->GetValue<std::string>();
  if (const Value* value = Find(parameters, "as_of")) {
    const duckdb::timestamp_t time = value->GetValue<duckdb::timestamp_t>();
    version.as_of = std::chrono::sys_time<std::chrono::nanoseconds>(std::chrono::microseconds(time.value));
  }
  if (version.number.has_value() + version.tag.has_value() + version.as_of.has_value() > 1) {
    throw BinderException("give one of version, tag and as_of");
  }
  if (const Value* value = Find(parameters, "storage_options")) {
    options.storage_options = ToStorageOptions(*value);
  }
  return options;
}

void ApplyReadParameters(const duckdb::named_parameter_map_t& parameters, ScanOptions* options) {
  if (const Value* value = Find(parameters, "blobs")) {
    const auto mode = duckdb::StringUtil::Lower(value->GetValue<std::string>());
    if (mode == "bytes") {
      options->blobs = BlobMode::kAllBinary;
    } else if (mode != "descriptors") {
      throw BinderException("blobs => wants 'bytes' or 'descriptors', got '%s'", mode);
    }
  }
  if (const Value* value = Find(parameters, "batch_rows")) {
    const auto rows = value->GetValue<int64_t>();
    if (rows <= 0) throw BinderException("batch_rows => %lld: must be positive", rows);
    options->batch_rows = rows;
  }
}

std::map<std::string, std::string> ToStorageOptions(const Value& map) {
  if (map.type().id() != LogicalTypeId::MAP) {
    throw BinderException("storage_options wants MAP {'key': 'value', ...}, got %s", map.type().ToString());
  }
  std::map<std::string, std::string> options;
  for (const auto& entry : duckdb::MapValue::GetChildren(map)) {
    const auto& pair = duckdb::StructValue::GetChildren(entry);
    options[pair[0].ToString()] = pair[1].ToString();
  }
  return options;
}

void ThrowIfFailed(const arrow::Status& status) {
  if (status.ok()) return;
  const std::string message = status.message();
  switch (KindOf(status).value_or(ErrorKind::kInternal)) {
    case ErrorKind::kInvalidArgument:
    case ErrorKind::kNotFound:
      throw duckdb::BinderException("%s", message);
    case ErrorKind::kAlreadyExists:
      throw duckdb::CatalogException("%s", message);
    case ErrorKind::kCommitConflict:
    case ErrorKind::kCommitStateUnknown:
      throw duckdb::TransactionException("%s", message);
    case ErrorKind::kNotSupported:
      throw duckdb::NotImplementedException("%s", message);
    case ErrorKind::kCancelled:
      throw duckdb::InterruptException();
    case ErrorKind::kResourceExhausted:
      throw duckdb::OutOfMemoryException("%s", message);
    default:
      throw duckdb::IOException("%s", message);
  }
}

}  // namespace lance::sql
