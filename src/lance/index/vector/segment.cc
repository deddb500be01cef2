#include "lance/index/vector/segment.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include <arrow/api.h>

#include "lance/file/file_reader.h"
#include "lance/index/row_moves.h"
#include "lance/index/vector/format/names.h"
#include "lance/runtime/session.h"
#include "lance/simd/codewords.h"
#include "lance/store/object_store.h"
#include "lance/table/bases.h"

namespace lance::index {
namespace {

// Far more than any index has; keeps what a hostile file makes us allocate in proportion to its size.
constexpr uint64_t kMaxDimension = 1 << 24;

Result<std::string> Metadata(const file::FileReader& file, const char* key) {
  const schema::Metadata& metadata = file.schema().metadata;
  const auto found = metadata.find(key);
  LANCE_CHECK_BYTES(found != metadata.end(), "schema metadata '{}' is missing", key);
  return found->second;
}

Result<std::shared_ptr<arrow::Buffer>> GlobalBuffer(const file::FileReader& file, uint64_t number) {
  const size_t count = file.global_buffers().size();
  LANCE_CHECK_BYTES(number < count, "global buffer {} does not exist: there are {}", number, count);
  return file.ReadGlobalBuffer(static_cast<int>(number));
}

std::span<const uint8_t> Bytes(const arrow::Buffer& buffer) {
  return {buffer.data(), static_cast<size_t>(buffer.size())};
}

// The partitions of a file; `has_rows`: that are rows of this file.
Result<IvfModel> ReadIvf(const file::FileReader& file, bool has_rows) {
  ARROW_ASSIGN_OR_RAISE(std::string number, Metadata(file, kIvfKey));
  LANCE_CHECK_BYTES(
      !number.empty() && number.size() < 6 && number.find_first_not_of("0123456789") == std::string::npos,
      "schema metadata '{}' is '{}'", kIvfKey, number);
  ARROW_ASSIGN_OR_RAISE(auto buffer, GlobalBuffer(file, std::stoul(number)));
  ARROW_ASSIGN_OR_RAISE(IvfModel model, ParseIvfModel(Bytes(*buffer)));
  if (has_rows) ARROW_RETURN_NOT_OK(model.CheckRows(file.num_rows()));
  return model;
}

Result<simd::Element> ElementOf(const arrow::DataType& type, const char* column) {
  switch (type.id()) {
    case arrow::Type::HALF_FLOAT:
      return simd::Element::kFloat16;
    case arrow::Type::FLOAT:
      return simd::Element::kFloat32;
    case arrow::Type::DOUBLE:
      return simd::Element::kFloat64;
    case arrow::Type::UINT8:
      return simd::Element::kUInt8;
    case arrow::Type::FIXED_SIZE_BINARY:
      if (type.byte_width() == 2) return simd::Element::kBFloat16;
      [[fallthrough]];
    default:
      return NotSupported("column {} with elements of {} in a vector index", column, type.ToString());
  }
}

Result<const schema::Field*> FindColumn(const file::FileReader& file, std::string_view name) {
  const schema::Field* field = file.schema().FindTopLevel(name);
  LANCE_CHECK_BYTES(field != nullptr, "column {} is missing", name);
  return field;
}

// The type of a column of fixed-size lists, which must have `width` elements.
Result<std::shared_ptr<arrow::DataType>> ListColumn(const file::FileReader& file, std::string_view name,
                                                    uint64_t width) {
  ARROW_ASSIGN_OR_RAISE(const schema::Field* field, FindColumn(file, name));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::DataType> type, field->ArrowType());
  LANCE_CHECK_BYTES(type->id() == arrow::Type::FIXED_SIZE_LIST, "column {} is {}, no fixed-size list", name,
                    type->ToString());
  const auto& list = static_cast<const arrow::FixedSizeListType&>(*type);
  LANCE_CHECK_BYTES(static_cast<uint64_t>(list.list_size()) == width,
                    "column {} has {} values a row instead of {}", name, list.list_size(), width);
  return list.value_type();
}

}  // namespace

VectorSegment::~VectorSegment() = default;

bool VectorSegment::uses_residuals() const {
  return header_.kind.quantizer == Quantizer::kPq && header_.metric != simd::Metric::kDot;
}

Result<std::shared_ptr<const VectorSegment>> VectorSegment::Open(const table::Snapshot& snapshot,
                                                                 const table::IndexMetadata& index) {
  return snapshot.session()->index_cache().GetOrLoad<VectorSegment>(
      "vector/" + index.uuid,
      [&]() -> Result<std::shared_ptr<const VectorSegment>> {
        return WithContext(OpenFiles(snapshot, index),
                           fmt::format("opening vector index '{}' ({})", index.name, index.uuid));
      },
      [](const VectorSegment& segment) { return segment.memory_bytes(); });
}

