#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lance/index/vector/search/byte_tables.h"
#include "lance/index/vector/search/neighbors.h"
#include "lance/index/vector/segment.h"

namespace lance::index {

/// One query as the index compares it.
struct PreparedQuery {
  simd::Element element = simd::Element::kFloat32;
  const void* stored = nullptr;  ///< `dimension` values of `element`, as the column has them
  std::vector<float> values;     ///< as float32; of cosine: of length 1
};

class Scorer;

/// A scorer and the partition that it will turn to.
struct Upcoming {
  const Scorer* scorer = nullptr;
  uint32_t partition = 0;
  bool operator==(const Upcoming&) const = default;
};

/// Memory that the scorers of one thread use in turn.
struct ScorerScratch {
  /// Tells what comes next, in order, so that what these need can be computed together. `next` must stay
  /// until the next call; all of its scorers are of one segment.
  void Announce(std::span<const Upcoming> next) {
    upcoming = next;
    position = 0;
  }

  std::span<const Upcoming> upcoming;
  size_t position = 0;             ///< the first that may still come
  std::vector<Upcoming> computed;  ///< whose tables there are
  std::vector<float> residuals;
  std::vector<float> tables;
  std::vector<float> products;
  ByteTables rounded;
  std::vector<uint16_t> sums;
  std::vector<float> bounds;
  std::vector<uint32_t> allowed;
  std::vector<float> distances;
};

/// Computes the distances of one query to the rows of partitions, as far as the quantizer knows them. One
/// partition after the other; one thread at a time.
class Scorer {
 public:
  virtual ~Scorer() = default;
  /// Turns to a partition, which must stay until the next. `centroid_distance` is that of the query to the
  /// partition's centroid.
  virtual void Begin(const Partition& partition, size_t number, float centroid_distance) = 0;
  /// Offers all rows of the partition that may be near enough.
  virtual void Scan(Neighbors* out) = 0;
  /// Distances of some rows.
  virtual void Distances(std::span<const uint32_t> rows, float* out) = 0;
};

/// Starts loading rows of `row_bytes` bytes that lie anywhere: their distances need them right after.
inline void PrefetchRows(const uint8_t* codes, std::span<const uint32_t> rows, size_t row_bytes) {
  constexpr size_t kLine = 64, kMostLines = 8;  // the processor itself follows longer rows
  for (const uint32_t row : rows) {
    const uint8_t* at = codes + row * row_bytes;
    for (size_t line = 0; line < row_bytes && line < kMostLines * kLine; line += kLine) {
      __builtin_prefetch(at + line);
    }
  }
}

/// The scorer for a segment; all three must outlive it.
std::unique_ptr<Scorer> MakeScorer(const VectorSegment& segment, const PreparedQuery& query,
                                   ScorerScratch* scratch);

// One for each quantizer; see MakeScorer.
std::unique_ptr<Scorer> MakeFlatScorer(const VectorSegment& segment, const PreparedQuery& query);
std::unique_ptr<Scorer> MakePqScorer(const VectorSegment& segment, const PreparedQuery& query,
                                     ScorerScratch* scratch);
std::unique_ptr<Scorer> MakeSqScorer(const VectorSegment& segment, const PreparedQuery& query);
std::unique_ptr<Scorer> MakeRqScorer(const VectorSegment& segment, const PreparedQuery& query,
                                     ScorerScratch* scratch);

}  // namespace lance::index
