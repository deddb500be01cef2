// HNSW: Y. Malkov, D. Yashunin, "Efficient and robust approximate nearest neighbor search using hierarchical
// navigable small world graphs", 2018: insertion is algorithm 1, the search of a level algorithm 2, the
// choice of neighbours algorithm 4, with pruned candidates kept where there is room. A full list is filled up
// to a half only, so that not every further link costs a choice. In the end nodes that cannot be reached from
// the entry point get a link from one that can: dot products leave such nodes.
//
// Changed: levels are drawn beforehand and the highest node comes first, so that the entry point never moves;
// nodes follow by level and neighbourhood; a search ends when its nearest candidates stand, which halves the
// time; candidates are one sorted array; links keep their distances, which the file wants too and which spare
// half of the computations when a full list is thinned out.
#include "lance/index/vector/build/hnsw_builder.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>
#include <random>
#include <thread>
#include <tuple>
#include <vector>

#include "lance/runtime/parallel_for.h"

namespace lance::index {
namespace {

// Inserted one after the other before threads start, so that these find something to hold on to.
constexpr size_t kSerialNodes = 512;
constexpr size_t kNodesPerTask = 128;

struct Candidate {
  float distance;
  uint32_t node;
};

// The best `capacity` candidates, ascending, with the first that was not looked at.
class CandidateList {
 public:
  void Reset(size_t capacity) {
    capacity_ = capacity;
    size_ = next_ = 0;
    items_.resize(capacity + 1);
    seen_.resize(capacity + 1);
  }
  float worst() const {
    return size_ < capacity_ ? std::numeric_limits<float>::infinity() : items_[size_ - 1].distance;
  }
  // \return its place; the capacity when it has none
  size_t Add(Candidate candidate) {
    size_t at = static_cast<size_t>(
        std::upper_bound(items_.begin(), items_.begin() + size_, candidate.distance,
                         [](float distance, const Candidate& item) { return distance < item.distance; }) -
        items_.begin());
    if (at >= capacity_) return capacity_;
    const size_t moved = std::min(size_, capacity_ - 1) - at;
    std::memmove(&items_[at + 1], &items_[at], moved * sizeof(Candidate));
    std::memmove(&seen_[at + 1], &seen_[at], moved);
    items_[at] = candidate;
    seen_[at] = 0;
    size_ = std::min(size_ + 1, capacity_);
    next_ = std::min(next_, at);
    return at;
  }
  // The nearest one that was not given before; none: nullptr.
  const Candidate* TakeNext() {
    while (next_ < size_ && seen_[next_] != 0) ++next_;
    if (next_ == size_) return nullptr;
    seen_[next_] = 1;
    return &items_[next_++];
  }
  std::span<const Candidate> items() const { return std::span(items_).first(size_); }

 private:
  size_t capacity_ = 0, size_ = 0, next_ = 0;
  std::vector<Candidate> items_;
  std::vector<uint8_t> seen_;
};

// What a thread needs for its insertions.
struct Worker {
  CandidateList candidates;
  std::vector<uint16_t> visited;
  uint16_t mark = 0;
  std::vector<uint32_t> fresh;
  std::vector<float> distances;
  std::vector<Candidate> pool, chosen, pruned;
};

class Graph : public BuiltGraph {
 public:
  Graph(const NodeDistance* distance, uint32_t count, const HnswBuildOptions& options)
      : distance_(distance),
        count_(count),
        options_(options),
        m_(options.parameters.m),
        patience_(std::max<size_t>(m_, options.parameters.ef_construction / 8)) {}

  Status Run();
  HnswMetadata metadata() const override;
  std::vector<uint32_t> NodesOf(uint32_t level) const override;
  HnswLinks LinksOf(uint32_t node, uint32_t level) const override {
    const List list = ListOf(node, level);
    return {{list.nodes, *list.size}, {list.distances, *list.size}};
  }

