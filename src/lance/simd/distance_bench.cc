#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "lance/simd/distance.h"

namespace lance::simd {
namespace {

std::vector<float> Numbers(size_t count) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> out(count);
  for (float& value : out) value = normal(random);
  return out;
}

// Rows stay in the second-level cache: what the kernel can do, not the memory.
void BM_OneQuery(benchmark::State& state) {
  const auto metric = static_cast<Metric>(state.range(0));
  const size_t dim = state.range(1), rows = (512 << 10) / 4 / dim;
  const auto query = Numbers(dim), vectors = Numbers(rows * dim);
  std::vector<float> out(rows);
  for (auto _ : state) {
    Distances(metric, Element::kFloat32, query.data(), vectors.data(), rows, dim, out.data());
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * rows * dim * 4);
}
BENCHMARK(BM_OneQuery)->ArgsProduct({{0, 1, 2}, {32, 128, 768}});

// `flops`: two for each pair of numbers, as for a product of matrices.
void BM_Batch(benchmark::State& state) {
  const auto metric = static_cast<Metric>(state.range(0));
  const size_t queries = state.range(1), dim = state.range(2), rows = 512;
  const auto query = Numbers(queries * dim), vectors = Numbers(rows * dim);
  std::vector<float> out(rows * queries);
  for (auto _ : state) {
    BatchDistancesF32(metric, query.data(), queries, vectors.data(), rows, dim, out.data());
    benchmark::DoNotOptimize(out.data());
  }
  state.counters["flops"] = benchmark::Counter(static_cast<double>(2 * queries * rows * dim),
                                               benchmark::Counter::kIsIterationInvariantRate);
  state.counters["distances"] =
      benchmark::Counter(static_cast<double>(queries * rows), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(BM_Batch)->ArgsProduct({{0, 1, 2}, {4, 16, 96, 100}, {128, 768}});

void BM_Estimate(benchmark::State& state) {
  const size_t queries = state.range(0), dim = state.range(1), rows = 512;
  const auto query = Numbers(queries * dim), vectors = Numbers(rows * dim);
  std::vector<float> out(rows * queries), norms(rows);
  const auto estimator = L2Estimator::Make(query.data(), queries, dim);
  for (auto _ : state) {
    estimator->Estimate(vectors.data(), rows, out.data(), norms.data());
    benchmark::DoNotOptimize(out.data());
  }
  state.counters["flops"] = benchmark::Counter(static_cast<double>(2 * queries * rows * dim),
                                               benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(BM_Estimate)->ArgsProduct({{96, 100}, {128, 768}});

}  // namespace
}  // namespace lance::simd
