#include "lance/write.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lance/dataset/testing/tables.h"
#include "lance/dataset/write/fragment_writer.h"
#include "lance/table/snapshot.h"

namespace lance {
namespace {

using dataset_testing::FreshUri;
using dataset_testing::Rows;
using dataset_testing::Text;
using dataset_testing::Write;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::shared_ptr<arrow::Schema> TwoColumns() {
  return arrow::schema({arrow::field("a", arrow::int64()), arrow::field("s", arrow::utf8())});
}

WriteOptions Mode(WriteMode mode) {
  WriteOptions options;
  options.mode = mode;
  return options;
}

const std::vector<table::Fragment>& Fragments(const Dataset& dataset) {
  return dataset.snapshot()->manifest().fragments;
}

TEST(WriteDataset, CreatesATableThatOpens) {
  const std::string uri = FreshUri();
  auto written = Write(Rows(TwoColumns(), {"[1, 2, null]", R"(["x", null, "z"])"}), uri);
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ((*written)->version(), 1u);
  EXPECT_EQ((*written)->data_storage_version(), "2.2");
  EXPECT_EQ(Text(**written), "1 2 null | x null z");
  auto opened = Dataset::Open(uri);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(Text(**opened), "1 2 null | x null z");
}

TEST(WriteDataset, RefusesToCreateWhatExists) {
  const std::string uri = FreshUri();
  auto rows = Rows(TwoColumns(), {"[1]", R"(["x"])"});
  ASSERT_TRUE(Write(rows, uri).ok());
  auto again = Write(rows, uri);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(KindOf(again.status()), ErrorKind::kAlreadyExists);
  EXPECT_THAT(again.status().message(), HasSubstr("Dataset already exists"));
}

TEST(WriteDataset, AppendsColumnsByNameAndLeavesMissingOnesNull) {
  const std::string uri = FreshUri();
  ASSERT_TRUE(Write(Rows(TwoColumns(), {"[1]", R"(["x"])"}), uri).ok());
  auto reordered = arrow::schema({arrow::field("s", arrow::utf8()), arrow::field("a", arrow::int64())});
  auto second = Write(Rows(reordered, {R"(["y"])", "[2]"}), uri, Mode(WriteMode::kAppend));
  ASSERT_TRUE(second.ok()) << second.status();
  auto partial = arrow::schema({arrow::field("s", arrow::utf8())});
  auto third = Write(Rows(partial, {R"(["z"])"}), uri, Mode(WriteMode::kAppend));
  ASSERT_TRUE(third.ok()) << third.status();
  EXPECT_EQ((*third)->version(), 3u);
  EXPECT_EQ(Text(**third), "1 2 null | x y z");
  EXPECT_THAT(Fragments(**third)[1].files[0].fields, ElementsAre(1, 0));
  EXPECT_THAT(Fragments(**third)[2].files[0].fields, ElementsAre(1));
}

TEST(WriteDataset, ExplainsWhatDoesNotFit) {
  const std::string uri = FreshUri();
  ASSERT_TRUE(Write(Rows(TwoColumns(), {"[1]", R"(["x"])"}), uri).ok());
  auto append = [&](const std::shared_ptr<arrow::Schema>& schema, const std::vector<std::string>& columns) {
    return Write(Rows(schema, columns), uri, Mode(WriteMode::kAppend)).status().message();
  };
  EXPECT_THAT(append(arrow::schema({arrow::field("a", arrow::int32())}), {"[1]"}),
              HasSubstr("Append with different schema: `a` should have type int64 but type was int32"));
  EXPECT_THAT(append(arrow::schema({arrow::field("q", arrow::int32())}), {"[1]"}),
              HasSubstr("fields did not match, missing=[], unexpected=[q]"));
}

TEST(WriteDataset, RefusesNullsWhereTheTableForbidsThem) {
  const std::string uri = FreshUri();
  auto strict = arrow::schema({arrow::field("a", arrow::int64(), false), arrow::field("s", arrow::utf8())});
  ASSERT_TRUE(Write(Rows(strict, {"[1]", R"(["x"])"}), uri).ok());
  EXPECT_TRUE(Write(Rows(TwoColumns(), {"[2]", R"(["y"])"}), uri, Mode(WriteMode::kAppend)).ok());
  EXPECT_FALSE(Write(Rows(TwoColumns(), {"[null]", R"(["y"])"}), uri, Mode(WriteMode::kAppend)).ok());
  auto partial = arrow::schema({arrow::field("s", arrow::utf8())});
  EXPECT_THAT(Write(Rows(partial, {R"(["z"])"}), uri, Mode(WriteMode::kAppend)).status().message(),
              HasSubstr("missing=[a], unexpected=[]"));
  EXPECT_EQ(Text(*Dataset::Open(uri).ValueOrDie()), "1 2 | x y");
}

TEST(WriteDataset, OverwritesRowsAndSchemaButKeepsTheHistory) {
  const std::string uri = FreshUri();
  ASSERT_TRUE(Write(Rows(TwoColumns(), {"[1]", R"(["x"])"}), uri).ok());
  auto other = arrow::schema({arrow::field("n", arrow::float64())});
  auto written = Write(Rows(other, {"[0.5, 1.5]"}), uri, Mode(WriteMode::kOverwrite));
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ((*written)->version(), 2u);
  EXPECT_EQ(Text(**written), "0.5 1.5");
  EXPECT_EQ(Fragments(**written)[0].id, 1u);
  VersionRef first;
  first.number = 1;
  EXPECT_EQ(Text(*(*written)->Checkout(first).ValueOrDie()), "1 | x");
}

TEST(WriteDataset, RollsFilesByRows) {
  WriteOptions options;
  options.files.max_rows_per_file = 10;
  std::string values = "[0";
  for (int i = 1; i < 25; ++i) values += ", " + std::to_string(i);
  auto schema = arrow::schema({arrow::field("a", arrow::int64())});
  auto written = Write(Rows(schema, {values + "]"}), FreshUri(), options);
  ASSERT_TRUE(written.ok()) << written.status();
  std::vector<uint64_t> rows;
  for (const table::Fragment& fragment : Fragments(**written)) rows.push_back(fragment.physical_rows);
  EXPECT_THAT(rows, ElementsAre(10, 10, 5));
  EXPECT_THAT((*written)->FragmentIds(), ElementsAre(0, 1, 2));
}

TEST(WriteDataset, TakesNoRowsAtAll) {
  const std::string uri = FreshUri();
  auto written = Write(Rows(TwoColumns(), {"[]", "[]"}), uri);
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_TRUE(Fragments(**written).empty());
  EXPECT_EQ((*written)->schema()->num_fields(), 2);
}

TEST(WriteDataset, RefusesNamesThatCannotBeColumns) {
  auto write = [](const std::string& name) {
    return Write(Rows(arrow::schema({arrow::field(name, arrow::int64())}), {"[1]"}), FreshUri())
        .status()
        .message();
  };
  EXPECT_THAT(write("_rowid"), HasSubstr("reserved name"));
  EXPECT_THAT(write("a.b"), HasSubstr("cannot contain `.`"));
}

TEST(WriteDataset, NamesVersionsThatItDoesNotWrite) {
  auto write = [](const std::string& version) {
    WriteOptions options;
    options.files.data_storage_version = version;
    return Write(Rows(TwoColumns(), {"[1]", R"(["x"])"}), FreshUri(), options).status();
  };
  EXPECT_EQ(KindOf(write("9.9")), ErrorKind::kInvalidArgument);
  EXPECT_EQ(KindOf(write("legacy")), ErrorKind::kNotSupported);
}

TEST(WriteDataset, KeepsJsonAsItWasMeant) {
  auto metadata = arrow::KeyValueMetadata::Make({"ARROW:extension:name"}, {"arrow.json"});
  auto schema = arrow::schema({arrow::field("j", arrow::utf8(), true, metadata)});
  auto written = Write(Rows(schema, {R"(["{\"b\": 1, \"a\": [1.5, null]}", null])"}), FreshUri());
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ(Text(**written), R"({"a":[1.5,null],"b":1} null)");
  auto broken = Write(Rows(schema, {R"(["{"])"}), FreshUri());
  EXPECT_THAT(broken.status().message(), HasSubstr("column 'j', row 0: Failed to encode JSON"));
}

TEST(WriteFragments, AreCommittedTogether) {
  const std::string uri = FreshUri();
  auto dataset = Write(Rows(TwoColumns(), {"[1]", R"(["x"])"}), uri).ValueOrDie();
  auto rows = Rows(TwoColumns(), {"[2]", R"(["y"])"});
  arrow::TableBatchReader reader(rows);
  auto pending = WriteFragments(reader, *dataset, Mode(WriteMode::kAppend));
  ASSERT_TRUE(pending.ok()) << pending.status();
  EXPECT_EQ(Text(*Dataset::Open(uri).ValueOrDie()), "1 | x");
  auto again = FragmentMetadata::FromJson(pending->fragments[0].ToJson());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->impl(), pending->fragments[0].impl());
  auto committed = CommitTransaction(*dataset, pending->transaction);
  ASSERT_TRUE(committed.ok()) << committed.status();
  EXPECT_EQ(Text(**committed), "1 2 | x y");
}

TEST(FragmentWriter, NamesFilesByTheReferencesRule) {
  const std::string name = dataset::NewDataFileName();
  ASSERT_EQ(name.size(), 56u);
  EXPECT_EQ(name.find_first_not_of("01"), name.find_first_of("23456789abcdef."));
  EXPECT_GE(name.find_first_not_of("01"), 24u);
  EXPECT_NE(name, dataset::NewDataFileName());
}

}  // namespace
}  // namespace lance
