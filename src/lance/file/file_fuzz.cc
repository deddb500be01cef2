#include <algorithm>

#include <arrow/api.h>

#include "lance/file/testing/read_some.h"
#include "lance/store/memory_store.h"
#include "lance/store/object_store.h"

// A whole data file of any version from arbitrary bytes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lance;
  auto bytes = arrow::Buffer::FromString(std::string(reinterpret_cast<const char*>(data), size));
  auto file = file::FileReader::Open(store::MakeMemoryObject("fuzz.lance", bytes));
  if (!file.ok()) return 0;
  for (int column = 0; column < std::min((*file)->num_columns(), 100); ++column)
    (void)(*file)->Describe(column);
  size_t fields = 0;
  for (const schema::Field& field : (*file)->schema().fields) {
    if (++fields > 50) break;
    file::testing::ReadSome(file->get(), field, file::BlobHandling::kDescriptions);
    if (field.is_blob()) file::testing::ReadSome(file->get(), field, file::BlobHandling::kBytes);
  }
  return 0;
}
