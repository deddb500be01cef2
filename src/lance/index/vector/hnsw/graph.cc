#include "lance/index/vector/hnsw/graph.h"

#include <algorithm>
#include <limits>
#include <queue>

#include <arrow/api.h>

#include "lance/index/vector/format/names.h"

namespace lance::index {
namespace {

// The nodes that a walk has met. A walk meets few of many, so this is a table that stays in the first-level
// cache, where a mark for each node would be a cache miss for each.
class Visited {
 public:
  void Begin() {
    slots_.assign(kFirstSlots, 0);
    mask_ = kFirstSlots - 1;
    count_ = 0;
  }
  /// Whether the node is new.
  bool Insert(uint32_t node) {
    if (!Place(node + 1)) return false;
    if (++count_ * 2 > slots_.size()) Grow();
    return true;
  }

 private:
  static constexpr size_t kFirstSlots = 4096;

  // Slots hold a node's number plus 1, which is at most the number of rows, and 0 where there is none.
  bool Place(uint32_t value) {
    for (size_t at = (value * uint64_t{0x9E3779B97F4A7C15} >> 32) & mask_;; at = (at + 1) & mask_) {
      if (slots_[at] == value) return false;
      if (slots_[at] != 0) continue;
      slots_[at] = value;
      return true;
    }
  }

  void Grow() {
    const std::vector<uint32_t> old = std::move(slots_);
    slots_.assign(old.size() * 2, 0);
    mask_ = slots_.size() - 1;
    for (const uint32_t value : old) {
      if (value != 0) Place(value);
    }
  }

