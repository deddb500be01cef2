#pragma once

#include <algorithm>
#include <cstdio>

#include <arrow/api.h>

#include "lance/base/status.h"
#include "lance/encoding/core/field_reader.h"
#include "lance/file/file_reader.h"

namespace lance::file::testing {

inline Status TryReadSome(FileReader* file, const schema::Field& field, BlobHandling blobs) {
  // A file may claim any number of rows of a constant; what is read stays small.
  constexpr uint64_t kMaxRows = 2000;
  ARROW_ASSIGN_OR_RAISE(auto reader, file->OpenField(field, blobs, /*missing_as_null=*/true));
  (void)reader->PageStarts();
  const uint64_t rows = file->num_rows();
  RowRanges selections[] = {{{0, std::min(rows, kMaxRows)}}, {}};
  for (uint64_t row = rows > kMaxRows ? rows - kMaxRows : 0; row < rows && selections[1].size() < 50;
       row += 7) {
    selections[1].push_back({row, std::min<uint64_t>(rows - row, 1 + row % 3)});
  }
  for (const RowRanges& selection : selections) {
    if (rows == 0 || selection.empty()) continue;
    ARROW_ASSIGN_OR_RAISE(auto task, reader->Plan(selection));
    ARROW_ASSIGN_OR_RAISE(auto buffers, file->ReadMany(task->ranges()));
    ARROW_ASSIGN_OR_RAISE(auto data, task->Decode(std::move(buffers)));
    if (!arrow::MakeArray(data)->Validate().ok()) __builtin_trap();
  }
  return Status::OK();
}

/// For fuzz targets: reads the first rows of a field in one range, then a few near its end. Stops the process
/// when an array comes out that is not safe to walk (its UTF-8 is as it was stored), and when an error blames
/// this library for what the bytes are.
inline void ReadSome(FileReader* file, const schema::Field& field, BlobHandling blobs) {
  const Status status = TryReadSome(file, field, blobs);
  if (!Is(status, ErrorKind::kInternal)) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  __builtin_trap();
}

}  // namespace lance::file::testing
