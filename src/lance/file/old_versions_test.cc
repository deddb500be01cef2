// Reads files of versions 2.0 and 0.1 that pylance wrote (testdata/generate_old_versions.py) and compares
// with what pylance reads from them: whole, by random rows, and member by member.
#include <cstdlib>
#include <random>

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <gtest/gtest.h>

#include "lance/file/file_reader.h"
#include "lance/store/object_store.h"

namespace lance::file {
namespace {

std::string Folder() {
  const char* root = std::getenv("LANCE_TESTDATA");
  return std::string(root != nullptr ? root : "testdata") + "/pylance-14.0.2/old_versions";
}

Result<std::shared_ptr<store::ReadableObject>> OpenObject(const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(auto opened, store::OpenStore(Folder()));
  return opened.store->Open(name);
}

Result<std::shared_ptr<arrow::RecordBatch>> Expected(const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::ReadableFile::Open(Folder() + "/" + name));
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchFileReader::Open(file));
  if (reader->num_record_batches() != 1)
    return Internal("{} has {} batches", name, reader->num_record_batches());
  return reader->ReadRecordBatch(0);
}

Result<std::shared_ptr<FileReader>> OpenCase(const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(auto object, OpenObject(name + ".lance"));
  ReadOptions options;
  if (name.starts_with("v0_1")) {
    ARROW_ASSIGN_OR_RAISE(options.manifest_file, OpenObject(name + ".manifest"));
  }
  return FileReader::Open(std::move(object), options);
}

/// Dictionaries may be built differently; values count.
std::shared_ptr<arrow::Array> Dense(const std::shared_ptr<arrow::Array>& array) {
  if (array->type_id() != arrow::Type::DICTIONARY) return array;
  const auto& type = static_cast<const arrow::DictionaryType&>(*array->type());
  return arrow::compute::Cast(*array, type.value_type()).ValueOrDie();
}

void ExpectSame(const arrow::RecordBatch& actual, const arrow::RecordBatch& expected) {
  ASSERT_EQ(actual.num_columns(), expected.num_columns());
  ASSERT_EQ(actual.num_rows(), expected.num_rows());
  for (int i = 0; i < actual.num_columns(); ++i) {
    const std::string& name = expected.schema()->field(i)->name();
    ASSERT_TRUE(actual.column(i)->type()->Equals(expected.column(i)->type()))
        << name << ": " << actual.column(i)->type()->ToString() << " instead of "
        << expected.column(i)->type()->ToString();
    const Status valid = actual.column(i)->ValidateFull();
    ASSERT_TRUE(valid.ok()) << name << ": " << valid.ToString();
    auto left = Dense(actual.column(i)), right = Dense(expected.column(i));
    EXPECT_TRUE(left->Equals(right, arrow::EqualOptions::Defaults().nans_equal(true)))
        << name << "\nread:     " << left->ToString() << "\nexpected: " << right->ToString();
  }
}

std::shared_ptr<arrow::RecordBatch> Take(const std::shared_ptr<arrow::RecordBatch>& batch,
                                         const RowRanges& rows) {
  arrow::RecordBatchVector parts;
  for (const RowRange& range : rows) {
    parts.push_back(batch->Slice(static_cast<int64_t>(range.start), static_cast<int64_t>(range.length)));
  }
  return arrow::ConcatenateRecordBatches(parts).ValueOrDie();
}

RowRanges RandomRows(std::mt19937_64& random, uint64_t num_rows) {
  RowRanges rows;
  const uint64_t longest = 1 + random() % (random() % 2 == 0 ? 3 : num_rows);
  const uint64_t gap = random() % (random() % 2 == 0 ? 3 : num_rows);
  for (uint64_t at = random() % num_rows; at < num_rows;) {
    const uint64_t length = std::min(1 + random() % longest, num_rows - at);
    rows.push_back({at, length});
    at += length + (gap == 0 ? 0 : random() % gap);
  }
  return rows;
}

