#include "lance/index/vector/build/vector_rows.h"

#include <cmath>
#include <cstring>

#include <arrow/api.h>
#include <arrow/util/float16.h>

#include "lance/index/vector/format/tensor.h"

namespace lance::index {
namespace {

using arrow::util::Float16;

const arrow::DataType& StorageOf(const arrow::DataType& type) {
  if (type.id() != arrow::Type::EXTENSION) return type;
  return *static_cast<const arrow::ExtensionType&>(type).storage_type();
}

const arrow::Array& StorageOf(const arrow::Array& array) {
  if (array.type_id() != arrow::Type::EXTENSION) return array;
  return *static_cast<const arrow::ExtensionArray&>(array).storage();
}

double Load(simd::Element element, const uint8_t* from) {
  switch (element) {
    case simd::Element::kFloat16: {
      uint16_t bits;
      std::memcpy(&bits, from, 2);
      return Float16::FromBits(bits).ToFloat();
    }
    case simd::Element::kFloat64: {
      double value;
      std::memcpy(&value, from, 8);
      return value;
    }
    default: {
      float value;
      std::memcpy(&value, from, 4);
      return value;
    }
  }
}

void Store(simd::Element element, double value, uint8_t* to) {
  if (element == simd::Element::kFloat16) {
    const uint16_t bits = Float16::FromDouble(value).bits();
    std::memcpy(to, &bits, 2);
  } else if (element == simd::Element::kFloat64) {
    std::memcpy(to, &value, 8);
  } else {
    const auto narrow = static_cast<float>(value);
    std::memcpy(to, &narrow, 4);
  }
}

class Reader {
 public:
  Reader(const VectorType& type, const VectorRowsOptions& options, size_t rows)
      : type_(type), options_(options) {
    out_.row_ids.reserve(rows);
    if (type.element != simd::Element::kUInt8) out_.values.reserve(rows * type.dim);
    if (options.keep_stored) out_.stored.reserve(rows * type.dim * type.element_bytes());
  }

  // Vectors [first, first + count) of `vectors`, all of row `row_id`.
  Status Add(const arrow::FixedSizeListArray& vectors, int64_t first, int64_t count, uint64_t row_id) {
    const arrow::Array& elements = *vectors.values();
    const auto* bytes = elements.data()->GetValues<uint8_t>(1, 0);
    for (int64_t i = first; i < first + count; ++i) {
      if (vectors.IsNull(i)) continue;
      const int64_t at = vectors.value_offset(i);
      if (elements.null_count() > 0 && HasNull(elements, at)) continue;
      AddOne(bytes + (elements.offset() + at) * static_cast<int64_t>(type_.element_bytes()), row_id);
    }
    return Status::OK();
  }

  VectorRows Finish() { return std::move(out_); }

 private:
  bool HasNull(const arrow::Array& elements, int64_t at) const {
    for (size_t k = 0; k < type_.dim; ++k) {
      if (elements.IsNull(at + static_cast<int64_t>(k))) return true;
    }
    return false;
  }

  void AddOne(const uint8_t* from, uint64_t row_id) {
    const size_t bytes = type_.dim * type_.element_bytes();
    if (type_.element != simd::Element::kUInt8) {
      const size_t start = out_.values.size();
      out_.values.resize(start + type_.dim);
      float* to = out_.values.data() + start;
      double norm = 1;
      if (!Convert(from, to, &norm)) {
        out_.values.resize(start);
        return;
      }
      if (options_.keep_stored) AddStored(from, norm);
    } else if (options_.keep_stored) {
      out_.stored.insert(out_.stored.end(), from, from + bytes);
    }
    out_.row_ids.push_back(row_id);
  }

  // Writes the vector as float32; false when it is left out.
  bool Convert(const uint8_t* from, float* to, double* norm) const {
    if (type_.element == simd::Element::kFloat32) {
      std::memcpy(to, from, type_.dim * sizeof(float));
    } else {
      const size_t width = type_.element_bytes();
      for (size_t k = 0; k < type_.dim; ++k)
        to[k] = static_cast<float>(Load(type_.element, from + k * width));
    }
    // A sum is not finite when a value is not; it may overflow when none is.
    float sum = 0;
    for (size_t k = 0; k < type_.dim; ++k) sum += to[k] * to[k];
    double squared = sum;
    if (!std::isfinite(sum)) {
      squared = 0;
      for (size_t k = 0; k < type_.dim; ++k) {
        if (!std::isfinite(to[k])) return false;
        squared += static_cast<double>(to[k]) * to[k];
      }
    }
    if (!options_.normalize) return true;
    if (!(squared > 0)) return false;
    *norm = std::sqrt(squared);
    const auto scale = static_cast<float>(1 / *norm);
    for (size_t k = 0; k < type_.dim; ++k) to[k] *= scale;
    return true;
  }