Result<std::shared_ptr<const VectorSegment>> VectorSegment::OpenFiles(const table::Snapshot& snapshot,
                                                                      const table::IndexMetadata& index) {
  ARROW_ASSIGN_OR_RAISE(table::ObjectPlace folder, snapshot.IndexFolder(index));
  std::shared_ptr<VectorSegment> segment(new VectorSegment());
  segment->uuid_ = index.uuid;
  auto index_file = IndexFile::Open(folder, kIndexFile);
  if (!index_file.ok() && Is(index_file.status(), ErrorKind::kCorruption)) {
    return NotSupported("vector indices of releases before 0.20 ({} is no Lance 2 file: {})", kIndexFile,
                        index_file.status().message());
  }
  ARROW_ASSIGN_OR_RAISE(segment->index_file_, std::move(index_file));
  if (segment->index_file_->reader().version().is_legacy()) {
    return NotSupported("vector indices in files of version {}",
                        segment->index_file_->reader().version().ToString());
  }
  ARROW_RETURN_NOT_OK(WithContext(segment->ReadIndexFile(), kIndexFile));
  ARROW_ASSIGN_OR_RAISE(segment->auxiliary_file_, IndexFile::Open(folder, kAuxiliaryFile));
  ARROW_RETURN_NOT_OK(WithContext(segment->ReadAuxiliaryFile(), kAuxiliaryFile));
  ARROW_RETURN_NOT_OK(WithContext(segment->CheckColumns(), kAuxiliaryFile));
  return segment;
}

Status VectorSegment::ReadIndexFile() {
  ARROW_ASSIGN_OR_RAISE(std::string json, Metadata(index_file_->reader(), kIndexKey));
  ARROW_ASSIGN_OR_RAISE(header_, ParseIndexHeader(json));
  if (index_file_->schema().metadata.contains(kPcaKey)) {
    return NotSupported("vector indices with a PCA transform");
  }
  // Where there are no graphs the file has no rows, but merged segments of the reference repeat the
  // partitions'.
  ARROW_ASSIGN_OR_RAISE(graph_rows_,
                        ReadIvf(index_file_->reader(), header_.kind.sub_index == SubIndex::kHnsw));
  LANCE_CHECK_BYTES(graph_rows_.centroids.has_value(), "the IVF model has no centroids");
  stored_centroids_ = std::move(*graph_rows_.centroids);
  graph_rows_.centroids.reset();
  dimension_ = stored_centroids_.columns;
  LANCE_CHECK_BYTES(dimension_ > 0 && dimension_ <= kMaxDimension, "the centroids have {} dimensions",
                    dimension_);
  loss_ = graph_rows_.loss;
  centroids_ = stored_centroids_.ToFloats();
  if (header_.kind.sub_index == SubIndex::kHnsw) {
    ARROW_ASSIGN_OR_RAISE(json, Metadata(index_file_->reader(), kHnswKey));
    ARROW_ASSIGN_OR_RAISE(graphs_, ParseHnswMetadata(json));
    LANCE_CHECK_BYTES(graphs_.size() == graph_rows_.num_partitions(), "{} has {} entries for {} partitions",
                      kHnswKey, graphs_.size(), graph_rows_.num_partitions());
  }
  return Status::OK();
}

Status VectorSegment::ReadAuxiliaryFile() {
  ARROW_ASSIGN_OR_RAISE(rows_, ReadIvf(auxiliary_file_->reader(), true));
  LANCE_CHECK_BYTES(rows_.num_partitions() == stored_centroids_.rows,
                    "there are {} partitions but {} centroids in {}", rows_.num_partitions(),
                    stored_centroids_.rows, kIndexFile);
  LANCE_CHECK_BYTES(header_.kind.sub_index == SubIndex::kFlat || graphs_.size() == rows_.num_partitions(),
                    "there are {} partitions but {} graphs in {}", rows_.num_partitions(), graphs_.size(),
                    kIndexFile);
  ARROW_ASSIGN_OR_RAISE(std::string json, Metadata(auxiliary_file_->reader(), kStorageMetadataKey));
  ARROW_ASSIGN_OR_RAISE(quantizer_.metadata, ParseStorageMetadata(header_.kind.quantizer, json));
  if (header_.kind.quantizer == Quantizer::kPq) return ReadCodebook();
  if (header_.kind.quantizer == Quantizer::kRq) return ReadRotation();
  return Status::OK();
}

