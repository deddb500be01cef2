#include "lance/file/verify.h"

#include <fstream>
#include <iterator>

#include <arrow/buffer.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lance/store/memory_store.h"
#include "lance/store/object_store.h"

namespace lance::file {
namespace {

using testing::IsEmpty;
using testing::Not;

std::string ReadFile(const std::string& name) {
  const char* root = std::getenv("LANCE_TESTDATA");
  std::ifstream in(std::string(root != nullptr ? root : "testdata") + "/pylance-14.0.2/files/" + name,
                   std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::shared_ptr<FileReader> Open(std::string bytes) {
  auto opened =
      FileReader::Open(store::MakeMemoryObject("x.lance", arrow::Buffer::FromString(std::move(bytes))));
  return opened.ok() ? *opened : nullptr;
}

TEST(Verify, FindsNothingInSoundFilesAndCountsTheirBytes) {
  for (const char* name : {"flat_2.1.lance", "nested_2.2.lance", "nested_pages_2.2.lance", "blobs_2.1.lance",
                           "blobs_2.2.lance"}) {
    auto file = Open(ReadFile(name));
    ASSERT_NE(file, nullptr) << name;
    VerifyReport report = Verify(file.get(), {.rows_per_read = 7});
    EXPECT_THAT(report.errors, IsEmpty()) << name;
    EXPECT_EQ(report.rows, file->num_rows());
    EXPECT_EQ(report.columns.size(), static_cast<size_t>(file->num_columns()));
    EXPECT_GT(report.global_buffer_bytes, 0u);
    for (const ColumnUse& column : report.columns) {
      uint64_t bytes = 0, pages = 0;
      for (const auto& [encoding, use] : column.encodings) {
        bytes += use.bytes;
        pages += use.pages;
      }
      EXPECT_EQ(bytes, column.bytes);
      EXPECT_EQ(pages, column.pages);
      EXPECT_FALSE(column.name.empty());
    }
  }
}

TEST(Verify, NamesColumnsByTheirPath) {
  auto file = Open(ReadFile("nested_2.1.lance"));
  ASSERT_NE(file, nullptr);
  VerifyReport report = Verify(file.get());
  EXPECT_EQ(report.columns[0].name, "struct.x");
  EXPECT_EQ(report.columns[1].name, "struct.name");
  EXPECT_EQ(report.columns[4].name, "list.item");
}

TEST(Verify, ReportsDamage) {
  const std::string sound = ReadFile("nested_2.1.lance");
  auto file = Open(sound);
  ASSERT_NE(file, nullptr);
  // The chunk table of the first page: its counts no longer add up.
  const uint64_t at = file->Describe(0)->pages[0].buffers[0].offset;
  std::string damaged = sound;
  for (int i = 0; i < 4; ++i) damaged[at + i] = '\xff';
  auto broken = Open(damaged);
  ASSERT_NE(broken, nullptr);
  VerifyReport report = Verify(broken.get());
  ASSERT_THAT(report.errors, Not(IsEmpty()));
  EXPECT_THAT(report.errors[0], testing::HasSubstr("struct"));
}

}  // namespace
}  // namespace lance::file
