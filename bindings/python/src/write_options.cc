#include "write_options.h"

#include <algorithm>
#include <string_view>

#include <arrow/c/bridge.h>

#include "lance/base/status.h"
#include "lance/table/commit.h"
#include "schema_values.h"

namespace lance::python {
namespace {

// Enters the context manager that the callable gives for a version; leaves it when the last copy goes.
Result<std::shared_ptr<void>> EnterLock(const nb::object& callable, uint64_t version) {
  nb::gil_scoped_acquire locked;
  try {
    nb::object context = callable(version);
    context.attr("__enter__")();
    auto leave = [](nb::object* held) {
      if (!Py_IsInitialized()) return;  // leaked on purpose: the interpreter is gone
      nb::gil_scoped_acquire locked_again;
      try {
        held->attr("__exit__")(nb::none(), nb::none(), nb::none());
      } catch (nb::python_error& error) {
        error.discard_as_unraisable("commit_lock");
      }
      delete held;
    };
    return std::shared_ptr<void>(std::shared_ptr<nb::object>(new nb::object(std::move(context)), leave));
  } catch (nb::python_error& error) {
    return IOError("Error from commit handler: {}", TextOf(error));
  }
}

std::optional<AutoCleanup> AutoCleanupFromPython(const nb::dict& options) {
  if (!options.contains("auto_cleanup") || nb::object(options["auto_cleanup"]).is_none()) return std::nullopt;
  auto values = nb::cast<nb::dict>(nb::object(options["auto_cleanup"]));
  AutoCleanup cleanup;
  cleanup.older_than.reset();
  Take(values, "interval", &cleanup.interval);
  Take(values, "retain_versions", &cleanup.retain_versions);
  std::optional<int64_t> seconds;
  Take(values, "older_than_seconds", &seconds);
  if (seconds) cleanup.older_than = std::chrono::seconds(*seconds);
  return cleanup;
}

// Calls a Python function that the writer tells of fragments: with what it makes of one, or nothing.
template <typename Arguments>
std::function<Status(const FragmentMetadata&)> Teller(const nb::dict& options, const char* key,
                                                      Arguments arguments) {
  if (!options.contains(key) || nb::object(options[key]).is_none()) return nullptr;
  auto callable = HoldAcrossThreads(nb::object(options[key]));
  return [callable, arguments](const FragmentMetadata& fragment) -> Status {
    nb::gil_scoped_acquire locked;
    try {
      (*callable)(*arguments(fragment));
      return Status::OK();
    } catch (nb::python_error& error) {
      return IOError("Error from the progress callback: {}", TextOf(error));
    }
  };
}

}  // namespace

std::string TextOf(nb::python_error& error) {
  return fmt::format("{}: {}", nb::cast<std::string>(error.type().attr("__name__")),
                     nb::cast<std::string>(nb::str(error.value())));
}

void CheckKeys(const nb::dict& options, std::initializer_list<const char*> known, const char* where) {
  for (auto [key, value] : options) {
    auto name = nb::cast<std::string>(key);
    bool found = std::any_of(known.begin(), known.end(),
                             [&](const char* candidate) { return std::string_view(candidate) == name; });
    if (!found)
      throw nb::type_error(fmt::format("{}() got an unexpected keyword argument '{}'", where, name).c_str());
  }
}

CommitSettings CommitSettingsFromPython(const nb::dict& options) {
  CommitSettings settings;
  Take(options, "max_retries", &settings.max_retries);
  std::optional<int64_t> timeout_ms;
  Take(options, "retry_timeout_ms", &timeout_ms);
  if (timeout_ms) settings.retry_timeout = std::chrono::milliseconds(*timeout_ms);
  Take(options, "properties", &settings.properties);
  Take(options, "message", &settings.message);
  Take(options, "detached", &settings.detached);
  if (options.contains("commit_lock") && !nb::object(options["commit_lock"]).is_none()) {
    auto callable = HoldAcrossThreads(nb::object(options["commit_lock"]));
    settings.lock = [callable](uint64_t version) { return EnterLock(*callable, version); };
  }
  return settings;
}

DataFileSettings DataFileSettingsFromPython(const nb::dict& options) {
  DataFileSettings files;
  Take(options, "max_rows_per_file", &files.max_rows_per_file);
  Take(options, "max_bytes_per_file", &files.max_bytes_per_file);
  Take(options, "data_cache_bytes", &files.data_cache_bytes);
  Take(options, "max_page_bytes", &files.max_page_bytes);
  Take(options, "data_storage_version", &files.data_storage_version);
  files.on_begin = Teller(options, "on_begin", [](const FragmentMetadata&) { return nb::make_tuple(); });
  files.on_complete = Teller(options, "on_complete", [](const FragmentMetadata& fragment) {
    return nb::make_tuple(FragmentToPython(fragment.impl()));
  });
  return files;
}

std::vector<DatasetBase> BasesFromPython(nb::handle bases) {
  std::vector<DatasetBase> out;
  for (nb::handle values : bases) {
    table::BasePath base = BasePathFromPython(values);
    out.push_back({base.path, base.name, base.is_dataset_root, base.id});
  }
  return out;
}

WriteOptions WriteOptionsFromPython(const nb::dict& options) {
  CheckKeys(options,
            {"mode",
             "max_rows_per_file",
             "max_bytes_per_file",
             "data_cache_bytes",
             "max_page_bytes",
             "data_storage_version",
             "stable_row_ids",
             "v2_manifest_names",
             "storage_options",
             "session",
             "max_retries",
             "retry_timeout_ms",
             "properties",
             "message",
             "detached",
             "commit_lock",
             "auto_cleanup",
             "initial_bases",
             "target_bases",
             "on_begin",
             "on_complete"},
            "write");
  WriteOptions out;
  std::string mode = "create";
  Take(options, "mode", &mode);
  if (mode == "create") {
    out.mode = WriteMode::kCreate;
  } else if (mode == "append") {
    out.mode = WriteMode::kAppend;
  } else if (mode == "overwrite") {
    out.mode = WriteMode::kOverwrite;
  } else {
    Raise(InvalidArgument("Invalid mode: {}", mode), PyExc_ValueError);
  }
  out.files = DataFileSettingsFromPython(options);
  Take(options, "stable_row_ids", &out.stable_row_ids);
  Take(options, "v2_manifest_names", &out.v2_manifest_names);
  Take(options, "storage_options", &out.storage_options);
  Take(options, "session", &out.session);
  out.commit = CommitSettingsFromPython(options);
  out.auto_cleanup = AutoCleanupFromPython(options);
  if (options.contains("initial_bases"))
    out.initial_bases = BasesFromPython(nb::object(options["initial_bases"]));
  Take(options, "target_bases", &out.target_bases);
  return out;
}

std::shared_ptr<arrow::RecordBatchReader> ImportReader(nb::handle object) {
  nb::object capsule = object.attr("__arrow_c_stream__")();
  void* stream = PyCapsule_GetPointer(capsule.ptr(), "arrow_array_stream");
  if (stream == nullptr) throw nb::python_error();
  return Unwrap(arrow::ImportRecordBatchReader(static_cast<ArrowArrayStream*>(stream)));
}

nb::dict TransactionToPython(const table::CommitRequest& request) {
  nb::dict out;
  out["read_version"] = request.read_version;
  out["uuid"] = request.uuid;
  out["properties"] = request.properties;
  out["operation"] = OperationToPython(request.operation);
  return out;
}

Transaction TransactionFromPython(const nb::dict& values) {
  table::CommitRequest request;
  request.operation = OperationFromPython(values["operation"]);
  request.read_version = nb::cast<uint64_t>(nb::object(values["read_version"]));
  request.uuid = nb::cast<std::string>(nb::object(values["uuid"]));
  request.properties = nb::cast<std::map<std::string, std::string>>(nb::object(values["properties"]));
  return Transaction(std::move(request));
}

}  // namespace lance::python
