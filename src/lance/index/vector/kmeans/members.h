#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lance::index {

/// Rows grouped by cluster: cluster c has rows[starts[c] .. starts[c + 1]), ascending.
struct Members {
  std::vector<uint32_t> starts;
  std::vector<uint32_t> rows;

  size_t size(size_t cluster) const { return starts[cluster + 1] - starts[cluster]; }
  std::span<const uint32_t> of(size_t cluster) const {
    return std::span(rows).subspan(starts[cluster], size(cluster));
  }
};

/// Groups rows by their cluster, by counting.
inline Members GroupByCluster(std::span<const uint32_t> ids, size_t k) {
  Members out;
  out.starts.assign(k + 1, 0);
  out.rows.resize(ids.size());
  for (const uint32_t id : ids) ++out.starts[id + 1];
  for (size_t c = 0; c < k; ++c) out.starts[c + 1] += out.starts[c];
  std::vector<uint32_t> next(out.starts.begin(), out.starts.end() - 1);
  for (size_t row = 0; row < ids.size(); ++row) out.rows[next[ids[row]]++] = static_cast<uint32_t>(row);
  return out;
}

}  // namespace lance::index
