#include "lance/file/page_copier.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "lance/base/testing.h"
#include "lance/store/memory_store.h"

namespace lance::file {
namespace {

class PageCopierTest : public ::testing::TestWithParam<int> {
 protected:
  const std::shared_ptr<store::ObjectStore> store_ = store::MakeMemoryStore("copier-test");
  const Version version_{2, GetParam()};
  int files_ = 0;

  std::string NextKey() { return fmt::format("{}-{}", GetParam(), files_++); }

  Result<std::shared_ptr<FileReader>> Write(const arrow::RecordBatch& batch, const Version& version) {
    const std::string key = NextKey();
    ARROW_ASSIGN_OR_RAISE(const schema::Schema schema, schema::FromArrow(*batch.schema()));
    ARROW_ASSIGN_OR_RAISE(auto object, store_->Create(key));
    WriteOptions options;
    options.version = version;
    ARROW_ASSIGN_OR_RAISE(auto writer, FileWriter::Make(std::move(object), schema, options));
    ARROW_RETURN_NOT_OK(writer->Write(batch));
    ARROW_RETURN_NOT_OK(writer->Finish().status());
    ARROW_ASSIGN_OR_RAISE(auto readable, store_->Open(key));
    return FileReader::Open(std::move(readable));
  }
};

std::shared_ptr<arrow::RecordBatch> Rows(int64_t start, int64_t count) {
  arrow::Int64Builder ids;
  arrow::StringBuilder texts;
  auto items = std::make_shared<arrow::Int32Builder>();
  arrow::ListBuilder lists(arrow::default_memory_pool(), items);
  for (int64_t i = start; i < start + count; ++i) {
    EXPECT_TRUE(ids.Append(i).ok());
    EXPECT_TRUE((i % 5 == 3 ? texts.AppendNull() : texts.Append(fmt::format("text {}", i))).ok());
    EXPECT_TRUE((i % 7 == 2 ? lists.AppendNull() : lists.Append()).ok());
    for (int64_t j = 0; i % 7 != 2 && j < i % 3; ++j)
      EXPECT_TRUE(items->Append(static_cast<int32_t>(j)).ok());
  }
  arrow::ArrayVector columns = {*ids.Finish(), *texts.Finish(), *lists.Finish()};
  columns.push_back(
      *arrow::StructArray::Make({columns[0], columns[1]}, {std::string("x"), std::string("y")}));
  auto schema = arrow::schema({arrow::field("id", arrow::int64()), arrow::field("s", arrow::utf8()),
                               arrow::field("l", columns[2]->type()), arrow::field("p", columns[3]->type())});
  return arrow::RecordBatch::Make(std::move(schema), count, std::move(columns));
}

TEST_P(PageCopierTest, JoinsFilesPageByPage) {
  const auto first = Rows(0, 1000), second = Rows(1000, 1), third = Rows(1001, 500);
  ASSERT_OK_AND_ASSIGN(const schema::Schema schema, schema::FromArrow(*first->schema()));
  const std::string key = NextKey();
  ASSERT_OK_AND_ASSIGN(auto object, store_->Create(key));
  ASSERT_OK_AND_ASSIGN(auto copier, PageCopier::Make(std::move(object), schema, version_));
  for (const auto& batch : {first, second, third}) {
    ASSERT_OK_AND_ASSIGN(auto file, Write(*batch, version_));
    ASSERT_OK_AND_ASSIGN(const bool can, PageCopier::CanCopy(*file, version_));
    EXPECT_TRUE(can);
    ASSERT_OK(copier->Append(*file, /*read_bytes=*/1));
  }
  ASSERT_OK_AND_ASSIGN(const WrittenFile written, copier->Finish());
  EXPECT_EQ(written.num_rows, 1501u);
  ASSERT_OK_AND_ASSIGN(auto readable, store_->Open(key));
  EXPECT_EQ(readable->size(), written.size_bytes);
  ASSERT_OK_AND_ASSIGN(auto joined, FileReader::Open(std::move(readable)));
  for (const RowRange rows : {RowRange{0, 1501}, RowRange{990, 30}, RowRange{1000, 1}}) {
    ASSERT_OK_AND_ASSIGN(auto read, joined->Read(schema, {&rows, 1}));
    const auto wanted = Rows(static_cast<int64_t>(rows.start), static_cast<int64_t>(rows.length));
    for (int i = 0; i < wanted->num_columns(); ++i) {
      EXPECT_TRUE(read->column(i)->Equals(*wanted->column(i))) << wanted->column_name(i) << rows.start;
    }
  }
}

TEST_P(PageCopierTest, RefusesWhatIsNotAlike) {
  const auto batch = Rows(0, 10);
  ASSERT_OK_AND_ASSIGN(const schema::Schema schema, schema::FromArrow(*batch->schema()));
  ASSERT_OK_AND_ASSIGN(auto object, store_->Create(NextKey()));
  ASSERT_OK_AND_ASSIGN(auto copier, PageCopier::Make(std::move(object), schema, version_));
  ASSERT_OK_AND_ASSIGN(auto other, Write(*batch, Version{2, (GetParam() + 1) % 3}));
  ASSERT_OK_AND_ASSIGN(const bool can, PageCopier::CanCopy(*other, version_));
  EXPECT_FALSE(can);
  EXPECT_TRUE(Is(copier->Append(*other, 1), ErrorKind::kInvalidArgument));
  ASSERT_OK_AND_ASSIGN(auto same, Write(*batch, version_));
  ASSERT_OK(copier->Append(*same, 1 << 20));
  ASSERT_OK_AND_ASSIGN(auto narrow, Write(*batch->SelectColumns({0}).ValueOrDie(), version_));
  EXPECT_TRUE(Is(copier->Append(*narrow, 1), ErrorKind::kInvalidArgument));
}

INSTANTIATE_TEST_SUITE_P(Versions, PageCopierTest, ::testing::Values(0, 1, 2));

}  // namespace
}  // namespace lance::file