  void AddStored(const uint8_t* from, double norm) {
    const size_t width = type_.element_bytes(), start = out_.stored.size();
    if (!options_.normalize) {
      out_.stored.insert(out_.stored.end(), from, from + type_.dim * width);
      return;
    }
    out_.stored.resize(start + type_.dim * width);
    for (size_t k = 0; k < type_.dim; ++k) {
      Store(type_.element, Load(type_.element, from + k * width) / norm,
            out_.stored.data() + start + k * width);
    }
  }

  VectorType type_;
  VectorRowsOptions options_;
  VectorRows out_;
};

}  // namespace

void VectorRows::Append(const VectorRows& rows) {
  row_ids.insert(row_ids.end(), rows.row_ids.begin(), rows.row_ids.end());
  values.insert(values.end(), rows.values.begin(), rows.values.end());
  stored.insert(stored.end(), rows.stored.begin(), rows.stored.end());
}

size_t VectorType::element_bytes() const { return ElementSize(element); }

Result<VectorType> VectorTypeOf(const arrow::DataType& type) {
  const arrow::DataType* storage = &StorageOf(type);
  VectorType out;
  if (storage->id() == arrow::Type::LIST) {
    out.multi = true;
    storage = &StorageOf(*static_cast<const arrow::ListType*>(storage)->value_type());
  }
  LANCE_CHECK_ARG(storage->id() == arrow::Type::FIXED_SIZE_LIST,
                  "a vector index needs a column of fixed-size lists, got {}", type.ToString());
  const auto& list = static_cast<const arrow::FixedSizeListType&>(*storage);
  LANCE_CHECK_ARG(list.list_size() > 0, "a vector index needs at least one dimension, got {}",
                  type.ToString());
  out.dim = static_cast<size_t>(list.list_size());
  switch (list.value_type()->id()) {
    case arrow::Type::HALF_FLOAT:
      out.element = simd::Element::kFloat16;
      return out;
    case arrow::Type::FLOAT:
      out.element = simd::Element::kFloat32;
      return out;
    case arrow::Type::DOUBLE:
      out.element = simd::Element::kFloat64;
      return out;
    case arrow::Type::UINT8:
      out.element = simd::Element::kUInt8;
      return out;
    default:
      return NotSupported("a vector index over elements of type {}", list.value_type()->ToString());
  }
}

Result<VectorRows> ReadVectorRows(const arrow::Array& column, const arrow::Array* row_ids,
                                  const VectorType& type, const VectorRowsOptions& options) {
  const arrow::Array& storage = StorageOf(column);
  Reader reader(type, options, static_cast<size_t>(storage.length()));
  const auto id_of = [&](int64_t row) {
    return row_ids == nullptr ? static_cast<uint64_t>(row)
                              : static_cast<const arrow::UInt64Array*>(row_ids)->Value(row);
  };
  if (!type.multi) {
    const auto& vectors = static_cast<const arrow::FixedSizeListArray&>(storage);
    for (int64_t row = 0; row < vectors.length(); ++row)
      ARROW_RETURN_NOT_OK(reader.Add(vectors, row, 1, id_of(row)));
    return reader.Finish();
  }
  const auto& lists = static_cast<const arrow::ListArray&>(storage);
  const arrow::Array& inner = StorageOf(*lists.values());
  const auto& vectors = static_cast<const arrow::FixedSizeListArray&>(inner);
  for (int64_t row = 0; row < lists.length(); ++row) {
    if (lists.IsNull(row)) continue;
    ARROW_RETURN_NOT_OK(reader.Add(vectors, lists.value_offset(row), lists.value_length(row), id_of(row)));
  }
  return reader.Finish();
}

}  // namespace lance::index
