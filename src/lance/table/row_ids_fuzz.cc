#include <cstdlib>

#include "lance/table/row_id_index.h"
#include "lance/table/row_ids.h"

using namespace lance::table;  // NOLINT

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (auto parsed = RowIdSequence::Parse({data, size}); parsed.ok()) {
    const RowIdSequence& ids = **parsed;
    std::vector<uint64_t> read(std::min<uint64_t>(ids.size(), 1000));
    for (const uint64_t start : {uint64_t{0}, (ids.size() - read.size()) / 2, ids.size() - read.size()}) {
      ids.Read({start, read.size()}, read.data());
      for (size_t i = 0; i < read.size(); i += 13) {
        if (ids.Get(start + i) != read[i] || !ids.Find(read[i])) std::abort();
      }
    }
    // Fragments have at most 2^32 rows.
    if (ids.size() <= UINT32_MAX && !read.empty()) {
      const auto index = RowIdIndex::Build({{1, *parsed}, {2, *parsed}});
      int found = 0;
      index->VisitAddresses(read[0], [&](uint64_t) { return ++found == 2; });
      if (found != 2) std::abort();
    }
  }
  if (auto parsed = VersionSequence::Parse({data, size}); parsed.ok()) {
    const VersionSequence& versions = **parsed;
    std::vector<uint64_t> read(std::min<uint64_t>(versions.size(), 1000));
    versions.Read({versions.size() - read.size(), read.size()}, read.data());
    if (!read.empty() && versions.Get(versions.size() - 1) != read.back()) std::abort();
  }
  return 0;
}
