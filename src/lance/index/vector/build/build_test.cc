#include <algorithm>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "lance/index/vector/build/hnsw_builder.h"
#include "lance/index/vector/build/pq_encoder.h"
#include "lance/index/vector/build/rq_encoder.h"
#include "lance/index/vector/build/rq_layout.h"
#include "lance/index/vector/build/shuffle.h"
#include "lance/index/vector/build/vector_rows.h"
#include "lance/runtime/thread_pool.h"
#include "lance/simd/rabitq.h"

namespace lance::index {
namespace {

std::vector<float> Random(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> out(count);
  for (float& value : out) value = normal(random);
  return out;
}

TEST(Shuffle, GivesRecordsBackInOrderWithAndWithoutAFile) {
  for (const uint64_t budget : {uint64_t{1} << 30, uint64_t{0}}) {
    Shuffle shuffle(7, 12, budget);
    std::mt19937 random(1);
    std::vector<std::vector<uint8_t>> expected(7);
    for (int batch = 0; batch < 20; ++batch) {
      std::vector<uint32_t> partitions(301);
      std::vector<uint8_t> records(301 * 12);
      for (size_t i = 0; i < partitions.size(); ++i) {
        partitions[i] = random() % 6;  // partition 6 stays empty
        for (size_t byte = 0; byte < 12; ++byte) records[i * 12 + byte] = static_cast<uint8_t>(random());
        auto& of = expected[partitions[i]];
        of.insert(of.end(), records.begin() + i * 12, records.begin() + i * 12 + 12);
      }
      ASSERT_TRUE(shuffle.Append(partitions, records.data()).ok());
    }
    ASSERT_TRUE(shuffle.Finish().ok());
    EXPECT_EQ(shuffle.spilled(), budget == 0);
    for (size_t p = 0; p < 7; ++p) {
      ASSERT_EQ(shuffle.counts()[p] * 12, expected[p].size());
      std::vector<uint8_t> got(expected[p].size());
      ASSERT_TRUE(shuffle.Read(p, got.data()).ok());
      EXPECT_EQ(got, expected[p]) << "partition " << p;
    }
  }
}

TEST(VectorRows, LeavesOutNullsAndWhatIsNotFinite) {
  auto values = std::make_shared<arrow::FloatBuilder>();
  arrow::FixedSizeListBuilder lists(arrow::default_memory_pool(), values, 2);
  const auto add = [&](float a, float b) {
    ASSERT_TRUE(lists.Append().ok());
    ASSERT_TRUE(values->Append(a).ok());
    ASSERT_TRUE(values->Append(b).ok());
  };
  add(3, 4);
  ASSERT_TRUE(lists.AppendNull().ok());
  add(1, NAN);
  add(INFINITY, 0);
  add(0, 0);
  add(0, 2);
  const auto column = lists.Finish().ValueOrDie();
  const VectorType type = VectorTypeOf(*column->type()).ValueOrDie();
  EXPECT_EQ(type.dim, 2u);
  const VectorRows plain = ReadVectorRows(*column, nullptr, type, {}).ValueOrDie();
  EXPECT_EQ(plain.row_ids, (std::vector<uint64_t>{0, 4, 5}));
  const VectorRows unit = ReadVectorRows(*column->Slice(0), nullptr, type, {.normalize = true}).ValueOrDie();
  EXPECT_EQ(unit.row_ids, (std::vector<uint64_t>{0, 5}));
  EXPECT_FLOAT_EQ(unit.values[0], 0.6f);
  EXPECT_FLOAT_EQ(unit.values[3], 1.0f);
}

TEST(PqEncoder, CodesAreTheNearestCodewords) {
  const size_t rows = 600, dim = 8;
  const auto data = Random(rows * dim, 1);
  for (const uint32_t bits : {4u, 8u}) {
    PqEncoderSettings settings;
    settings.shape = {dim, 4, bits};
    settings.codebook = TrainCodebook(data.data(), rows, settings.shape, {}).ValueOrDie();
    const auto codebook = settings.codebook;
    const auto shape = settings.shape;
    const auto encoder = MakePqEncoder(std::move(settings));
    const std::vector<uint32_t> partitions(rows, 0);
    std::vector<uint8_t> records(rows * encoder->record_bytes());
    ASSERT_TRUE(encoder->Encode({data.data(), nullptr, partitions.data(), rows}, records.data()).ok());
    std::vector<float> decoded(rows * dim);
    DecodePq(shape, codebook, records, rows, decoded.data());
    double error = 0;
    for (size_t i = 0; i < decoded.size(); ++i) error += (decoded[i] - data[i]) * (decoded[i] - data[i]);
    EXPECT_LT(error / decoded.size(), bits == 8 ? 0.06 : 0.25);
  }
}

TEST(RotateFast, KeepsLengths) {
  for (const size_t dim : {8, 16, 24, 96, 128, 768}) {
    auto v = Random(dim, 5);
    const auto signs = MakeRotationSigns(dim, 3);
    const double before = std::inner_product(v.begin(), v.end(), v.begin(), 0.0);
    simd::RotateFast(v.data(), dim, signs.data());
    const double after = std::inner_product(v.begin(), v.end(), v.begin(), 0.0);
    EXPECT_NEAR(after / before, 1, 1e-4) << "dim " << dim;
  }
}

// Parses a record as a reader would: the estimate of the distance to a query from add + scale <q, code>.
TEST(RqEncoder, FactorsEstimateDistances) {
  const size_t dim = 64;
  RqSettings settings;
  settings.dim = dim;
  settings.num_bits = 1;
  settings.signs = MakeRotationSigns(dim, 1);
  settings.centroids = Random(dim, 2);
  const auto centroid = settings.centroids;
  const auto signs = settings.signs;
  const auto encoder = MakeRqEncoder(std::move(settings)).ValueOrDie();
  const auto v = Random(dim, 3), q = Random(dim, 4);
  const uint32_t partition = 0;
  std::vector<uint8_t> record(encoder->record_bytes());
  ASSERT_TRUE(encoder->Encode({v.data(), nullptr, &partition, 1}, record.data()).ok());
  float factors[3];
  std::memcpy(factors, record.data() + dim / 8, sizeof(factors));
  auto rotated = q;
  simd::RotateFast(rotated.data(), dim, signs.data());
  float product = 0, base = 0, exact = 0;
  for (size_t k = 0; k < dim; ++k) {
    product += rotated[k] * ((record[k / 8] >> (k % 8) & 1) != 0 ? 0.5f : -0.5f);
    base += (q[k] - centroid[k]) * (q[k] - centroid[k]);
    exact += (q[k] - v[k]) * (q[k] - v[k]);
  }
  const float query_length = std::sqrt(base);
  EXPECT_NEAR(base + factors[0] + factors[1] * product, exact, 2 * factors[2] * query_length);
}

TEST(RqLayout, PacksWithoutLoss) {
  const size_t count = 70, width = 3;
  std::vector<uint8_t> codes(count * width);
  std::iota(codes.begin(), codes.end(), uint8_t{0});
  const auto packed = PackSignCodes(codes, count, width);
  ASSERT_EQ(packed.size(), codes.size());
  EXPECT_EQ(packed[0] & 15, codes[0] & 15);           // row 0, low nibble
  EXPECT_EQ(packed[0] >> 4, codes[16 * width] & 15);  // row 16
  EXPECT_EQ(packed[1] & 15, codes[8 * width] & 15);   // row 8
  EXPECT_EQ(packed[64 * width], codes[64 * width]);   // the rest: byte columns
  EXPECT_EQ(packed[64 * width + 6], codes[64 * width + 1]);
  for (uint32_t bits = 1; bits <= 8; ++bits) {
    // Every code sets its own bits and no others.
    std::vector<int> seen(64 * bits, 0);
    for (size_t dim = 0; dim < 64; ++dim) {
      std::vector<uint8_t> one(64, 0), out(8 * bits);
      one[dim] = static_cast<uint8_t>((1u << bits) - 1);
      PackExCodes(one, bits, out.data());
      for (size_t bit = 0; bit < seen.size(); ++bit) seen[bit] += out[bit / 8] >> (bit % 8) & 1;
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), static_cast<long>(seen.size())) << bits << " bits";
  }
}

TEST(BuiltGraph, FindsNeighbours) {
  const uint32_t count = 3000;
  const size_t dim = 16;
  const auto distance = MakeL2Distance(Random(count * dim, 1), dim);
  runtime::ThreadPool pool(2);
  HnswBuildOptions options;
  options.pool = &pool;
  const auto graph = BuiltGraph::Build(*distance, count, options).ValueOrDie();
  const HnswMetadata metadata = graph->metadata();
  ASSERT_EQ(metadata.level_offsets.size(), options.parameters.max_level + 1);
  EXPECT_EQ(metadata.level_offsets[1], count);
  // Of the ten nearest of a node most are linked to it, or to one of its neighbours.
  size_t found = 0;
  for (uint32_t node = 0; node < count; node += 100) {
    std::vector<float> all(count);
    std::vector<uint32_t> order(count), ids(count);
    std::iota(ids.begin(), ids.end(), 0u);
    order = ids;
    distance->FromNode(node, ids.data(), count, all.data());
    std::partial_sort(order.begin(), order.begin() + 11, order.end(),
                      [&](uint32_t a, uint32_t b) { return all[a] < all[b]; });
    std::set<uint32_t> reached;
    for (const uint32_t neighbor : graph->LinksOf(node, 0).neighbors) {
      reached.insert(neighbor);
      const auto next = graph->LinksOf(neighbor, 0).neighbors;
      reached.insert(next.begin(), next.end());
    }
    for (size_t i = 1; i <= 10; ++i) found += reached.count(order[i]);
    const HnswLinks links = graph->LinksOf(node, 0);
    EXPECT_LE(links.neighbors.size(), 2 * options.parameters.m);
    for (size_t i = 0; i < links.neighbors.size(); ++i)
      EXPECT_FLOAT_EQ(links.distances[i], all[links.neighbors[i]]);
  }
  EXPECT_GT(found, 285u);  // of 300
}

}  // namespace
}  // namespace lance::index
