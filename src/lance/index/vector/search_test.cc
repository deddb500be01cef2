#include <algorithm>
#include <cmath>
#include <random>

#include <arrow/api.h>

#include "lance/base/testing.h"
#include "lance/index/vector/hnsw/graph.h"
#include "lance/index/vector/rq/ex_codes.h"
#include "lance/index/vector/rq/rotation.h"
#include "lance/index/vector/rq/sign_codes.h"
#include "lance/index/vector/search/byte_tables.h"
#include "lance/index/vector/search/neighbors.h"

namespace lance::index {
namespace {

TEST(Neighbors, KeepsTheNearestOfThoseThatCount) {
  class Even : public RowFilter {
   public:
    bool Allows(uint64_t row_id) const override { return row_id % 2 == 0; }
    bool is_selective() const override { return false; }
  };
  const Even even;
  Neighbors best(3, 1.0f, 9.0f);
  best.set_filter(&even);
  for (uint64_t id : {8, 3, 4, 2, 10, 6, 0}) best.Offer(static_cast<float>(id), id);
  best.Offer(std::nanf(""), 2);
  const auto found = best.Take();
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].row_id, 2u);
  EXPECT_EQ(found[2].row_id, 6u);
}

TEST(Neighbors, OrdersEqualDistancesByRow) {
  Neighbors best(2, {}, {});
  for (uint64_t id : {9, 5, 7}) best.Offer(1.0f, id);
  const auto found = best.Take();
  EXPECT_EQ(found[0].row_id, 5u);
  EXPECT_EQ(found[1].row_id, 7u);
}

TEST(ByteTables, CutOffNothingThatIsNearEnough) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (size_t count : {2, 16, 40}) {
    std::vector<float> tables(count * 256);
    for (float& value : tables) value = normal(random) * 3;
    ByteTables rounded;
    ASSERT_TRUE(rounded.Make(tables.data(), count, 256));
    for (int row = 0; row < 2000; ++row) {
      float sum = 0;
      uint32_t bytes = 0;
      for (size_t t = 0; t < count; ++t) {
        const size_t code = random() % 256;
        sum += tables[t * 256 + code];
        bytes += rounded.data()[t * 256 + code];
      }
      const auto cutoff = rounded.Cutoff(sum);
      ASSERT_TRUE(cutoff.has_value());
      EXPECT_LE(bytes, *cutoff);
      EXPECT_LE(std::fabs(rounded.bias() + rounded.step() * static_cast<float>(bytes) - sum),
                rounded.width() * 1.01f);
    }
  }
}

TEST(FastRotation, KeepsLengthsOfAnySize) {
  for (size_t size : {8, 64, 96, 1000}) {
    std::vector<uint8_t> signs(4 * (size / 8), 0x5a);
    std::vector<float> values(size);
    double before = 0, after = 0;
    for (size_t i = 0; i < size; ++i) {
      values[i] = static_cast<float>(i % 7) - 3;
      before += double{values[i]} * values[i];
    }
    ApplyFastRotation(signs, values);
    for (float value : values) after += double{value} * value;
    EXPECT_NEAR(after / before, 1, 1e-4) << size;
  }
}

TEST(SignCodes, UnpackIntoColumns) {
  // 40 rows of 2 bytes: one block of 32 rows, then the rest column after column.
  const size_t rows = 40, columns = 2;
  const size_t order[16] = {0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15};
  auto code = [](size_t row, size_t column) { return static_cast<uint8_t>(row * 5 + column * 91); };
  std::vector<uint8_t> packed;
  for (size_t c = 0; c < columns; ++c) {
    for (int half : {0, 4}) {
      for (size_t j = 0; j < 16; ++j) {
        const int low = code(order[j], c) >> half & 15, high = code(order[j] + 16, c) >> half & 15;
        packed.push_back(static_cast<uint8_t>(low | high << 4));
      }
    }
  }
  for (size_t c = 0; c < columns; ++c) {
    for (size_t r = 32; r < rows; ++r) packed.push_back(code(r, c));
  }
  const arrow::Buffer buffer(packed.data(), static_cast<int64_t>(packed.size()));
  ASSERT_OK_AND_ASSIGN(auto unpacked, UnpackSignCodes(buffer, rows, columns));
  for (size_t c = 0; c < columns; ++c) {
    for (size_t r = 0; r < rows; ++r) ASSERT_EQ(unpacked->data()[c * rows + r], code(r, c)) << r;
  }
}

