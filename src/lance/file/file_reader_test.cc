#include "lance/file/file_reader.h"

#include <random>
#include <set>

#include <arrow/api.h>
#include <arrow/io/api.h>
#include <arrow/ipc/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lance/encoding/core/blob.h"
#include "lance/encoding/core/field_reader.h"
#include "lance/store/memory_store.h"
#include "lance/store/object_store.h"

namespace lance::file {
namespace {

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

void ExpectEqual(const arrow::Array& read, const arrow::Array& wanted) {
  EXPECT_TRUE(read.Equals(wanted)) << "got " << read.ToString() << " wanted " << wanted.ToString();
}

TEST(BlobFile, ReadsBytesAndDescriptorsOfV1) {
  auto file = OpenFile("blobs_2.1.lance");
  ASSERT_NE(file, nullptr);
  auto expected = Expected("blobs");
  for (int i = 0; i < 3; ++i) {
    const schema::Field& field = file->schema().fields[static_cast<size_t>(i)];
    for (const RowRanges& rows : Selections(file->num_rows())) {
      auto bytes = ReadField(file.get(), field, rows, BlobHandling::kBytes);
      ASSERT_TRUE(bytes.ok()) << field.name << ": " << bytes.status();
      ExpectEqual(**bytes, *Pick(expected->column(i)->chunk(0), rows));
    }
  }
  const RowRange all{0, file->num_rows()};
  auto described = ReadField(file.get(), file->schema().fields[0], {&all, 1});
  ASSERT_TRUE(described.ok()) << described.status();
  EXPECT_EQ((*described)->type()->ToString(), "struct<position: uint64, size: uint64>");
  const auto& values = static_cast<const arrow::LargeBinaryArray&>(*expected->column(0)->chunk(0));
  auto size = static_cast<const arrow::StructArray&>(**described).GetFieldByName("size");
  for (int64_t i = 0; i < values.length(); ++i) {
    ASSERT_EQ((*described)->IsNull(i), values.IsNull(i)) << i;
    if (values.IsNull(i)) continue;
    EXPECT_EQ(static_cast<const arrow::UInt64Array&>(*size).Value(i), values.value_length(i)) << i;
  }
}

// Reads sidecars next to the data file, as a table would from its store.
class FolderResolver : public encoding::BlobResolver {
 public:
  Result<std::vector<encoding::BufferPtr>> Read(const std::string& data_file_path,
                                                std::span<const encoding::BlobLocation> locations) override {
    std::vector<encoding::BufferPtr> out;
    for (const encoding::BlobLocation& location : locations) {
      auto sidecar = FileBytes(encoding::BlobSidecarPath(data_file_path, location.blob_id));
      out.push_back(arrow::SliceBuffer(sidecar, static_cast<int64_t>(location.position),
                                       static_cast<int64_t>(location.size)));
      kinds.insert(location.kind);
    }
    return out;
  }
  std::set<encoding::BlobKind> kinds;
};

TEST(BlobFile, ReadsBytesOfV2InsideAndOutsideOfTheFile) {
  auto resolver = std::make_shared<FolderResolver>();
  ReadOptions options;
  options.blob_resolver = resolver;
  auto file = OpenFile("blobs_2.2.lance", options);
  ASSERT_NE(file, nullptr);
  auto expected = Expected("blobs_v2");
  const schema::Field& field = file->schema().fields[0];
  for (const RowRanges& rows : Selections(file->num_rows())) {
    auto bytes = ReadField(file.get(), field, rows, BlobHandling::kBytes);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    ExpectEqual(**bytes, *Pick(expected->column(0)->chunk(0), rows));
  }
  EXPECT_THAT(resolver->kinds,
              testing::ElementsAre(encoding::BlobKind::kPacked, encoding::BlobKind::kDedicated));
  const RowRange all{0, file->num_rows()};
  auto without = OpenFile("blobs_2.2.lance");
  auto refused = ReadField(without.get(), without->schema().fields[0], {&all, 1}, BlobHandling::kBytes);
  EXPECT_TRUE(Is(refused.status(), ErrorKind::kNotSupported)) << refused.status();
  auto described = ReadField(without.get(), without->schema().fields[0], {&all, 1});
  ASSERT_TRUE(described.ok()) << described.status();
  EXPECT_EQ((*described)->null_count(), expected->column(0)->null_count());
}

TEST(FileReader, ReadsAProjectionInOneBatch) {
  auto file = OpenFile("nested_2.2.lance");
  ASSERT_NE(file, nullptr);
  auto expected = Expected("nested");
  auto projection = file->schema().Project({"list_list", "struct.name", "deep.ps.item.x", "map"});
  ASSERT_TRUE(projection.ok()) << projection.status();
  const RowRanges rows = {{1, 2}, {10, 5}, {49, 1}};
  auto batch = file->Read(*projection, rows);
  ASSERT_TRUE(batch.ok()) << batch.status();
  ASSERT_TRUE((*batch)->ValidateFull().ok());
  ASSERT_EQ((*batch)->num_rows(), 8);
  ExpectEqual(*(*batch)->column(0), *Pick(expected->GetColumnByName("list_list")->chunk(0), rows));
  ExpectEqual(*(*batch)->column(3), *Pick(expected->GetColumnByName("map")->chunk(0), rows));
  EXPECT_EQ((*batch)->schema()->field(1)->type()->ToString(), "struct<name: string>");
  auto whole = Pick(expected->GetColumnByName("struct")->chunk(0), rows);
  const auto& part = static_cast<const arrow::StructArray&>(*(*batch)->column(1));
  ExpectEqual(*part.field(0), *static_cast<const arrow::StructArray&>(*whole).GetFieldByName("name"));
  EXPECT_EQ(part.null_count(), whole->null_count());
  EXPECT_EQ((*batch)->schema()->field(2)->type()->ToString(), "struct<ps: list<item: struct<x: int32>>>");
}

TEST(FileReader, ReadsSomeMembersOfAPackedStruct) {
  auto file = OpenFile("wide_2.2.lance");
  ASSERT_NE(file, nullptr);
  auto expected = Expected("wide");
  schema::Field field = *file->schema().FindTopLevel("packed_strings");
  std::swap(field.children[0], field.children[2]);
  field.children.pop_back();
  const RowRange all{0, file->num_rows()};
  auto read = ReadField(file.get(), field, {&all, 1});
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ((*read)->type()->ToString(), "struct<c: int8, s: string>");
  auto whole = expected->GetColumnByName("packed_strings")->chunk(0);
  const auto& wanted = static_cast<const arrow::StructArray&>(*whole);
  const auto& got = static_cast<const arrow::StructArray&>(**read);
  EXPECT_EQ(got.null_count(), wanted.null_count());
  for (int64_t i = 0; i < got.length(); ++i) {
    if (got.IsNull(i)) continue;
    EXPECT_TRUE(got.GetFieldByName("s")->RangeEquals(*wanted.GetFieldByName("s"), i, i + 1, i));
    EXPECT_TRUE(got.GetFieldByName("c")->RangeEquals(*wanted.GetFieldByName("c"), i, i + 1, i));
  }
}

TEST(FileReader, MissingMembersBecomeNullsOnlyWhenAsked) {
  auto file = OpenFile("nested_2.2.lance");
  ASSERT_NE(file, nullptr);
  schema::Field field = *file->schema().FindTopLevel("struct");
  schema::Field added;
  added.name = "added";
  added.id = 1000;
  added.logical_type = "list";
  added.children.push_back({.name = "item", .id = 1001, .logical_type = "int32"});
  field.children.insert(field.children.begin(), added);
  EXPECT_TRUE(Is(file->OpenField(field).status(), ErrorKind::kNotFound));
  auto reader = file->OpenField(field, BlobHandling::kDescriptions, /*missing_as_null=*/true);
  ASSERT_TRUE(reader.ok()) << reader.status();
  const RowRange some{3, 9};
  auto task = *(*reader)->Plan({&some, 1});
  auto data = task->Decode(*file->ReadMany(task->ranges()));
  ASSERT_TRUE(data.ok()) << data.status();
  arrow::StructArray array(*data);
  EXPECT_TRUE(array.ValidateFull().ok());
  EXPECT_EQ(array.field(0)->null_count(), 9);
  // Nothing of the field is here: all rows are null.
  auto nothing = file->OpenField(added, BlobHandling::kDescriptions, true);
  ASSERT_TRUE(nothing.ok()) << nothing.status();
  auto nulls = (*(*nothing)->Plan({&some, 1}))->Decode({});
  ASSERT_TRUE(nulls.ok()) << nulls.status();
  EXPECT_EQ((*nulls)->GetNullCount(), 9);
}

TEST(FileReader, TheTablesColumnsCountWhenTheyAreGiven) {
  ReadOptions options;
  options.fields = {70, -2, 60};
  options.column_indices = {0, 1, 1};
  auto file = OpenFile("flat_2.2.lance", options);
  ASSERT_NE(file, nullptr);
  schema::Field field;
  field.name = "renamed";
  field.id = 70;
  field.logical_type = "int64";
  const RowRange all{0, file->num_rows()};
  auto read = ReadField(file.get(), field, {&all, 1});
  ASSERT_TRUE(read.ok()) << read.status();
  ExpectEqual(**read, *Expected("flat")->GetColumnByName("required")->chunk(0));
  field.id = -2;
  EXPECT_TRUE(Is(ReadField(file.get(), field, {&all, 1}).status(), ErrorKind::kNotFound));
}

// Counts how it is read.
class CountingObject : public store::ReadableObject {
 public:
  explicit CountingObject(std::shared_ptr<arrow::Buffer> bytes) : bytes_(std::move(bytes)) {}
  const std::string& path() const override { return path_; }
  uint64_t size() const override { return static_cast<uint64_t>(bytes_->size()); }
  Status ReadInto(ByteRange range, uint8_t* out) override {
    std::memcpy(out, bytes_->data() + range.offset, range.length);
    return Status::OK();
  }
  Result<std::vector<std::shared_ptr<arrow::Buffer>>> ReadMany(std::span<const ByteRange> ranges) override {
    ++calls;
    return ReadableObject::ReadMany(ranges);
  }
  Result<std::shared_ptr<arrow::Buffer>> Read(ByteRange range) override {
    ++reads;
    return ReadableObject::Read(range);
  }
  int calls = 0;
  int reads = 0;

