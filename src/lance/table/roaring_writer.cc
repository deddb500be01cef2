#include <roaring/roaring.hh>

#include "lance/table/roaring_runs.h"

// Its C++ class moved into a namespace in later releases.
namespace roaring {}

namespace lance::table {

using namespace roaring;  // NOLINT

std::string SerializeRoaring(const RowRanges& ranges, bool runs) {
  Roaring bitmap;
  for (const RowRange& range : ranges) bitmap.addRange(range.start, range.end());
  if (runs) {
    bitmap.runOptimize();
  } else {
    bitmap.removeRunCompression();
  }
  std::string out(bitmap.getSizeInBytes(/*portable=*/true), '\0');
  bitmap.write(out.data(), /*portable=*/true);
  return out;
}

}  // namespace lance::table