 private:
  struct List {
    uint32_t* nodes;
    float* distances;
    uint16_t* size;
    size_t capacity;
  };
  class Lock {
   public:
    explicit Lock(std::atomic_flag* flag) : flag_(flag) {
      while (flag_->test_and_set(std::memory_order_acquire)) std::this_thread::yield();
    }
    ~Lock() { flag_->clear(std::memory_order_release); }

   private:
    std::atomic_flag* flag_;
  };

  void DrawLevels();
  List ListOf(uint32_t node, uint32_t level) const;
  void Descend(uint32_t node, uint32_t to_level, Worker* worker);
  void Insert(uint32_t node, Worker* worker);
  void InsertBelow(uint32_t node, uint32_t start, Worker* worker);
  std::unique_ptr<Worker> TakeWorker();
  Status ForEach(size_t count, const std::function<void(size_t, Worker*)>& body);
  void SearchLevel(uint32_t node, uint32_t level, size_t ef, Worker* worker);
  bool Expand(uint32_t node, uint32_t from, uint32_t level, Worker* worker);
  void Choose(std::span<const Candidate> candidates, size_t most, size_t fill, Worker* worker) const;
  void MarkReachable(uint32_t from, std::vector<uint8_t>* reachable) const;
  Status LinkStranded(Worker* worker);
  void Connect(uint32_t node, uint32_t level, Worker* worker);
  void AddLink(uint32_t node, uint32_t level, Candidate link, Worker* worker);
  float Distance(uint32_t a, uint32_t b) const {
    float out;
    distance_->FromNode(a, &b, 1, &out);
    return out;
  }

