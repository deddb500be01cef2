#include "lance/scan/exec/ann_search.h"

#include <algorithm>
#include <cmath>

#include <arrow/api.h>

#include "lance/index/vector/search/row_filters.h"
#include "lance/runtime/session.h"
#include "lance/runtime/thread_pool.h"
#include "lance/scan/exec/candidates.h"
#include "lance/scan/exec/parallel_for.h"

namespace lance::scan {
namespace {

// Queries that one thread takes at a time: at least some hundred microseconds of work, at most some MiB.
constexpr size_t kFewestQueriesOfRun = 4;
constexpr size_t kMostQueriesOfRun = 1024;
constexpr size_t kMostProbesOfRun = 1 << 20;
constexpr size_t kCandidatesOfRun = 2048;  // whose distances one thread computes at a time
constexpr size_t kRowsTogether = 8;        // whose vectors are loaded together

class AnnStream : public BatchStream {
 public:
  AnnStream(std::shared_ptr<const ScanPlan> plan, std::shared_ptr<RunState> run,
            std::shared_ptr<TakeReader> vectors, StartPlan start_allowed)
      : plan_(std::move(plan)),
        run_(std::move(run)),
        reader_(std::move(vectors)),
        start_allowed_(std::move(start_allowed)) {}

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    if (done_) return nullptr;
    done_ = true;
    const AnnPlan& ann = *plan_->ann;
    std::vector<index::SearchedSegment> segments = ann.segments;
    if (ann.allowed != nullptr) {
      auto rows = std::make_shared<index::RowBits>();
      std::vector<uint64_t> ids;
      ARROW_RETURN_NOT_OK(ReadAllowed(rows.get(), &ids));
      run_->filtered = {.allowed = rows->count(), .exact = ids.size() <= ann.exact_below, .counts = {}};
      if (ids.empty()) return nullptr;
      if (ids.size() <= ann.exact_below) return Exact(std::move(ids));
      rows->set_selective(true);
      for (index::SearchedSegment& segment : segments) {
        segment.filter = segment.filter == nullptr
                             ? std::shared_ptr<const index::RowFilter>(rows)
                             : std::make_shared<index::BothFilters>(segment.filter, rows);
      }
    }
    ARROW_ASSIGN_OR_RAISE(std::vector<Found> found, SearchIndex(segments));
    return ann.refine ? Refine(std::move(found)) : Emit(std::move(found));
  }

 private:
  struct Found {
    uint64_t address;
    uint64_t row_id;
    uint32_t query;
    float distance;
  };