  std::vector<uint32_t> slots_;
  size_t mask_ = 0;
  size_t count_ = 0;
};

Result<HnswLevel> ReadLevel(size_t level, const arrow::UInt32Array& ids, const arrow::ListArray& lists,
                            int64_t begin, int64_t end, uint64_t num_rows) {
  HnswLevel out;
  const auto& values = static_cast<const arrow::UInt32Array&>(*lists.values());
  out.offsets.reserve(static_cast<size_t>(end - begin) + 1);
  out.neighbors.reserve(static_cast<size_t>(lists.value_offset(end) - lists.value_offset(begin)));
  out.offsets.push_back(0);
  for (int64_t row = begin; row < end; ++row) {
    const uint32_t node = ids.Value(row);
    if (level == 0) {
      LANCE_CHECK_BYTES(node == static_cast<uint64_t>(row - begin), "{}: row {} of level 0 has id {}",
                        kVectorIdColumn, row - begin, node);
    } else {
      LANCE_CHECK_BYTES(node < num_rows && (out.nodes.empty() || node > out.nodes.back()),
                        "{}: level {} has node {} of {} rows", kVectorIdColumn, level, node, num_rows);
      out.nodes.push_back(node);
    }
    for (int64_t i = lists.value_offset(row); i < lists.value_offset(row + 1); ++i) {
      const uint32_t neighbor = values.Value(i);
      LANCE_CHECK_BYTES(neighbor < num_rows, "{}: node {} of level {} has neighbour {} of {} rows",
                        kNeighborsColumn, node, level, neighbor, num_rows);
      out.neighbors.push_back(neighbor);
    }
    out.offsets.push_back(static_cast<uint32_t>(out.neighbors.size()));
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<const HnswGraph>> HnswGraph::Make(const HnswMetadata& metadata,
                                                         const arrow::RecordBatch& rows, uint64_t num_rows) {
  std::unique_ptr<HnswGraph> graph(new HnswGraph());
  graph->num_rows_ = num_rows;
  if (num_rows == 0) return graph;
  const auto ids = rows.GetColumnByName(kVectorIdColumn);
  const auto lists = rows.GetColumnByName(kNeighborsColumn);
  LANCE_CHECK_BYTES(ids != nullptr && ids->type_id() == arrow::Type::UINT32, "{} is no uint32 column",
                    kVectorIdColumn);
  LANCE_CHECK_BYTES(
      lists != nullptr && lists->type_id() == arrow::Type::LIST &&
          static_cast<const arrow::ListArray&>(*lists).value_type()->id() == arrow::Type::UINT32,
      "{} is no column of uint32 lists", kNeighborsColumn);
  LANCE_CHECK_BYTES(
      metadata.num_levels() >= 1 && metadata.level_offsets[0] == 0 && metadata.level_offsets[1] == num_rows &&
          metadata.level_offsets.back() == static_cast<uint64_t>(rows.num_rows()),
      "{}: the levels are not {} rows that start with all {} nodes", kHnswKey, rows.num_rows(), num_rows);
  LANCE_CHECK_BYTES(metadata.entry_point < num_rows, "{}: the entry point is {} of {} rows", kHnswKey,
                    metadata.entry_point, num_rows);
  graph->entry_point_ = metadata.entry_point;
  for (size_t level = 0; level < metadata.num_levels(); ++level) {
    const auto begin = static_cast<int64_t>(metadata.level_offsets[level]);
    const auto end = static_cast<int64_t>(metadata.level_offsets[level + 1]);
    if (begin == end) break;
    ARROW_ASSIGN_OR_RAISE(HnswLevel read,
                          ReadLevel(level, static_cast<const arrow::UInt32Array&>(*ids),
                                    static_cast<const arrow::ListArray&>(*lists), begin, end, num_rows));
    graph->levels_.push_back(std::move(read));
  }
  return graph;
}

uint64_t HnswGraph::memory_bytes() const {
  uint64_t bytes = sizeof(*this);
  for (const HnswLevel& level : levels_) {
    bytes += 4 * (level.nodes.size() + level.offsets.size() + level.neighbors.size());
  }
  return bytes;
}

// Walks from the highest level to level 1, always to the nearest neighbour.
HnswGraph::Found HnswGraph::Descend(const Distance& distance, Found entry) const {
  std::vector<float> distances;
  for (size_t l = levels_.size(); l-- > 1;) {
    const HnswLevel& level = levels_[l];
    while (true) {
      const auto place = std::lower_bound(level.nodes.begin(), level.nodes.end(), entry.node);
      if (place == level.nodes.end() || *place != entry.node) break;
      const auto neighbors = level.At(static_cast<size_t>(place - level.nodes.begin()));
      distances.resize(neighbors.size());
      distance(neighbors, distances.data());
      Found best = entry;
      for (size_t i = 0; i < neighbors.size(); ++i) {
        if (distances[i] < best.distance) best = {distances[i], neighbors[i]};
      }
      if (best.node == entry.node) break;
      entry = best;
    }
  }
  return entry;
}

std::optional<std::vector<HnswGraph::Found>> HnswGraph::Search(const Distance& distance, size_t ef,
                                                               const Accept& accept,
                                                               size_t most_distances) const {
  if (num_rows_ == 0 || ef == 0) return std::vector<Found>();
  thread_local Visited of_thread;
  Visited& visited = of_thread;  // looked up once
  visited.Begin();
  Found entry{0, entry_point_};
  distance({&entry.node, 1}, &entry.distance);
  entry = Descend(distance, entry);

  auto farther = [](const Found& a, const Found& b) { return b < a; };
  std::priority_queue<Found, std::vector<Found>, decltype(farther)> candidates(farther);
  std::vector<Found> results;  // a heap, the farthest first
  results.reserve(ef + 1);
  auto offer = [&](const Found& found) {
    if (accept && !accept(found.node, found.distance)) return;
    results.push_back(found);
    std::push_heap(results.begin(), results.end());
    if (results.size() > ef) {
      std::pop_heap(results.begin(), results.end());
      results.pop_back();
    }
  };
  auto bound = [&] {
    return results.size() < ef ? std::numeric_limits<float>::infinity() : results.front().distance;
  };
  visited.Insert(entry.node);
  candidates.push(entry);
  offer(entry);
  const HnswLevel& bottom = levels_.front();
  std::vector<uint32_t> fresh;
  std::vector<float> distances;
  size_t computed = 0;
  while (!candidates.empty()) {
    const Found current = candidates.top();
    if (current.distance > bound()) break;
    candidates.pop();
    fresh.clear();
    const auto neighbors = bottom.At(current.node);
    for (uint32_t neighbor : neighbors) {
      if (visited.Insert(neighbor)) fresh.push_back(neighbor);
    }
    computed += fresh.size();
    if (computed > most_distances) return std::nullopt;
    distances.resize(fresh.size());
    distance(fresh, distances.data());
    for (size_t i = 0; i < fresh.size(); ++i) {
      if (!(distances[i] <= bound())) continue;
      const Found found{distances[i], fresh[i]};
      candidates.push(found);
      offer(found);
      bottom.PrefetchPlace(found.node);
    }
    if (!candidates.empty()) bottom.PrefetchNeighbors(candidates.top().node);
  }
  std::sort_heap(results.begin(), results.end());
  return results;
}

}  // namespace lance::index