  const NodeDistance* distance_;
  const uint32_t count_;
  const HnswBuildOptions options_;
  const size_t m_;
  const size_t patience_;  // looks without a find among the nearest before a search ends
  uint32_t entry_ = 0;
  std::vector<uint8_t> levels_;
  std::vector<uint64_t> upper_;  // per node: its first list above level 0
  // Links of level 0, then of the levels above, m or 2 m places each.
  mutable std::vector<uint32_t> nodes0_, nodes1_;
  mutable std::vector<float> distances0_, distances1_;
  mutable std::vector<uint16_t> sizes0_, sizes1_;
  std::unique_ptr<std::atomic_flag[]> locks_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Worker>> idle_;
};

void Graph::DrawLevels() {
  std::mt19937_64 random(options_.seed);
  const double scale = 1 / std::log(static_cast<double>(m_));
  levels_.resize(count_);
  upper_.resize(count_);
  uint64_t upper = 0;
  for (uint32_t node = 0; node < count_; ++node) {
    const double uniform = (static_cast<double>(random() >> 11) + 1) * 0x1p-53;
    const double level = -std::log(uniform) * scale;
    levels_[node] = static_cast<uint8_t>(std::min<double>(level, options_.parameters.max_level - 1));
    upper_[node] = upper;
    upper += levels_[node];
    if (levels_[node] > levels_[entry_]) entry_ = node;
  }
  nodes0_.resize(size_t{count_} * 2 * m_);
  distances0_.resize(nodes0_.size());
  sizes0_.resize(count_);
  nodes1_.resize(upper * m_);
  distances1_.resize(nodes1_.size());
  sizes1_.resize(upper);
  locks_ = std::make_unique<std::atomic_flag[]>(count_);
}

Graph::List Graph::ListOf(uint32_t node, uint32_t level) const {
  if (level == 0) {
    const size_t at = size_t{node} * 2 * m_;
    return {&nodes0_[at], &distances0_[at], &sizes0_[node], 2 * m_};
  }
  const size_t list = upper_[node] + level - 1;
  return {&nodes1_[list * m_], &distances1_[list * m_], &sizes1_[list], m_};
}

// Looks at the neighbours of `from` that were not visited. \return whether one is among the nearest
bool Graph::Expand(uint32_t node, uint32_t from, uint32_t level, Worker* worker) {
  worker->fresh.clear();
  {
    const Lock lock(&locks_[from]);
    const List list = ListOf(from, level);
    for (size_t i = 0; i < *list.size; ++i) {
      const uint32_t neighbor = list.nodes[i];
      if (worker->visited[neighbor] == worker->mark) continue;
      worker->visited[neighbor] = worker->mark;
      worker->fresh.push_back(neighbor);
    }
  }
  worker->distances.resize(worker->fresh.size());
  distance_->FromNode(node, worker->fresh.data(), worker->fresh.size(), worker->distances.data());
  size_t best = SIZE_MAX;
  for (size_t i = 0; i < worker->fresh.size(); ++i) {
    if (worker->distances[i] < worker->candidates.worst()) {
      best = std::min(best, worker->candidates.Add({worker->distances[i], worker->fresh[i]}));
    }
  }
  return best < 2 * m_;
}

// Finds the nearest nodes of a level, from the candidates of the level above.
void Graph::SearchLevel(uint32_t node, uint32_t level, size_t ef, Worker* worker) {
  if (++worker->mark == 0) {
    std::fill(worker->visited.begin(), worker->visited.end(), uint16_t{0});
    worker->mark = 1;
  }
  worker->pool.assign(worker->candidates.items().begin(), worker->candidates.items().end());
  worker->candidates.Reset(ef);
  worker->visited[node] = worker->mark;
  for (const Candidate& start : worker->pool) {
    worker->visited[start.node] = worker->mark;
    worker->candidates.Add(start);
  }
  // Links go to the nearest of the candidates: once these stand, looking at the rest finds hardly any.
  size_t idle = 0;
  while (const Candidate* next = worker->candidates.TakeNext()) {
    idle = Expand(node, next->node, level, worker) ? 0 : idle + 1;
    if (idle > patience_) break;
  }
}

// Keeps a candidate when it is nearer to the node than to all kept before, at most `most`; then the nearest
// of the others up to `fill`.
void Graph::Choose(std::span<const Candidate> candidates, size_t most, size_t fill, Worker* worker) const {
  worker->chosen.clear();
  worker->pruned.clear();
  worker->fresh.clear();
  worker->distances.resize(most);
  for (const Candidate& candidate : candidates) {
    if (worker->chosen.size() >= most) break;
    bool near = false;
    // A few at once: most candidates fall to one of the first.
    for (size_t at = 0; at < worker->fresh.size() && !near; at += 4) {
      const size_t now = std::min<size_t>(4, worker->fresh.size() - at);
      distance_->FromNode(candidate.node, worker->fresh.data() + at, now, worker->distances.data());
      for (size_t i = 0; i < now; ++i) near |= worker->distances[i] < candidate.distance;
    }
    if (near) {
      worker->pruned.push_back(candidate);
      continue;
    }
    worker->chosen.push_back(candidate);
    worker->fresh.push_back(candidate.node);
  }
  for (size_t i = 0; i < worker->pruned.size() && worker->chosen.size() < fill; ++i) {
    worker->chosen.push_back(worker->pruned[i]);
  }
}

void Graph::AddLink(uint32_t node, uint32_t level, Candidate link, Worker* worker) {
  const Lock lock(&locks_[node]);
  const List list = ListOf(node, level);
  if (std::find(list.nodes, list.nodes + *list.size, link.node) != list.nodes + *list.size) return;
  if (*list.size < list.capacity) {
    list.nodes[*list.size] = link.node;
    list.distances[*list.size] = link.distance;
    ++*list.size;
    return;
  }
  worker->pool.clear();
  for (size_t i = 0; i < *list.size; ++i) worker->pool.push_back({list.distances[i], list.nodes[i]});
  worker->pool.push_back(link);
  std::sort(worker->pool.begin(), worker->pool.end(),
            [](const Candidate& a, const Candidate& b) { return a.distance < b.distance; });
  Choose(worker->pool, list.capacity, list.capacity / 2, worker);
  for (size_t i = 0; i < worker->chosen.size(); ++i) {
    list.nodes[i] = worker->chosen[i].node;
    list.distances[i] = worker->chosen[i].distance;
  }
  *list.size = static_cast<uint16_t>(worker->chosen.size());
}

void Graph::Connect(uint32_t node, uint32_t level, Worker* worker) {
  Choose(worker->candidates.items(), m_, m_, worker);
  const std::vector<Candidate> links = worker->chosen;
  {
    const Lock lock(&locks_[node]);
    const List list = ListOf(node, level);
    for (const Candidate& link : links) {
      // Others may have linked here meanwhile.
      if (*list.size == list.capacity) break;
      if (std::find(list.nodes, list.nodes + *list.size, link.node) != list.nodes + *list.size) continue;
      list.nodes[*list.size] = link.node;
      list.distances[*list.size] = link.distance;
      ++*list.size;
    }
  }
  for (const Candidate& link : links) AddLink(link.node, level, {link.distance, node}, worker);
}

// Makes the nearest node of each level above `to_level` the one candidate, from the entry point down.
void Graph::Descend(uint32_t node, uint32_t to_level, Worker* worker) {
  worker->candidates.Reset(1);
  worker->candidates.Add({Distance(node, entry_), entry_});
  for (uint32_t level = levels_[entry_]; level > to_level; --level) SearchLevel(node, level, 1, worker);
}

void Graph::Insert(uint32_t node, Worker* worker) {
  Descend(node, levels_[node], worker);
  for (int level = std::min(levels_[entry_], levels_[node]); level >= 0; --level) {
    SearchLevel(node, static_cast<uint32_t>(level), options_.parameters.ef_construction, worker);
    Connect(node, static_cast<uint32_t>(level), worker);
  }
}

// Inserts a node of level 0 whose nearest node of level 1 is known.
void Graph::InsertBelow(uint32_t node, uint32_t start, Worker* worker) {
  worker->candidates.Reset(1);
  worker->candidates.Add({Distance(node, start), start});
  SearchLevel(node, 0, options_.parameters.ef_construction, worker);
  Connect(node, 0, worker);
}

void Graph::MarkReachable(uint32_t from, std::vector<uint8_t>* reachable) const {
  std::vector<uint32_t> waiting = {from};
  (*reachable)[from] = 1;
  while (!waiting.empty()) {
    const uint32_t node = waiting.back();
    waiting.pop_back();
    for (const uint32_t neighbor : LinksOf(node, 0).neighbors) {
      if ((*reachable)[neighbor] != 0) continue;
      (*reachable)[neighbor] = 1;
      waiting.push_back(neighbor);
    }
  }
}

Status Graph::LinkStranded(Worker* worker) {
  std::vector<uint8_t> reachable(count_, 0);
  MarkReachable(entry_, &reachable);
  for (uint32_t node = 0; node < count_; ++node) {
    if (reachable[node] != 0) continue;
    ARROW_RETURN_NOT_OK(options_.cancellation.Check());
    Descend(node, 0, worker);
    SearchLevel(node, 0, options_.parameters.ef_construction, worker);
    for (const Candidate& near : worker->candidates.items()) {
      const List list = ListOf(near.node, 0);
      if (reachable[near.node] == 0 || *list.size == list.capacity) continue;
      list.nodes[*list.size] = node;
      list.distances[*list.size] = near.distance;
      ++*list.size;
      MarkReachable(node, &reachable);
      break;
    }
  }
  return Status::OK();
}

std::unique_ptr<Worker> Graph::TakeWorker() {
  const std::lock_guard guard(mutex_);
  if (!idle_.empty()) {
    auto worker = std::move(idle_.back());
    idle_.pop_back();
    return worker;
  }
  auto worker = std::make_unique<Worker>();
  worker->visited.assign(count_, 0);
  return worker;
}

// Calls `body` for each of `count` things, some at a time, on all threads.
Status Graph::ForEach(size_t count, const std::function<void(size_t, Worker*)>& body) {
  const size_t tasks = (count + kNodesPerTask - 1) / kNodesPerTask;
  return runtime::ParallelFor(options_.pool, tasks, [&](size_t task) -> Status {
    ARROW_RETURN_NOT_OK(options_.cancellation.Check());
    auto worker = TakeWorker();
    for (size_t i = task * kNodesPerTask; i < std::min(count, (task + 1) * kNodesPerTask); ++i) {
      body(i, worker.get());
    }
    const std::lock_guard guard(mutex_);
    idle_.push_back(std::move(worker));
    return Status::OK();
  });
}

// Nodes that are on several levels come first, in the order given: they are spread over everything. The
// others follow neighbourhood by neighbourhood, whose links and vectors then stay in the caches.
Status Graph::Run() {
  DrawLevels();
  std::vector<uint32_t> high, low;
  for (uint32_t node = 0; node < count_; ++node) {
    if (node != entry_) (levels_[node] > 0 ? high : low).push_back(node);
  }
  if (levels_[entry_] == 0) std::swap(high, low);
  auto first = TakeWorker();
  const size_t serial = std::min(high.size(), kSerialNodes);
  for (size_t i = 0; i < serial; ++i) Insert(high[i], first.get());
  ARROW_RETURN_NOT_OK(
      ForEach(high.size() - serial, [&](size_t i, Worker* worker) { Insert(high[serial + i], worker); }));
  struct Place {
    uint32_t region;  // nearest node of level 2, then of level 1
    uint32_t start;
    uint32_t node;
  };
  std::vector<Place> places(low.size());
  ARROW_RETURN_NOT_OK(ForEach(low.size(), [&](size_t i, Worker* worker) {
    Descend(low[i], 1, worker);
    places[i].region = worker->candidates.items()[0].node;
    SearchLevel(low[i], 1, 1, worker);
    places[i].start = worker->candidates.items()[0].node;
    places[i].node = low[i];
  }));
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
    return std::tie(a.region, a.start, a.node) < std::tie(b.region, b.start, b.node);
  });
  ARROW_RETURN_NOT_OK(ForEach(places.size(), [&](size_t i, Worker* worker) {
    InsertBelow(places[i].node, places[i].start, worker);
  }));
  return LinkStranded(first.get());
}