  // `ids` are all only up to so many that they are compared exactly.
  Status ReadAllowed(index::RowBits* rows, std::vector<uint64_t>* ids) {
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<BatchStream> stream, start_allowed_(plan_->ann->allowed));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatch> batch, stream->Next());
      if (batch == nullptr) return Status::OK();
      const auto column = batch->GetColumnByName("_rowid");
      const uint64_t* values = static_cast<const arrow::UInt64Array&>(*column).raw_values();
      rows->Add({values, static_cast<size_t>(batch->num_rows())});
      if (ids->size() <= plan_->ann->exact_below) {
        ids->insert(ids->end(), values, values + batch->num_rows());
      }
    }
  }

  // Candidates of all queries, with distances as the index knows them.
  Result<std::vector<Found>> SearchIndex(const std::vector<index::SearchedSegment>& segments) {
    const AnnPlan& ann = *plan_->ann;
    const KnnQuery& knn = *plan_->knn;
    NodeMetrics& node = run_->at(NodeRole::kAnn);
    NodeTimer timer(node);
    const size_t vector_bytes = knn.dim * ElementBytes(knn.element);
    runtime::Cache* cache = &plan_->context->snapshot->session()->index_cache();
    // Each thread takes a run of the queries; what is found stays in their order.
    runtime::ThreadPool* pool = plan_->context->snapshot->session()->thread_pool();
    const size_t threads = pool == nullptr ? 1 : static_cast<size_t>(pool->num_threads());
    const size_t most = std::clamp(kMostProbesOfRun / std::max<size_t>(ann.options.probes.minimum, 1),
                                   kFewestQueriesOfRun, kMostQueriesOfRun);
    const size_t run_size =
        std::clamp((knn.num_vectors + 2 * threads - 1) / (2 * threads), kFewestQueriesOfRun, most);
    const size_t runs = (knn.num_vectors + run_size - 1) / run_size;
    std::vector<std::vector<Found>> found(runs);
    std::vector<index::SearchCounts> counts(runs);
    ARROW_RETURN_NOT_OK(ParallelFor(runs > 1 ? pool : nullptr, runs, [&](size_t run) -> Status {
      const size_t begin = run * run_size, end = std::min<size_t>(knn.num_vectors, begin + run_size);
      const uint8_t* first = knn.queries->data() + begin * vector_bytes;
      std::vector<std::vector<index::Neighbor>> neighbors(1);
      if (end - begin == 1) {
        ARROW_RETURN_NOT_OK(run_->cancel.Check());
        ARROW_ASSIGN_OR_RAISE(neighbors[0],
                              index::Search(segments, knn.element, first, ann.options, cache, &counts[run]));
      } else {
        ARROW_ASSIGN_OR_RAISE(neighbors,
                              index::SearchMany(segments, {knn.element, first, end - begin, vector_bytes},
                                                ann.options, cache, run_->cancel, &counts[run]));
      }
      for (size_t v = begin; v < end; ++v) {
        const auto query = static_cast<uint32_t>(knn.multi_vector ? 0 : v);
        for (const index::Neighbor& n : neighbors[v - begin]) {
          found[run].push_back({n.row_id, n.row_id, query, n.distance});
        }
      }
      return Status::OK();
    }));
    std::vector<Found> out = std::move(found[0]);
    for (size_t run = 1; run < runs; ++run) {
      out.insert(out.end(), found[run].begin(), found[run].end());
      counts[0].Add(counts[run]);
    }
    if (knn.multi_vector) {
      // Several vectors of the query may have met the same row.
      std::sort(out.begin(), out.end(), [](const Found& a, const Found& b) { return a.row_id < b.row_id; });
      out.erase(std::unique(out.begin(), out.end(),
                            [](const Found& a, const Found& b) { return a.row_id == b.row_id; }),
                out.end());
    }
    if (run_->filtered.has_value()) run_->filtered->counts = counts[0];
    node.rows.fetch_add(out.size(), std::memory_order_relaxed);
    node.batches.fetch_add(1, std::memory_order_relaxed);
    run_->at(NodeRole::kAnnProbe).rows.fetch_add(counts[0].partitions, std::memory_order_relaxed);
    run_->at(NodeRole::kAnnProbe).batches.fetch_add(1, std::memory_order_relaxed);
    ARROW_RETURN_NOT_OK(FindAddresses(&out));
    return out;
  }

  // Row ids are addresses unless the table has stable ones.
  Status FindAddresses(std::vector<Found>* found) const {
    const table::Snapshot& snapshot = *plan_->context->snapshot;
    if (!snapshot.manifest().has_stable_row_ids()) return Status::OK();
    std::vector<uint64_t> ids;
    ids.reserve(found->size());
    for (const Found& f : *found) ids.push_back(f.row_id);
    ARROW_ASSIGN_OR_RAISE(auto addresses, snapshot.ResolveRowIds(ids));
    size_t kept = 0;
    for (size_t i = 0; i < found->size(); ++i) {
      if (!addresses[i].has_value()) continue;
      (*found)[kept] = (*found)[i];
      (*found)[kept++].address = *addresses[i];
    }
    found->resize(kept);
    return Status::OK();
  }

  // All allowed rows are candidates of every query.
  Result<std::shared_ptr<arrow::RecordBatch>> Exact(std::vector<uint64_t> ids) {
    std::vector<Found> found;
    for (size_t q = 0; q < plan_->knn->num_queries(); ++q) {
      for (uint64_t id : ids) found.push_back({id, id, static_cast<uint32_t>(q), 0});
    }
    ARROW_RETURN_NOT_OK(FindAddresses(&found));
    return Refine(std::move(found));
  }

  // Replaces the distances by those of the table's own vectors: one read for all candidates.
  Result<std::shared_ptr<arrow::RecordBatch>> Refine(std::vector<Found> found) {
    if (found.empty()) return nullptr;
    NodeMetrics& node = run_->at(NodeRole::kKnn);
    NodeTimer timer(node);
    std::vector<uint64_t> addresses;
    addresses.reserve(found.size());
    for (const Found& f : found) addresses.push_back(f.address);
    std::sort(addresses.begin(), addresses.end());
    addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
    const int columns[] = {plan_->ann->vector_column};
    ARROW_ASSIGN_OR_RAISE(auto arrays, reader_->Read(addresses, columns));
    ARROW_ASSIGN_OR_RAISE(RowVectors vectors, RowVectors::Make(*plan_->knn, arrays[0]));
    const size_t runs = (found.size() + kCandidatesOfRun - 1) / kCandidatesOfRun;
    runtime::ThreadPool* pool = plan_->context->snapshot->session()->thread_pool();
    ARROW_RETURN_NOT_OK(ParallelFor(runs > 1 ? pool : nullptr, runs, [&](size_t run) -> Status {
      const size_t end = std::min(found.size(), (run + 1) * kCandidatesOfRun);
      for (size_t i = run * kCandidatesOfRun; i < end;) {
        size_t rows[kRowsTogether];
        const size_t count = std::min(end - i, kRowsTogether);
        for (size_t j = 0; j < count; ++j) {
          const auto place = std::lower_bound(addresses.begin(), addresses.end(), found[i + j].address);
          rows[j] = static_cast<size_t>(place - addresses.begin());
          vectors.Prefetch(rows[j]);
        }
        for (size_t j = 0; j < count; ++j, ++i) found[i].distance = vectors.Distance(found[i].query, rows[j]);
      }
      return Status::OK();
    }));
    node.rows.fetch_add(found.size(), std::memory_order_relaxed);
    node.batches.fetch_add(1, std::memory_order_relaxed);
    return Emit(std::move(found));
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Emit(std::vector<Found> found) {
    const KnnQuery& knn = *plan_->knn;
    std::vector<TopK> best(knn.num_queries(), TopK(knn.k));
    for (const Found& f : found) {
      if (std::isnan(f.distance)) continue;
      if (knn.lower_bound.has_value() && f.distance < *knn.lower_bound) continue;
      if (knn.upper_bound.has_value() && !(f.distance < *knn.upper_bound)) continue;
      best[f.query].Offer({f.distance, f.row_id, f.address});
    }
    CandidateColumns columns;
    for (size_t q = 0; q < best.size(); ++q) columns.Append(q, best[q].Take());
    auto batch = columns.Finish();
    if (batch->num_rows() == 0) return nullptr;
    return batch;
  }

  std::shared_ptr<const ScanPlan> plan_;
  std::shared_ptr<RunState> run_;
  std::shared_ptr<TakeReader> reader_;
  StartPlan start_allowed_;
  bool done_ = false;
};

class Concatenation : public BatchStream {
 public:
  explicit Concatenation(std::vector<std::unique_ptr<BatchStream>> inputs) : inputs_(std::move(inputs)) {}
  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    for (; next_ < inputs_.size(); ++next_) {
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatch> batch, inputs_[next_]->Next());
      if (batch != nullptr) return batch;
      inputs_[next_] = nullptr;
    }
    return nullptr;
  }

 private:
  std::vector<std::unique_ptr<BatchStream>> inputs_;
  size_t next_ = 0;
};

}  // namespace

std::unique_ptr<BatchStream> MakeAnnSearch(std::shared_ptr<const ScanPlan> plan,
                                           std::shared_ptr<RunState> run, std::shared_ptr<TakeReader> vectors,
                                           StartPlan start_allowed) {
  return std::make_unique<AnnStream>(std::move(plan), std::move(run), std::move(vectors),
                                     std::move(start_allowed));
}

std::unique_ptr<BatchStream> MakeConcatenation(std::vector<std::unique_ptr<BatchStream>> inputs) {
  return std::make_unique<Concatenation>(std::move(inputs));
}

}  // namespace lance::scan
