#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "lance/scan/exec/scan_stage.h"
#include "lance/scan/exec/top_k.h"
#include "lance/simd/distance.h"

namespace lance::scan {

/// The distance that a candidate must beat, per query, shared by all units of a run: what one unit finds
/// spares the others work. Only ever falls.
class SharedThresholds {
 public:
  explicit SharedThresholds(size_t queries);
  float Get(size_t query) const { return values_[query].load(std::memory_order_relaxed); }
  void Lower(size_t query, float value);

 private:
  std::vector<std::atomic<float>> values_;
};

/// Computes the distances of a unit's vectors to all queries, and hands out the k nearest of the unit for
/// each: a batch of (query_index, _distance, _rowid, _rowaddr).
class KnnStage : public UnitStage {
 public:
  KnnStage(std::shared_ptr<const ScanPlan> plan, std::shared_ptr<RunState> run);
  Result<std::shared_ptr<arrow::RecordBatch>> Run(const Unit& unit) const override;
  static std::shared_ptr<arrow::Schema> OutputSchema();

 private:
  struct Rows;  // the vectors of a unit and who they belong to
  Result<Rows> GetRows(const arrow::RecordBatch& batch) const;
  void SearchSingle(const Rows& rows, std::vector<TopK>* best) const;
  void OfferBlock(size_t query, const Rows& rows, size_t begin, std::span<const float> distances, float error,
                  TopK* best) const;
  void SearchMulti(const Rows& rows, TopK* best) const;
  void Offer(size_t query, float distance, const Rows& rows, size_t row, float* threshold, TopK* best) const;

  std::shared_ptr<const ScanPlan> plan_;
  std::shared_ptr<RunState> run_;
  ScanStage scan_;
  std::shared_ptr<SharedThresholds> thresholds_;
  std::unique_ptr<const simd::L2Estimator> estimator_;  // null: distances are computed in full
};

/// Merges the candidates of all units into the k nearest a query, by query, then distance, then row id; one
/// batch of the plan's emitted shape: [query_index,] _distance, _rowid, _rowaddr.
std::unique_ptr<BatchStream> MakeKnnMerge(std::shared_ptr<const ScanPlan> plan, std::shared_ptr<RunState> run,
                                          std::unique_ptr<BatchStream> candidates);

}  // namespace lance::scan