Status VectorSegment::ReadCodebook() {
  const PqMetadata& pq = quantizer_.pq();
  LANCE_CHECK_BYTES(pq.dimension == dimension_, "the quantizer has {} dimensions, the centroids {}",
                    pq.dimension, dimension_);
  Tensor codebook;
  if (pq.codebook_position > 0) {
    ARROW_ASSIGN_OR_RAISE(auto buffer, GlobalBuffer(auxiliary_file_->reader(), pq.codebook_position));
    ARROW_ASSIGN_OR_RAISE(codebook, ParseTensor(Bytes(*buffer)));
  } else {
    const auto* bytes = reinterpret_cast<const uint8_t*>(pq.inline_codebook.data());
    ARROW_ASSIGN_OR_RAISE(codebook, ParseTensor({bytes, pq.inline_codebook.size()}));
  }
  const uint64_t codewords = uint64_t{1} << pq.num_bits;
  LANCE_CHECK_BYTES(codebook.rows * codebook.columns == codewords * pq.dimension,
                    "the codebook has {} x {} values instead of {} x {}", codebook.rows, codebook.columns,
                    codewords, pq.dimension);
  quantizer_.codewords = codebook.ToFloats();
  quantizer_.codebook.resize(quantizer_.codewords.size());
  const uint64_t sub_dim = pq.sub_dimension();
  for (uint64_t m = 0; m < pq.num_sub_vectors; ++m) {
    const float* from = quantizer_.codewords.data() + m * codewords * sub_dim;
    float* to = quantizer_.codebook.data() + m * codewords * sub_dim;
    for (uint64_t c = 0; c < codewords; ++c) {
      for (uint64_t d = 0; d < sub_dim; ++d) to[d * codewords + c] = from[c * sub_dim + d];
    }
  }
  if (HasPqTerms()) PrepareTerms();
  return Status::OK();
}

bool VectorSegment::HasPqTerms() const {
  // Tables of 16 entries are made as quickly as they are gone without.
  return header_.kind.quantizer == Quantizer::kPq && header_.kind.sub_index == SubIndex::kFlat &&
         uses_residuals() && quantizer_.pq().num_bits == 8;
}

void VectorSegment::PrepareTerms() {
  const PqMetadata& pq = quantizer_.pq();
  const uint64_t codewords = uint64_t{1} << pq.num_bits, sub_dim = pq.sub_dimension();
  quantizer_.squares.resize(pq.num_sub_vectors * codewords);
  const std::vector<float> zero(dimension_);
  simd::CodewordDistances(simd::CodewordMetric::kL2, zero.data(), 1, quantizer_.codebook.data(),
                          pq.num_sub_vectors, sub_dim, codewords, quantizer_.squares.data());
  for (uint64_t m = 0; m < pq.num_sub_vectors; ++m) {
    const auto first = quantizer_.squares.begin() + static_cast<ptrdiff_t>(m * codewords);
    quantizer_.longest.push_back(
        std::sqrt(*std::max_element(first, first + static_cast<ptrdiff_t>(codewords))));
  }
  std::vector<double> sum(dimension_);
  const size_t count = num_partitions();
  for (size_t p = 0; p < count; ++p) {
    for (size_t d = 0; d < dimension_; ++d) sum[d] += centroids_[p * dimension_ + d];
  }
  for (const double value : sum) {
    quantizer_.middle.push_back(static_cast<float>(value / static_cast<double>(count)));
  }
}

Status VectorSegment::ReadRotation() {
  const RqMetadata& rq = quantizer_.rq();
  quantizer_.code_dimension = rq.code_dimension;
  if (rq.rotation == RqMetadata::Rotation::kMatrix) {
    ARROW_ASSIGN_OR_RAISE(auto buffer, GlobalBuffer(auxiliary_file_->reader(), *rq.matrix_position));
    ARROW_ASSIGN_OR_RAISE(Tensor matrix, ParseTensor(Bytes(*buffer)));
    if (quantizer_.code_dimension == 0) quantizer_.code_dimension = matrix.rows;
    LANCE_CHECK_BYTES(matrix.rows == quantizer_.code_dimension && matrix.columns == matrix.rows,
                      "the rotation has {} x {} values for codes of {} dimensions", matrix.rows,
                      matrix.columns, quantizer_.code_dimension);
    quantizer_.rotation = matrix.ToFloats();
  }
  LANCE_CHECK_BYTES(quantizer_.code_dimension % 8 == 0 && quantizer_.code_dimension >= dimension_,
                    "codes of {} dimensions for vectors of {}", quantizer_.code_dimension, dimension_);
  return Status::OK();
}

