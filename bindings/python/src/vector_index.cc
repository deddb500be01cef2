// Vector indices: building, dropping, bringing up to date; k-means.
#include "lance/vector_index.h"

#include <cctype>

#include <arrow/api.h>

#include "bindings.h"
#include "index_progress.h"
#include "lance/base/status.h"
#include "lance/dataset.h"
#include "lance/index/vector/format/details.h"
#include "lance/vector_codes.h"
#include "schema_values.h"
#include "write_options.h"

namespace lance::python {
namespace {

// The values of a fixed-size list array, one after the other.
std::shared_ptr<arrow::Array> ValuesFromPython(nb::handle object) {
  auto array = ImportArray(object);
  if (array->type_id() != arrow::Type::FIXED_SIZE_LIST) return array;
  return Unwrap(static_cast<const arrow::FixedSizeListArray&>(*array).Flatten());
}

std::vector<float> FloatsOf(const std::shared_ptr<arrow::Array>& values) {
  if (values->type_id() != arrow::Type::FLOAT || values->null_count() > 0) {
    Raise(InvalidArgument("centroids and codebooks are float32 without nulls, got {}",
                          values->type()->ToString()));
  }
  const auto& floats = static_cast<const arrow::FloatArray&>(*values);
  return {floats.raw_values(), floats.raw_values() + floats.length()};
}

// Calls Python without being the thread that holds its lock.
arrow::Status CallProgress(nb::handle callback, const IndexBuildProgress& progress) {
  nb::gil_scoped_acquire held;
  try {
    callback(progress.event, progress.stage, progress.completed, progress.total, progress.unit);
    return arrow::Status::OK();
  } catch (nb::python_error& error) {
    return InvalidArgument("progress_callback failed: {}", TextOf(error));
  }
}

VectorIndexOptions OptionsFromPython(const nb::dict& options) {
  CheckKeys(options,
            {"type",
             "name",
             "metric",
             "replace",
             "train",
             "target_partition_size",
             "num_partitions",
             "max_iterations",
             "sample_rate",
             "centroids",
             "num_sub_vectors",
             "num_bits",
             "codebook",
             "hnsw_max_level",
             "hnsw_m",
             "hnsw_ef_construction",
             "fragments",
             "uuid",
             "seed",
             "memory_budget_bytes",
             "progress",
             "commit_lock",
             "quantizer_sample_rate",
             "quantizer_iterations",
             "rotation_signs"},
            "create_index");
  VectorIndexOptions out;
  Take(options, "type", &out.type);
  Take(options, "name", &out.name);
  Take(options, "metric", &out.metric);
  Take(options, "replace", &out.replace);
  Take(options, "train", &out.train);
  Take(options, "target_partition_size", &out.target_partition_size);
  Take(options, "num_partitions", &out.num_partitions);
  Take(options, "max_iterations", &out.max_iterations);
  Take(options, "sample_rate", &out.sample_rate);
  Take(options, "num_sub_vectors", &out.num_sub_vectors);
  Take(options, "num_bits", &out.num_bits);
  Take(options, "hnsw_max_level", &out.hnsw_max_level);
  Take(options, "hnsw_m", &out.hnsw_m);
  Take(options, "hnsw_ef_construction", &out.hnsw_ef_construction);
  Take(options, "fragments", &out.fragments);
  Take(options, "uuid", &out.uuid);
  Take(options, "quantizer_sample_rate", &out.quantizer_sample_rate);
  Take(options, "quantizer_iterations", &out.quantizer_iterations);
  Take(options, "seed", &out.seed);
  Take(options, "memory_budget_bytes", &out.memory_budget_bytes);
  nb::object centroids, codebook, progress, signs;
  Take(options, "centroids", &centroids);
  Take(options, "codebook", &codebook);
  Take(options, "progress", &progress);
  Take(options, "rotation_signs", &signs);
  if (signs.is_valid()) {
    const auto bytes = nb::cast<nb::bytes>(signs);
    out.rotation_signs.assign(bytes.c_str(), bytes.c_str() + bytes.size());
  }
  if (centroids.is_valid()) {
    const auto values = ValuesFromPython(centroids);
    if (values->type_id() == arrow::Type::UINT8 && values->null_count() == 0) {
      const auto& bytes = static_cast<const arrow::UInt8Array&>(*values);
      out.bit_centroids.assign(bytes.raw_values(), bytes.raw_values() + bytes.length());
    } else {
      out.centroids = FloatsOf(values);
    }
  }
  if (codebook.is_valid()) out.codebook = FloatsOf(ValuesFromPython(codebook));
  // The caller's dict keeps the callable alive.
  if (progress.is_valid()) out.progress = ProgressFromPython(progress);
  out.commit = CommitSettingsFromPython(options);
  return out;
}

// As pylance shows them.
nb::dict DetailsToPython(nb::bytes bytes) {
  const index::VectorIndexDetails details =
      Unwrap(index::ParseVectorIndexDetails({reinterpret_cast<const uint8_t*>(bytes.c_str()), bytes.size()}));
  nb::dict out;
  std::string metric(index::MetricName(details.metric));
  for (char& letter : metric) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  out["metric_type"] = metric;
  if (details.target_partition_size > 0) out["target_partition_size"] = details.target_partition_size;
  if (details.hnsw.has_value()) {
    nb::dict hnsw;
    hnsw["max_connections"] = details.hnsw->max_connections;
    hnsw["construction_ef"] = details.hnsw->construction_ef;
    hnsw["max_level"] = details.hnsw->max_level;
    out["hnsw"] = hnsw;
  }
  if (details.quantizer.has_value() && *details.quantizer != index::Quantizer::kFlat) {
    nb::dict compression;
    std::string type(index::QuantizerName(*details.quantizer));
    for (char& letter : type) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    compression["type"] = type;
    compression["num_bits"] = details.num_bits;
    if (*details.quantizer == index::Quantizer::kPq) compression["num_sub_vectors"] = details.num_sub_vectors;
    if (*details.quantizer == index::Quantizer::kRq) {
      const bool fast = details.rotation == index::RqMetadata::Rotation::kFast;
      compression["rotation_type"] = fast ? "fast" : "matrix";
    }
    out["compression"] = compression;
  }
  nb::dict hints;
  for (const auto& [name, value] : details.runtime_hints) hints[name.c_str()] = value;
  out["runtime_hints"] = hints;
  return out;
}

}  // namespace

std::function<arrow::Status(const IndexBuildProgress&)> ProgressFromPython(nb::handle callback) {
  return [callback](const IndexBuildProgress& at) { return CallProgress(callback, at); };
}

void BindVectorIndex(nb::module_& module) {
  module.def("vector_index_details", &DetailsToPython, nb::arg("bytes"));
  module.def(
      "create_vector_index",
      [](const Dataset& dataset, const std::string& column, const nb::dict& options) {
        EnsureCompute();
        const VectorIndexOptions parsed = OptionsFromPython(options);
        return Unwrap(Unlocked([&] { return CreateVectorIndex(dataset, column, parsed); }));
      },
      nb::arg("dataset"), nb::arg("column"), nb::arg("options"));
  module.def(
      "build_vector_index_segment",
      [](const Dataset& dataset, const std::string& column, const nb::dict& options) {
        EnsureCompute();
        const VectorIndexOptions parsed = OptionsFromPython(options);
        const IndexSegment segment =
            Unwrap(Unlocked([&] { return BuildVectorIndexSegment(dataset, column, parsed); }));
        return IndexToPython(*static_cast<const table::IndexMetadata*>(segment.impl().get()));
      },
      nb::arg("dataset"), nb::arg("column"), nb::arg("options"));
  module.def(
      "train_vector_model",
      [](const Dataset& dataset, const std::string& column, const nb::dict& options) {
        EnsureCompute();
        const VectorIndexOptions parsed = OptionsFromPython(options);
        const VectorModelValues model =
            Unwrap(Unlocked([&] { return TrainVectorModel(dataset, column, parsed); }));
        const auto bytes = [](const void* from, size_t size) {
          return nb::bytes(static_cast<const char*>(from), size);
        };
        const nb::bytes centroids =
            model.centroids.empty() ? bytes(model.bit_centroids.data(), model.bit_centroids.size())
                                    : bytes(model.centroids.data(), model.centroids.size() * sizeof(float));
        return nb::make_tuple(model.dimension, !model.centroids.empty(), centroids,
                              bytes(model.codebook.data(), model.codebook.size() * sizeof(float)));
      },
      nb::arg("dataset"), nb::arg("column"), nb::arg("options"));
  module.def(
      "transform_vectors",
      [](std::shared_ptr<Dataset> dataset, const std::string& column, const nb::dict& options) {
        EnsureCompute();
        const VectorIndexOptions parsed = OptionsFromPython(options);
        return StreamCapsule(Unwrap(Unlocked([&] { return TransformVectors(dataset, column, parsed); })));
      },
      nb::arg("dataset"), nb::arg("column"), nb::arg("options"));
  module.def(
      "shuffle_vectors",
      [](nb::handle codes, uint64_t num_partitions) {
        const auto reader = ImportReader(codes);
        return StreamCapsule(Unwrap(Unlocked([&] { return ShuffleVectors(*reader, num_partitions); })));
      },
      nb::arg("codes"), nb::arg("num_partitions"));
  module.def(
      "create_vector_index_from_codes",
      [](const Dataset& dataset, const std::string& column, const nb::dict& options, nb::handle codes) {
        EnsureCompute();
        const VectorIndexOptions parsed = OptionsFromPython(options);
        const auto reader = ImportReader(codes);
        return Unwrap(Unlocked([&] { return CreateVectorIndexFromCodes(dataset, column, parsed, *reader); }));
      },
      nb::arg("dataset"), nb::arg("column"), nb::arg("options"), nb::arg("codes"));
  module.def(
      "drop_index",
      [](const Dataset& dataset, const std::string& name, const nb::dict& options) {
        const CommitSettings commit = CommitSettingsFromPython(options);
        return Unwrap(Unlocked([&] { return DropIndex(dataset, name, commit); }));
      },
      nb::arg("dataset"), nb::arg("name"), nb::arg("options"));
  module.def(
      "optimize_indices",
      [](const Dataset& dataset, const nb::dict& options) {
        EnsureCompute();
        CheckKeys(options, {"num_indices_to_merge", "index_names", "retrain", "commit_lock"},
                  "optimize_indices");
        OptimizeIndicesOptions parsed;
        Take(options, "num_indices_to_merge", &parsed.num_indices_to_merge);
        Take(options, "index_names", &parsed.names);
        Take(options, "retrain", &parsed.retrain);
        parsed.commit = CommitSettingsFromPython(options);
        return Unwrap(Unlocked([&] { return OptimizeIndices(dataset, parsed); }));
      },
      nb::arg("dataset"), nb::arg("options"));
}

}  // namespace lance::python
