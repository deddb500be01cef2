#include <vector>

#include <roaring/roaring.hh>

#include "lance/table/roaring_runs.h"

// Its C++ class moved into a namespace in later releases.
namespace roaring {}

namespace lance::table {

using namespace roaring;  // NOLINT

constexpr size_t kValuesAtOnce = 4096;

std::string SerializeRoaring(const RowRanges& ranges, bool runs) {
  Roaring bitmap;
  if (runs) {
    for (const RowRange& range : ranges) bitmap.addRange(range.start, range.end());
    bitmap.runOptimize();
  } else {
    // Value by value: removeRunCompression of release 0.2.66 writes past its memory for short runs that end
    // at the last of 65,536 values.
    std::vector<uint32_t> values;
    const auto flush = [&] {
      bitmap.addMany(values.size(), values.data());
      values.clear();
    };
    for (const RowRange& range : ranges) {
      for (uint64_t value = range.start; value < range.end(); ++value) {
        values.push_back(static_cast<uint32_t>(value));
        if (values.size() == kValuesAtOnce) flush();
      }
    }
    flush();
  }
  std::string out(bitmap.getSizeInBytes(/*portable=*/true), '\0');
  bitmap.write(out.data(), /*portable=*/true);
  return out;
}

}  // namespace lance::table
