// Session, Dataset and Scanner for Python. All native work runs without the GIL.
#include <chrono>
#include <cstring>

#include <arrow/buffer.h>
#include <arrow/c/bridge.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <nanobind/ndarray.h>
#include <roaring/roaring.hh>

#include "bindings.h"
#include "convert.h"
#include "lance/dataset.h"
#include "lance/file/file_reader.h"
#include "lance/index/scalar/scalar_index.h"
#include "lance/index/vector/statistics.h"
#include "lance/inspect.h"
#include "lance/runtime/session.h"
#include "lance/scanner.h"
#include "lance/session.h"
#include "lance/store/object_store.h"
#include "lance/table/row_id_set.h"
#include "lance/table/snapshot.h"
#include "lance/table/table.h"
#include "schema_values.h"
#include "table_values.h"

namespace lance::python {
namespace {

using Offsets = nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Ids = nb::ndarray<const uint64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using StringMap = std::map<std::string, std::string>;

VersionRef ToVersionRef(std::optional<uint64_t> number, std::optional<std::string> tag,
                        std::optional<std::string> branch, std::optional<int64_t> as_of_ns) {
  VersionRef ref;
  ref.number = number;
  ref.tag = std::move(tag);
  ref.branch = std::move(branch);
  if (as_of_ns)
    ref.as_of = std::chrono::sys_time<std::chrono::nanoseconds>(std::chrono::nanoseconds(*as_of_ns));
  return ref;
}

std::shared_ptr<Dataset> Open(const std::string& uri, std::optional<uint64_t> number,
                              std::optional<std::string> tag, std::optional<std::string> branch,
                              std::optional<int64_t> as_of_ns, StringMap storage_options,
                              std::shared_ptr<Session> session) {
  OpenOptions options;
  options.version = ToVersionRef(number, std::move(tag), std::move(branch), as_of_ns);
  options.storage_options = std::move(storage_options);
  options.session = std::move(session);
  return Unwrap(Unlocked([&] { return Dataset::Open(uri, options); }));
}

nb::object Take(const Dataset& dataset, Offsets offsets, nb::dict projection) {
  ScanOptions options = ToScanOptions(projection);
  auto table = Unlocked([&] { return dataset.Take({offsets.data(), offsets.shape(0)}, options); });
  return StreamCapsule(Unwrap(std::move(table), PyExc_OSError));
}

nb::object TakeRowIds(const Dataset& dataset, Ids ids, nb::dict projection) {
  ScanOptions options = ToScanOptions(projection);
  auto table = Unlocked([&] { return dataset.TakeRowIds({ids.data(), ids.shape(0)}, options); });
  return StreamCapsule(Unwrap(std::move(table), PyExc_OSError));
}

nb::object TakeRowAddresses(const Dataset& dataset, Ids addresses, nb::dict projection) {
  ScanOptions options = ToScanOptions(projection);
  auto table = Unlocked([&] {
    return dataset.TakeRowAddresses({addresses.data(), addresses.shape(0)}, options);
  });
  return StreamCapsule(Unwrap(std::move(table), PyExc_OSError));
}

using Vectors = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;

// Runs a search again with other vectors. The result is one batch, at the address returned: an ArrowArray
// that the caller imports before this thread searches again; None when no row was found. A capsule, a stream
// and a schema a call would cost as much as the search.
nb::object SearchAgain(const Scanner& scanner, Vectors vectors) {
  thread_local struct Slot {
    ArrowArray array{};
    ~Slot() { Clear(); }
    void Clear() {
      if (array.release != nullptr) array.release(&array);
    }
  } slot;
  slot.Clear();
  const auto batch = Unwrap(Unlocked([&]() -> arrow::Result<std::shared_ptr<arrow::RecordBatch>> {
    const auto* bytes = static_cast<const uint8_t*>(vectors.data());
    ARROW_ASSIGN_OR_RAISE(auto copy, arrow::AllocateBuffer(static_cast<int64_t>(vectors.nbytes())));
    std::memcpy(copy->mutable_data(), bytes, vectors.nbytes());
    ARROW_ASSIGN_OR_RAISE(auto again, scanner.WithQuery(std::move(copy)));
    ARROW_ASSIGN_OR_RAISE(auto table, again->ToTable());
    return table->CombineChunksToBatch();
  }));
  if (batch->num_rows() == 0) return nb::none();
  Check(arrow::ExportRecordBatch(*batch, &slot.array));
  return nb::int_(reinterpret_cast<uintptr_t>(&slot.array));
}

nb::list Versions(const Dataset& dataset) {
  auto versions = Unwrap(Unlocked([&] { return dataset.Versions(); }));
  nb::list out;
  for (const auto& version : versions) {
    out.append(
        nb::make_tuple(version.version, version.timestamp.time_since_epoch().count(), version.metadata));
  }
  return out;
}

template <typename Time>
nb::object Nanoseconds(const std::optional<Time>& time) {
  return time ? nb::cast(time->time_since_epoch().count()) : nb::none();
}

nb::dict Tags(const Dataset& dataset) {
  auto tags = Unwrap(Unlocked([&] { return dataset.Tags(); }));
  nb::dict out;
  for (const auto& [name, tag] : tags) {
    nb::dict entry;
    entry["branch"] = tag.branch ? nb::cast(*tag.branch) : nb::none();
    entry["version"] = tag.version;
    entry["created_at"] = Nanoseconds(tag.created_at);
    entry["updated_at"] = Nanoseconds(tag.updated_at);
    entry["manifest_size"] = tag.manifest_size;
    entry["metadata"] = tag.metadata;
    out[name.c_str()] = entry;
  }
  return out;
}

nb::dict Branches(const Dataset& dataset) {
  auto branches = Unwrap(Unlocked([&] { return dataset.Branches(); }));
  nb::dict out;
  for (const auto& [name, branch] : branches) {
    nb::dict entry;
    entry["parent_branch"] = branch.parent_branch ? nb::cast(*branch.parent_branch) : nb::none();
    entry["branch_identifier"] = branch.identifier;
    entry["parent_version"] = branch.parent_version;
    entry["create_at"] = branch.created_at.time_since_epoch().count();
    entry["manifest_size"] = branch.manifest_size;
    entry["metadata"] = branch.metadata;
    out[name.c_str()] = entry;
  }
  return out;
}

nb::object FragmentOf(const Dataset& dataset, uint64_t id) {
  const auto* fragment = dataset.snapshot()->FindFragment(id);
  return fragment == nullptr ? nb::none() : nb::object(FragmentToPython(*fragment));
}

nb::list Fragments(const Dataset& dataset) {
  nb::list out;
  for (const auto& fragment : dataset.snapshot()->manifest().fragments)
    out.append(FragmentToPython(fragment));
  return out;
}

std::string VectorIndexStatistics(const Dataset& dataset, const std::string& name, bool centroids) {
  return Unwrap(Unlocked([&] { return index::VectorIndexStatistics(*dataset.snapshot(), name, centroids); }));
}

std::string ScalarIndexStatistics(const Dataset& dataset, const std::string& name) {
  return Unwrap(Unlocked([&] { return index::ScalarIndexStatistics(*dataset.snapshot(), name); }));
}

nb::list Indices(const Dataset& dataset) {
  auto indices = Unwrap(Unlocked([&] { return dataset.snapshot()->Indices(); }));
  nb::list out;
  for (const auto& index : *indices) out.append(IndexToPython(index));
  return out;
}

// Bytes of page buffers and column buffers per field id, over all data files.
Result<std::map<int32_t, uint64_t>> BytesPerField(const Dataset& dataset) {
  const auto& snapshot = dataset.snapshot();
  std::map<int32_t, uint64_t> bytes;
  for (const auto& fragment : snapshot->manifest().fragments) {
    for (const auto& data_file : fragment.files) {
      ARROW_ASSIGN_OR_RAISE(auto reader, snapshot->OpenDataFile(data_file));
      size_t count = std::min(data_file.fields.size(), data_file.column_indices.size());
      for (size_t i = 0; i < count; ++i) {
        if (data_file.column_indices[i] < 0 || data_file.fields[i] < 0) continue;
        ARROW_ASSIGN_OR_RAISE(auto column, reader->Describe(data_file.column_indices[i]));
        uint64_t total = 0;
        for (const auto& buffer : column.buffers) total += buffer.length;
        for (const auto& page : column.pages) {
          for (const auto& buffer : page.buffers) total += buffer.length;
        }
        bytes[data_file.fields[i]] += total;
      }
    }
  }
  return bytes;
}

// The problems found as (where, message).
std::vector<std::pair<std::string, std::string>> Problems(const Dataset& dataset) {
  auto report = Unwrap(Unlocked([&] { return Verify(dataset); }));
  std::vector<std::pair<std::string, std::string>> out;
  for (auto& problem : report.problems)
    out.emplace_back(std::move(problem.where), std::move(problem.message));
  return out;
}

nb::dict Statistics(const ScanStatistics& statistics) {
  nb::dict out;
  out["requests"] = statistics.requests;
  out["bytes_read"] = statistics.bytes_read;
  out["rows"] = statistics.rows;
  out["all_counts"] = statistics.counts;
  return out;
}

void OnFinished(Scanner& scanner, nb::object callback) {
  auto held = HoldAcrossThreads(std::move(callback));
  scanner.OnFinished([held](const ScanStatistics& statistics) {
    nb::gil_scoped_acquire locked;
    try {
      (*held)(Statistics(statistics));
    } catch (nb::python_error& error) {
      error.discard_as_unraisable("scan_stats_callback");
    }
  });
}

nb::list RoaringValues(nb::bytes bytes) {
  nb::list out;
  try {
    auto bitmap = Roaring::readSafe(bytes.c_str(), bytes.size());
    for (uint32_t value : bitmap) out.append(value);
  } catch (const std::exception&) {
    Raise(Corruption("a fragment bitmap of {} bytes is no portable Roaring bitmap", bytes.size()));
  }
  return out;
}

nb::bytes RoaringBytes(const std::vector<uint32_t>& values) {
  Roaring bitmap(values.size(), values.data());
  std::string bytes(bitmap.getSizeInBytes(), '\0');
  bitmap.write(bytes.data());
  return nb::bytes(bytes.data(), bytes.size());
}

// The transaction that made the version; none when it is no longer there.
nb::object ReadTransactionOf(const Dataset& dataset) {
  auto transaction = Unwrap(Unlocked([&] { return table::ReadTransaction(*dataset.snapshot()); }));
  if (!transaction) return nb::none();
  nb::dict out;
  out["read_version"] = transaction->read_version;
  out["uuid"] = transaction->uuid;
  out["properties"] = transaction->properties;
  out["operation"] = OperationToPython(transaction->change);
  return out;
}

// By id; other packages reach for it.
nb::dict BasePaths(const Dataset& dataset) {
  nb::object make = nb::module_::import_("lance_cpp.lance").attr("DatasetBasePath");
  nb::dict out;
  for (const auto& base : dataset.snapshot()->manifest().base_paths)
    out[nb::cast(base.id)] = make(base.path, base.name, base.is_dataset_root, base.id);
  return out;
}

}  // namespace

void BindDataset(nb::module_& module) {
  nb::class_<Session>(module, "Session")
      .def_static(
          "make",
          [](std::optional<uint64_t> index_cache_bytes, std::optional<uint64_t> metadata_cache_bytes) {
            SessionOptions options;
            if (index_cache_bytes) options.index_cache_bytes = *index_cache_bytes;
            if (metadata_cache_bytes) options.metadata_cache_bytes = *metadata_cache_bytes;
            return Session::Make(options);
          },
          nb::arg("index_cache_bytes").none(), nb::arg("metadata_cache_bytes").none())
      .def_static("default", &Session::Default)
      .def("metadata_cache_bytes", &Session::metadata_cache_bytes)
      .def("index_cache_bytes", &Session::index_cache_bytes)
      .def("index_cache_hit_rate", &Session::index_cache_hit_rate);

  nb::class_<Scanner>(module, "Scanner")
      .def("schema", [](const Scanner& self) { return SchemaCapsule(*self.schema()); })
      .def("to_stream",
           [](const Scanner& self) {
             return StreamCapsule(Unwrap(Unlocked([&] { return self.ToReader(); })));
           })
      .def(
          "to_table",
          [](const Scanner& self) { return StreamCapsule(Unwrap(Unlocked([&] { return self.ToTable(); }))); })
      .def("search", &SearchAgain, nb::arg("vectors"))
      .def("count_rows",
           [](const Scanner& self) { return Unwrap(Unlocked([&] { return self.CountRows(); })); })
      .def(
          "explain_plan",
          [](const Scanner& self, bool verbose) {
            return Unwrap(Unlocked([&] { return self.ExplainPlan(verbose); }));
          },
          nb::arg("verbose"))
      .def("analyze_plan",
           [](const Scanner& self) { return Unwrap(Unlocked([&] { return self.AnalyzePlan(); })); })
      .def("on_finished", &OnFinished, nb::arg("callback"));

  nb::class_<Dataset>(module, "Dataset")
      .def_static("open", &Open, nb::arg("uri"), nb::arg("number").none(), nb::arg("tag").none(),
                  nb::arg("branch").none(), nb::arg("as_of_ns").none(), nb::arg("storage_options"),
                  nb::arg("session").none())
      .def("uri", [](const Dataset& self) { return self.uri(); })
      .def("version", &Dataset::version)
      .def("index_cache_hit_rate",
           [](const Dataset& self) { return self.snapshot()->session()->index_cache().hit_rate(); })
      .def("schema", [](const Dataset& self) { return SchemaCapsule(*self.schema()); })
      .def("data_storage_version", &Dataset::data_storage_version)
      .def("config", [](const Dataset& self) { return self.config(); })
      .def("metadata", [](const Dataset& self) { return self.metadata(); })
      .def("fragment_ids", &Dataset::FragmentIds)
      .def(
          "scan",
          [](const Dataset& self, nb::dict options) {
            ScanOptions parsed = ToScanOptions(options);
            return Unwrap(Unlocked([&] { return self.Scan(parsed); }));
          },
          nb::arg("options"))
      .def(
          "count_rows",
          [](const Dataset& self, const std::string& filter) {
            return Unwrap(Unlocked([&] { return self.CountRows(filter); }), PyExc_OSError);
          },
          nb::arg("filter"))
      .def("take", &Take, nb::arg("offsets"), nb::arg("options"))
      .def("take_row_ids", &TakeRowIds, nb::arg("row_ids"), nb::arg("options"))
      .def("take_row_addresses", &TakeRowAddresses, nb::arg("addresses"), nb::arg("options"))
      .def("versions", &Versions)
      .def("latest_version",
           [](const Dataset& self) { return Unwrap(Unlocked([&] { return self.LatestVersion(); })); })
      .def("base_paths", &BasePaths)
      .def("version_numbers",
           [](const Dataset& self) {
             return Unwrap(Unlocked([&] { return table::ListVersionNumbers(*self.snapshot()); }));
           })
      .def("read_transaction", &ReadTransactionOf)
      .def("tags", &Tags)
      .def("branches", &Branches)
      .def(
          "checkout",
          [](const Dataset& self, std::optional<uint64_t> number, std::optional<std::string> tag,
             std::optional<std::string> branch) {
            VersionRef ref = ToVersionRef(number, std::move(tag), std::move(branch), std::nullopt);
            return Unwrap(Unlocked([&] { return self.Checkout(ref); }), PyExc_OSError);
          },
          nb::arg("number").none(), nb::arg("tag").none(), nb::arg("branch").none())
      .def("manifest", [](const Dataset& self) { return ManifestToPython(self.snapshot()->manifest()); })
      .def("lance_schema",
           [](const Dataset& self) { return SchemaToPython(self.snapshot()->manifest().schema); })
      .def("fragments", &Fragments)
      .def("fragment", &FragmentOf, nb::arg("id"))
      .def("indices", &Indices)
      .def("scalar_index_statistics", &ScalarIndexStatistics, nb::arg("name"))
      .def("vector_index_statistics", &VectorIndexStatistics, nb::arg("name"), nb::arg("centroids"))
      .def("object_store", [](const Dataset& self) { return self.snapshot()->object_store(); })
      .def("verify", &Problems)
      .def("bytes_per_field",
           [](const Dataset& self) { return Unwrap(Unlocked([&] { return BytesPerField(self); })); });

  module.def("roaring_bytes", &RoaringBytes, nb::arg("values"));
  module.def(
      "serialize_row_ids",
      [](const std::vector<uint64_t>& ids) {
        const std::string bytes = table::RowIdSet::Serialize(ids);
        return nb::bytes(bytes.data(), bytes.size());
      },
      nb::arg("ids"));
  module.def("roaring_values", &RoaringValues, nb::arg("bytes"));
}

}  // namespace lance::python