std::vector<uint32_t> Graph::NodesOf(uint32_t level) const {
  std::vector<uint32_t> out;
  for (uint32_t node = 0; node < count_; ++node) {
    if (levels_[node] >= level) out.push_back(node);
  }
  return out;
}

HnswMetadata Graph::metadata() const {
  HnswMetadata out;
  out.entry_point = entry_;
  out.parameters = options_.parameters;
  std::vector<uint64_t> sizes(options_.parameters.max_level);
  for (const uint8_t top : levels_) {
    for (size_t level = 0; level <= top; ++level) ++sizes[level];
  }
  out.level_offsets.push_back(0);
  for (const uint64_t size : sizes) out.level_offsets.push_back(out.level_offsets.back() + size);
  return out;
}

}  // namespace

Status HnswBuildOptions::Validate() const {
  LANCE_CHECK_ARG(parameters.max_level > 0 && parameters.max_level < 64,
                  "HnswBuildParams::max_level must be greater than 0, got {}", parameters.max_level);
  LANCE_CHECK_ARG(parameters.m >= 4 && parameters.m <= 4096,
                  "HnswBuildParams::m must be at least 4 to avoid severely fragmented graphs, got {}",
                  parameters.m);
  LANCE_CHECK_ARG(parameters.ef_construction >= parameters.m,
                  "HnswBuildParams::ef_construction must be at least m ({}), got {}", parameters.m,
                  parameters.ef_construction);
  return Status::OK();
}

Result<std::unique_ptr<BuiltGraph>> BuiltGraph::Build(const NodeDistance& distance, uint32_t count,
                                                      const HnswBuildOptions& options) {
  ARROW_RETURN_NOT_OK(options.Validate());
  auto graph = std::make_unique<Graph>(&distance, count, options);
  if (count > 0) ARROW_RETURN_NOT_OK(graph->Run());
  return graph;
}

}  // namespace lance::index
