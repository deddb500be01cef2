#include "lance/file/file_reader.h"

#include <random>

#include <arrow/api.h>
#include <arrow/io/api.h>
#include <arrow/ipc/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lance/encoding/core/field_reader.h"
#include "lance/store/memory_store.h"
#include "lance/store/object_store.h"

namespace lance::file {
namespace {

using testing::HasSubstr;

std::string Folder() {
  const char* root = std::getenv("LANCE_TESTDATA");
  return std::string(root != nullptr ? root : "testdata") + "/pylance-14.0.2/files/";
}

std::shared_ptr<arrow::Buffer> FileBytes(const std::string& name) {
  auto file = arrow::io::ReadableFile::Open(Folder() + name).ValueOrDie();
  return file->Read(file->GetSize().ValueOrDie()).ValueOrDie();
}

std::shared_ptr<arrow::Table> Expected(const std::string& name) {
  auto bytes = std::make_shared<arrow::io::BufferReader>(FileBytes(name + ".arrow"));
  auto reader = arrow::ipc::RecordBatchFileReader::Open(bytes).ValueOrDie();
  return reader->ToTable().ValueOrDie()->CombineChunks().ValueOrDie();
}

std::shared_ptr<FileReader> OpenFile(const std::string& name, const ReadOptions& options = {}) {
  auto object = store::MakeMemoryObject(name, FileBytes(name));
  auto opened = FileReader::Open(object, options);
  EXPECT_TRUE(opened.ok()) << opened.status();
  return opened.ok() ? *opened : nullptr;
}

Result<std::shared_ptr<arrow::Array>> ReadField(FileReader* file, const schema::Field& field,
                                                std::span<const RowRange> rows,
                                                BlobHandling blobs = BlobHandling::kDescriptions) {
  ARROW_ASSIGN_OR_RAISE(auto reader, file->OpenField(field, blobs));
  ARROW_ASSIGN_OR_RAISE(auto task, reader->Plan(rows));
  ARROW_ASSIGN_OR_RAISE(auto buffers, file->ReadMany(task->ranges()));
  ARROW_ASSIGN_OR_RAISE(auto data, task->Decode(std::move(buffers)));
  auto array = arrow::MakeArray(data);
  ARROW_RETURN_NOT_OK(array->ValidateFull());
  return array;
}

std::shared_ptr<arrow::Array> Pick(const std::shared_ptr<arrow::Array>& array,
                                   std::span<const RowRange> rows) {
  arrow::ArrayVector parts;
  for (const RowRange& range : rows) parts.push_back(array->Slice(range.start, range.length));
  if (parts.empty()) return array->Slice(0, 0);
  return arrow::Concatenate(parts).ValueOrDie();
}

// Dictionaries may differ in order and in unused entries; what counts are the values.
std::shared_ptr<arrow::Array> Plain(const std::shared_ptr<arrow::Array>& array) {
  if (array->type_id() != arrow::Type::DICTIONARY) return array;
  const auto& type = static_cast<const arrow::DictionaryType&>(*array->type());
  return arrow::compute::Cast(*array, type.value_type()).ValueOrDie();
}

class OracleFile : public testing::TestWithParam<const char*> {};

std::vector<RowRanges> Selections(uint64_t rows) {
  std::vector<RowRanges> out = {{{0, rows}}, {{0, 1}}, {{rows - 1, 1}}, {{rows / 3, rows / 3}}, {}};
  std::mt19937 random(7);
  for (int i = 0; i < 12; ++i) {
    RowRanges some;
    for (uint64_t row = random() % 9; row < rows; row += 1 + random() % 20) {
      const uint64_t length = std::min<uint64_t>(1 + random() % (i + 1), rows - row);
      some.push_back({row, length});
      row += length;
    }
    out.push_back(std::move(some));
  }
  return out;
}

TEST_P(OracleFile, ReadsWhatPylanceWrote) {
  auto file = OpenFile(GetParam() + std::string(".lance"));
  ASSERT_NE(file, nullptr);
  const std::string name = GetParam();
  auto expected = Expected(name.substr(0, name.rfind('_')));
  ASSERT_EQ(static_cast<int64_t>(file->num_rows()), expected->num_rows());
  const int num_fields = static_cast<int>(file->schema().fields.size());
  ASSERT_GT(num_fields, 0);
  ASSERT_LE(num_fields, expected->num_columns());
  for (int i = 0; i < num_fields; ++i) {
    const schema::Field& field = file->schema().fields[i];
    auto whole = expected->num_rows() > 0 ? expected->column(i)->chunk(0) : nullptr;
    EXPECT_TRUE((*field.ToArrow())->type()->Equals(expected->field(i)->type(), true))
        << (*field.ToArrow())->ToString() << " " << expected->field(i)->ToString();
    for (const RowRanges& rows : Selections(file->num_rows())) {
      auto read = ReadField(file.get(), field, rows);
      ASSERT_TRUE(read.ok()) << field.name << ": " << read.status();
      auto wanted = Pick(whole, rows);
      EXPECT_TRUE(Plain(*read)->Equals(Plain(wanted)))
          << field.name << " got " << (*read)->ToString() << " wanted " << wanted->ToString();
      if (testing::Test::HasFailure()) break;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Files, OracleFile,
                         testing::Values("flat_2.1", "flat_2.2", "nested_2.1", "nested_2.2", "wide_2.1",
                                         "wide_2.2", "flat_pages_2.1", "flat_pages_2.2", "nested_pages_2.1",
                                         "nested_pages_2.2"));

}  // namespace
}  // namespace lance::file