TEST(ExCodes, ReadBitStreamsOfAnyWidth) {
  for (uint32_t bits = 1; bits <= 8; ++bits) {
    const size_t dimension = 24;
    std::vector<uint8_t> stream((dimension * bits + 7) / 8, 0);
    for (size_t d = 0; d < dimension; ++d) {
      for (uint32_t b = 0; b < bits; ++b) {
        const size_t at = d * bits + b;
        if (((d * 37) >> b & 1) != 0) stream[at / 8] |= static_cast<uint8_t>(1 << (at % 8));
      }
    }
    const arrow::Buffer buffer(stream.data(), static_cast<int64_t>(stream.size()));
    ASSERT_OK_AND_ASSIGN(auto codes, UnpackExCodes(buffer, 1, dimension, bits, /*blocked=*/false));
    for (size_t d = 0; d < dimension; ++d) {
      ASSERT_EQ(codes->data()[d], (d * 37) & ((1u << bits) - 1)) << d << " of " << bits << " bits";
    }
  }
}

std::shared_ptr<arrow::RecordBatch> GraphRows(const std::vector<uint32_t>& ids,
                                              const std::vector<std::vector<uint32_t>>& neighbors) {
  arrow::UInt32Builder id_builder;
  auto values = std::make_shared<arrow::UInt32Builder>();
  arrow::ListBuilder lists(arrow::default_memory_pool(), values);
  for (size_t i = 0; i < ids.size(); ++i) {
    EXPECT_TRUE(id_builder.Append(ids[i]).ok() && lists.Append().ok() &&
                values->AppendValues(neighbors[i]).ok());
  }
  auto id_array = id_builder.Finish().ValueOrDie();
  auto list_array = lists.Finish().ValueOrDie();
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("__vector_id", arrow::uint32()),
                                                 arrow::field("__neighbors", list_array->type())}),
                                  id_array->length(), {id_array, list_array});
}

TEST(HnswGraph, WalksToTheNearest) {
  // A line of ten nodes, and a second level that shortens it.
  std::vector<uint32_t> ids;
  std::vector<std::vector<uint32_t>> neighbors;
  for (uint32_t i = 0; i < 10; ++i) {
    ids.push_back(i);
    neighbors.push_back({});
    if (i > 0) neighbors.back().push_back(i - 1);
    if (i < 9) neighbors.back().push_back(i + 1);
  }
  ids.insert(ids.end(), {0, 8});
  neighbors.insert(neighbors.end(), {{8}, {0}});
  HnswMetadata metadata;
  metadata.entry_point = 0;
  metadata.level_offsets = {0, 10, 12};
  ASSERT_OK_AND_ASSIGN(auto graph, HnswGraph::Make(metadata, *GraphRows(ids, neighbors), 10));
  const auto distance = [](std::span<const uint32_t> nodes, float* out) {
    for (uint32_t node : nodes) *out++ = std::fabs(static_cast<float>(node) - 7.2f);
  };
  auto found = graph->Search(distance, 3, nullptr);
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->size(), 3u);
  EXPECT_EQ((*found)[0].node, 7u);
  EXPECT_EQ((*found)[1].node, 8u);
  EXPECT_EQ((*found)[2].node, 6u);
  const auto low = [](uint32_t node, float) { return node < 5; };
  found = graph->Search(distance, 2, low);
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].node, 4u);
  EXPECT_FALSE(graph->Search(distance, 2, low, 2).has_value());
}

TEST(HnswGraph, RefusesWhatIsNoGraph) {
  HnswMetadata metadata;
  metadata.level_offsets = {0, 2};
  EXPECT_ERROR(ErrorKind::kCorruption, "neighbour 7",
               HnswGraph::Make(metadata, *GraphRows({0, 1}, {{1}, {7}}), 2).status());
  EXPECT_ERROR(ErrorKind::kCorruption, "level 0",
               HnswGraph::Make(metadata, *GraphRows({0, 0}, {{1}, {0}}), 2).status());
  metadata.entry_point = 5;
  EXPECT_ERROR(ErrorKind::kCorruption, "entry point",
               HnswGraph::Make(metadata, *GraphRows({0, 1}, {{1}, {0}}), 2).status());
  metadata.level_offsets = {0, 3};
  EXPECT_ERROR(ErrorKind::kCorruption, "levels",
               HnswGraph::Make(metadata, *GraphRows({0, 1}, {{1}, {0}}), 2).status());
}

}  // namespace
}  // namespace lance::index
