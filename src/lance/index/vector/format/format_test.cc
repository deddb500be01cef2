#include "lance/base/testing.h"
#include "lance/index/vector/format/details.h"
#include "lance/index/vector/format/hnsw_metadata.h"
#include "lance/index/vector/format/ivf_model.h"
#include "lance/index/vector/format/kinds.h"
#include "lance/index/vector/format/quantizer_metadata.h"

namespace lance::index {
namespace {

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

TEST(VectorIndexFormat, NamesEveryKindOnce) {
  for (const char* name :
       {"IVF_FLAT", "IVF_PQ", "IVF_SQ", "IVF_RQ", "IVF_HNSW_FLAT", "IVF_HNSW_PQ", "IVF_HNSW_SQ"}) {
    ASSERT_OK_AND_ASSIGN(VectorIndexKind kind, ParseKind(name));
    EXPECT_EQ(KindName(kind), name);
  }
  EXPECT_ERROR(ErrorKind::kNotSupported, "DISKANN", ParseKind("DISKANN").status());
}

TEST(VectorIndexFormat, ReadsTheHeaderOfAnIndexFile) {
  const std::string json = R"({"type":"IVF_HNSW_SQ","distance_type":"cosine"})";
  ASSERT_OK_AND_ASSIGN(IndexHeader header, ParseIndexHeader(json));
  EXPECT_EQ(header.kind.sub_index, SubIndex::kHnsw);
  EXPECT_EQ(header.metric, simd::Metric::kCosine);
  EXPECT_EQ(SerializeIndexHeader(header), json);
  EXPECT_ERROR(ErrorKind::kCorruption, "distance_type", ParseIndexHeader("{}").status());
}

TEST(IvfModel, ReadsBackAsItWas) {
  IvfModel model;
  const std::vector<float> centroids = {1, 2, 3, 4, 5, 6};
  model.centroids = Tensor::FromFloats(centroids, 3);
  model.AddPartition(5);
  model.AddPartition(7);
  model.loss = 2.5;
  ASSERT_OK_AND_ASSIGN(IvfModel parsed, ParseIvfModel(Bytes(SerializeIvfModel(model))));
  EXPECT_EQ(parsed, model);
  EXPECT_EQ(parsed.rows(1).start, 5u);
  ASSERT_OK(parsed.CheckRows(12));
  EXPECT_ERROR(ErrorKind::kCorruption, "partition 1", parsed.CheckRows(11));
}

TEST(IvfModel, RefusesPartsThatDisagree) {
  IvfModel model;
  model.lengths = {1, 2};
  model.offsets = {0};
  EXPECT_ERROR(ErrorKind::kCorruption, "1 offsets but 2 lengths",
               ParseIvfModel(Bytes(SerializeIvfModel(model))).status());
  model.offsets = {0, 1};
  model.centroids = Tensor{simd::Element::kFloat32, 2, 3, std::string(20, 'x')};
  EXPECT_ERROR(ErrorKind::kCorruption, "20 bytes instead of 24",
               ParseIvfModel(Bytes(SerializeIvfModel(model))).status());
}

TEST(QuantizerMetadata, ReadsBackAsItWas) {
  PqMetadata pq;
  pq.codebook_position = 2;
  pq.num_bits = 4;
  pq.num_sub_vectors = 8;
  pq.dimension = 32;
  RqMetadata rq;
  rq.code_dimension = 16;
  rq.rotation_signs = std::vector<uint8_t>{1, 2, 3, 4, 5, 6, 7, 255};
  const std::vector<std::pair<Quantizer, QuantizerMetadata>> cases = {
      {Quantizer::kFlat, FlatMetadata{32}},
      {Quantizer::kPq, pq},
      {Quantizer::kSq, SqMetadata{32, 8, -4.494117259979248, 5}},
      {Quantizer::kRq, rq}};
  for (const auto& [quantizer, metadata] : cases) {
    ASSERT_OK_AND_ASSIGN(QuantizerMetadata parsed,
                         ParseStorageMetadata(quantizer, SerializeStorageMetadata(metadata)));
    EXPECT_EQ(parsed, metadata) << SerializeQuantizer(metadata);
  }
}

TEST(QuantizerMetadata, ReadsOldRqMetadataAsWhatItMeant) {
  ASSERT_OK_AND_ASSIGN(
      QuantizerMetadata parsed,
      ParseStorageMetadata(Quantizer::kRq,
                           R"(["{\"rotate_mat_position\":2,\"num_bits\":1,\"packed\":true}"])"));
  const auto& rq = std::get<RqMetadata>(parsed);
  EXPECT_EQ(rq.rotation, RqMetadata::Rotation::kMatrix);
  EXPECT_EQ(rq.estimator, RqMetadata::Estimator::kResidualQuery);
}

TEST(QuantizerMetadata, RefusesWhatCannotBe) {
  auto parse = [](Quantizer quantizer, const char* json) {
    return ParseStorageMetadata(quantizer, "[" + std::string(json) + "]").status();
  };
  EXPECT_ERROR(ErrorKind::kCorruption, "3 sub-vectors of 32",
               parse(Quantizer::kPq, R"("{\"nbits\":8,\"num_sub_vectors\":3,\"dimension\":32}")"));
  EXPECT_ERROR(ErrorKind::kNotSupported, "6 bits",
               parse(Quantizer::kPq, R"("{\"nbits\":6,\"num_sub_vectors\":4,\"dimension\":32}")"));
  EXPECT_ERROR(ErrorKind::kCorruption, "'dim'", parse(Quantizer::kFlat, R"("{\"dim\":-1}")"));
  EXPECT_ERROR(ErrorKind::kCorruption, "no list", parse(Quantizer::kFlat, "1"));
}

TEST(HnswMetadata, ReadsBackAsItWas) {
  HnswMetadata metadata;
  metadata.entry_point = 3;
  metadata.level_offsets = {0, 10, 12, 12, 12, 12, 12, 12};
  const std::string json = SerializeHnswMetadata({metadata, metadata});
  ASSERT_OK_AND_ASSIGN(std::vector<HnswMetadata> parsed, ParseHnswMetadata(json));
  EXPECT_EQ(parsed, (std::vector<HnswMetadata>{metadata, metadata}));
  ASSERT_OK_AND_ASSIGN(parsed, ParseHnswMetadata(R"([""])"));
  EXPECT_EQ(parsed[0].num_levels(), 0u);
  EXPECT_EQ(SerializeFlatPartitions(2), R"(["",""])");
}

TEST(VectorIndexDetails, ReadsBackAsItWas) {
  VectorIndexDetails details;
  details.metric = simd::Metric::kDot;
  details.quantizer = Quantizer::kPq;
  details.num_bits = 8;
  details.num_sub_vectors = 16;
  details.hnsw.emplace();
  details.runtime_hints["a.b"] = "c";
  ASSERT_OK_AND_ASSIGN(VectorIndexDetails parsed,
                       ParseVectorIndexDetails(Bytes(SerializeVectorIndexDetails(details))));
  EXPECT_EQ(parsed, details);
}

}  // namespace
}  // namespace lance::index