class OldVersions : public testing::TestWithParam<const char*> {};

TEST_P(OldVersions, ReadsWhatPylanceReads) {
  auto reader = OpenCase(GetParam());
  ASSERT_TRUE(reader.ok()) << reader.status().ToString();
  auto expected = Expected(std::string(GetParam()) + ".arrow").ValueOrDie();
  ASSERT_EQ((*reader)->num_rows(), static_cast<uint64_t>(expected->num_rows()));
  const RowRange all{0, (*reader)->num_rows()};
  auto batch = (*reader)->Read((*reader)->schema(), std::span(&all, 1));
  ASSERT_TRUE(batch.ok()) << batch.status().ToString();
  ExpectSame(**batch, *expected);
}

TEST_P(OldVersions, ReadsAnyRows) {
  auto reader = OpenCase(GetParam()).ValueOrDie();
  auto expected = Expected(std::string(GetParam()) + ".arrow").ValueOrDie();
  std::mt19937_64 random(7);
  for (int round = 0; round < 40; ++round) {
    const RowRanges rows = RandomRows(random, reader->num_rows());
    auto batch = reader->Read(reader->schema(), rows);
    ASSERT_TRUE(batch.ok()) << batch.status().ToString();
    ExpectSame(**batch, *Take(expected, rows));
    if (HasFailure()) {
      FAIL() << "round " << round;
    }
  }
}

TEST_P(OldVersions, ReadsMembersOfStructsAlone) {
  auto reader = OpenCase(GetParam()).ValueOrDie();
  auto expected = Expected(std::string(GetParam()) + ".arrow").ValueOrDie();
  const RowRange all{0, reader->num_rows()};
  for (const schema::Field& field : reader->schema().fields) {
    if (!field.is_struct()) continue;
    auto whole = expected->GetColumnByName(field.name);
    for (size_t i = 0; i < field.children.size(); ++i) {
      schema::Schema projection;
      projection.fields.push_back(field);
      projection.fields[0].children = {field.children[i]};
      auto batch = reader->Read(projection, std::span(&all, 1));
      ASSERT_TRUE(batch.ok()) << batch.status().ToString();
      const auto& actual = static_cast<const arrow::StructArray&>(*(*batch)->column(0));
      EXPECT_TRUE(
          actual.field(0)->Equals(static_cast<const arrow::StructArray&>(*whole).field(static_cast<int>(i))))
          << field.name << "." << field.children[i].name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(V2_0, OldVersions,
                         testing::Values("v2_0_scalars", "v2_0_one_row", "v2_0_nested", "v2_0_dictionaries",
                                         "v2_0_pages", "v2_0_low_cardinality", "v2_0_metadata", "v2_0_fsst",
                                         "v2_0_blob"),
                         [](const auto& info) { return std::string(info.param); });

INSTANTIATE_TEST_SUITE_P(V0_1, OldVersions,
                         testing::Values("v0_1_scalars", "v0_1_nested", "v0_1_dictionaries", "v0_1_batches"),
                         [](const auto& info) { return std::string(info.param); });

TEST(OldVersionsBlob, BytesComeFromTheirPlacesInTheFile) {
  auto reader = OpenCase("v2_0_blob").ValueOrDie();
  auto expected = Expected("v2_0_blob.bytes.arrow").ValueOrDie();
  const RowRange all{0, reader->num_rows()};
  auto batch = reader->Read(reader->schema(), std::span(&all, 1), BlobHandling::kBytes);
  ASSERT_TRUE(batch.ok()) << batch.status().ToString();
  ExpectSame(**batch, *expected);
  const RowRanges some{{1, 2}, {7, 1}, {20, 6}};
  batch = reader->Read(reader->schema(), some, BlobHandling::kBytes);
  ASSERT_TRUE(batch.ok()) << batch.status().ToString();
  ExpectSame(**batch, *Take(expected, some));
}

}  // namespace
}  // namespace lance::file