// Partitions are read without looking at types again.
Status VectorSegment::CheckColumns() const {
  ARROW_ASSIGN_OR_RAISE(const schema::Field* row_ids, FindColumn(auxiliary_file_->reader(), kRowIdColumn));
  LANCE_CHECK_BYTES(row_ids->logical_type == "uint64", "column {} is {}", kRowIdColumn,
                    row_ids->logical_type);
  const char* column = CodeColumn(header_.kind.quantizer).data();
  uint64_t width = dimension_;
  if (header_.kind.quantizer == Quantizer::kFlat) {
    ARROW_ASSIGN_OR_RAISE(auto type, ListColumn(auxiliary_file_->reader(), column, width));
    ARROW_ASSIGN_OR_RAISE(simd::Element element, ElementOf(*type, column));
    const_cast<VectorSegment*>(this)->element_ = element;
    LANCE_CHECK_BYTES((element == simd::Element::kUInt8) == (header_.metric == simd::Metric::kHamming),
                      "column {} of {} with distance type {}", column, type->ToString(),
                      MetricName(header_.metric));
    return Status::OK();
  }
  LANCE_CHECK_BYTES(header_.metric != simd::Metric::kHamming, "{} with distance type hamming",
                    KindName(header_.kind));
  if (header_.kind.quantizer == Quantizer::kPq) width = quantizer_.pq().code_bytes();
  if (header_.kind.quantizer == Quantizer::kRq) width = quantizer_.code_dimension / 8;
  if (header_.kind.quantizer == Quantizer::kSq) {
    LANCE_CHECK_BYTES(quantizer_.sq().dimension == dimension_,
                      "the quantizer has {} dimensions instead of {}", quantizer_.sq().dimension, dimension_);
  }
  ARROW_ASSIGN_OR_RAISE(auto type, ListColumn(auxiliary_file_->reader(), column, width));
  LANCE_CHECK_BYTES(type->id() == arrow::Type::UINT8, "column {} has elements of {}", column,
                    type->ToString());
  return Status::OK();
}

uint64_t VectorSegment::memory_bytes() const {
  return sizeof(*this) + stored_centroids_.data.size() + rows_.lengths.size() * 24 +
         4 * (centroids_.size() + quantizer_.codebook.size() * 2 + quantizer_.squares.size() +
              quantizer_.rotation.size()) +
         graphs_.size() * (sizeof(HnswMetadata) + 64);
}

bool VectorSegment::TakeKnown(std::span<const uint32_t> partitions, runtime::Cache* cache,
                              std::vector<std::shared_ptr<const Partition>>* out) const {
  if (cache->has_evicted()) return false;
  std::unique_lock lock(known_mutex_, std::try_to_lock);
  if (!lock.owns_lock() || known_.empty()) return false;
  uint64_t hits = 0;
  for (size_t i = 0; i < partitions.size(); ++i) {
    (*out)[i] = known_[partitions[i]].lock();
    hits += (*out)[i] != nullptr ? 1 : 0;
  }
  lock.unlock();
  cache->CountHits(hits);
  return hits == partitions.size();
}

void VectorSegment::KeepKnown(std::span<const uint32_t> partitions,
                              std::span<const std::shared_ptr<const Partition>> loaded) const {
  const std::unique_lock lock(known_mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return;
  known_.resize(num_partitions());
  for (size_t i = 0; i < partitions.size(); ++i) known_[partitions[i]] = loaded[i];
}

Result<std::vector<std::shared_ptr<const Partition>>> VectorSegment::Load(
    std::span<const uint32_t> partitions, const RowMoves* moves, runtime::Cache* cache) const {
  std::vector<std::shared_ptr<const Partition>> out(partitions.size());
  if (moves == nullptr && TakeKnown(partitions, cache, &out)) return out;
  std::vector<size_t> missing;
  const auto key = [&](uint32_t partition) {
    return fmt::format("vector/{}/{}/{}", uuid_, partition, moves == nullptr ? std::string() : moves->key());
  };
  for (size_t i = 0; i < partitions.size(); ++i) {
    if (out[i] == nullptr) {
      out[i] = std::static_pointer_cast<const Partition>(cache->Find(key(partitions[i])));
    }
    if (out[i] == nullptr) missing.push_back(i);
  }
  if (!missing.empty()) {
    std::vector<uint32_t> wanted;
    for (const size_t i : missing) wanted.push_back(partitions[i]);
    auto read = Read(wanted, moves);
    if (!read.ok()) {
      return WithContext(read.status(), fmt::format("reading partitions of vector index {}", uuid_));
    }
    for (size_t i = 0; i < missing.size(); ++i) {
      const std::string name = key(wanted[i]);
      std::shared_ptr<const Partition> partition = std::move((*read)[i]);
      cache->Insert(name, partition, partition->memory_bytes() + name.size() + 64);
      out[missing[i]] = std::move(partition);
    }
  }
  if (moves == nullptr) KeepKnown(partitions, out);
  return out;
}

}  // namespace lance::index
