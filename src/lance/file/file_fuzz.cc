#include <algorithm>

#include <arrow/api.h>

#include "lance/encoding/core/field_reader.h"
#include "lance/file/file_reader.h"
#include "lance/store/memory_store.h"
#include "lance/store/object_store.h"

namespace {

using namespace lance;

// A file may claim any number of rows of a constant; what is read stays small.
constexpr uint64_t kMaxRows = 2000;

Status ReadSome(file::FileReader* file, const schema::Field& field, file::BlobHandling blobs) {
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
    auto array = arrow::MakeArray(data);
    // Whatever the bytes, an array that comes out is safe to walk. (Its UTF-8 is as it was stored.)
    if (!array->Validate().ok()) __builtin_trap();
  }
  return Status::OK();
}

}  // namespace

// A whole data file of any version from arbitrary bytes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto bytes = arrow::Buffer::FromString(std::string(reinterpret_cast<const char*>(data), size));
  auto file = file::FileReader::Open(store::MakeMemoryObject("fuzz.lance", bytes));
  if (!file.ok()) return 0;
  for (int column = 0; column < std::min((*file)->num_columns(), 100); ++column)
    (void)(*file)->Describe(column);
  size_t fields = 0;
  for (const schema::Field& field : (*file)->schema().fields) {
    if (++fields > 50) break;
    (void)ReadSome(file->get(), field, file::BlobHandling::kDescriptions);
    if (field.is_blob()) (void)ReadSome(file->get(), field, file::BlobHandling::kBytes);
  }
  return 0;
}