 private:
  std::string path_ = "counted.lance";
  std::shared_ptr<arrow::Buffer> bytes_;
};

TEST(FileReader, SmallFilesAreReadOnce) {
  auto object = std::make_shared<CountingObject>(FileBytes("nested_pages_2.2.lance"));
  ASSERT_LT(object->size(), 64u << 10);
  auto file = FileReader::Open(object);
  ASSERT_TRUE(file.ok()) << file.status();
  const RowRange all{0, (*file)->num_rows()};
  ASSERT_TRUE((*file)->Read((*file)->schema(), {&all, 1}).ok());
  EXPECT_EQ(object->reads, 1);
  EXPECT_EQ(object->calls, 0);
}

TEST(FileReader, RefusesRowsThatAreNotThere) {
  auto file = OpenFile("flat_2.1.lance");
  ASSERT_NE(file, nullptr);
  auto reader = *file->OpenField(file->schema().fields[0]);
  const uint64_t rows = file->num_rows();
  for (const RowRanges& bad :
       {RowRanges{{rows, 1}}, {{0, rows + 1}}, {{5, 1}, {4, 1}}, {{5, 0}}, {{1, UINT64_MAX}}}) {
    EXPECT_TRUE(Is(reader->Plan(bad).status(), ErrorKind::kInvalidArgument));
  }
}

TEST(FileReader, ReadsTheSameWithoutAPageCache) {
  ReadOptions options;
  options.page_cache_bytes = 0;
  auto file = OpenFile("nested_pages_2.2.lance", options);
  ASSERT_NE(file, nullptr);
  const RowRange all{0, file->num_rows()};
  auto batch = file->Read(file->schema(), {&all, 1});
  ASSERT_TRUE(batch.ok()) << batch.status();
  auto expected = Expected("nested_pages");
  for (int i = 0; i < (*batch)->num_columns(); ++i)
    ExpectEqual(*(*batch)->column(i), *expected->column(i)->chunk(0));
}

TEST(FileReader, DescribesPagesInWords) {
  auto file = OpenFile("flat_2.1.lance");
  ASSERT_NE(file, nullptr);
  auto column = file->Describe(1);
  ASSERT_TRUE(column.ok()) << column.status();
  EXPECT_EQ(column->field, "int32");
  ASSERT_EQ(column->pages.size(), 1u);
  EXPECT_EQ(column->pages[0].num_rows, file->num_rows());
  EXPECT_EQ(column->pages[0].encoding, "MiniBlock{Flat{32}, def: InlineBitpacking{16}}");
  EXPECT_TRUE(Is(file->Describe(1000).status(), ErrorKind::kCorruption));
  EXPECT_TRUE(Is(file->ReadGlobalBuffer(1000).status(), ErrorKind::kInvalidArgument));
  EXPECT_TRUE(file->ReadGlobalBuffer(0).ok());
}

INSTANTIATE_TEST_SUITE_P(Files, OracleFile,
                         testing::Values("flat_2.1", "flat_2.2", "nested_2.1", "nested_2.2", "wide_2.1",
                                         "wide_2.2", "flat_pages_2.1", "flat_pages_2.2", "nested_pages_2.1",
                                         "nested_pages_2.2"));

}  // namespace
}  // namespace lance::file
