#include "lance/refs.h"

#include <arrow/api.h>

#include "lance/dataset/testing/int_tables.h"
#include "lance/mutate.h"
#include "lance/table/snapshot.h"

namespace lance {
namespace {

using dataset_testing::IntBatch;
using dataset_testing::Ints;
using dataset_testing::MakeTable;
using dataset_testing::MemoryUri;
using dataset_testing::Reader;
using dataset_testing::ReadInts;

std::shared_ptr<Dataset> ThreeVersions(bool stable = false) {
  WriteOptions options;
  options.stable_row_ids = stable;
  return MakeTable(MemoryUri(), {IntBatch({{"a", {1}}}), IntBatch({{"a", {2}}}), IntBatch({{"a", {3}}})},
                   options);
}

VersionRef Number(uint64_t number) {
  VersionRef ref;
  ref.number = number;
  return ref;
}

TEST(Tags, AreCreatedMovedAndDeleted) {
  auto dataset = ThreeVersions();
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK(CreateTag(*dataset, "v1", Number(1)));
  ASSERT_OK(CreateTag(*dataset, "now"));
  ASSERT_OK_AND_ASSIGN(TagInfo tag, GetTag(*dataset, "now"));
  EXPECT_EQ(tag.version, 3u);
  EXPECT_GT(tag.manifest_size, 0u);
  EXPECT_EQ(tag.created_at, tag.updated_at);
  EXPECT_ERROR(ErrorKind::kAlreadyExists, "tag v1 already exists", CreateTag(*dataset, "v1", Number(2)));
  EXPECT_ERROR(ErrorKind::kNotFound, "version main:9 does not exist", CreateTag(*dataset, "v9", Number(9)));
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "Ref is invalid", CreateTag(*dataset, "a/b"));
  ASSERT_OK(ReplaceTagMetadata(*dataset, "v1", {{"k", "a \"b\""}}));
  ASSERT_OK(UpdateTag(*dataset, "v1", Number(2)));
  ASSERT_OK_AND_ASSIGN(tag, GetTag(*dataset, "v1"));
  EXPECT_EQ(tag.version, 2u);
  EXPECT_EQ(tag.metadata.at("k"), "a \"b\"");
  ASSERT_OK(DeleteTag(*dataset, "v1"));
  EXPECT_ERROR(ErrorKind::kNotFound, "tag v1 does not exist", DeleteTag(*dataset, "v1"));
}

TEST(Branches, GrowOnTheirOwn) {
  auto dataset = ThreeVersions();
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(auto branch, CreateBranch(*dataset, "dev/one", Number(2)));
  EXPECT_EQ(branch->version(), 2u);
  EXPECT_EQ(ReadInts(*branch, "a"), (Ints{1, 2}));
  WriteOptions options;
  options.mode = WriteMode::kAppend;
  auto rows = Reader({IntBatch({{"a", {20}}})});
  ASSERT_OK_AND_ASSIGN(branch, WriteDataset(*rows, *branch, options));
  EXPECT_EQ(branch->version(), 3u);
  EXPECT_EQ(ReadInts(*branch, "a"), (Ints{1, 2, 20}));
  EXPECT_EQ(ReadInts(*dataset, "a"), (Ints{1, 2, 3}));
  ASSERT_OK_AND_ASSIGN(auto child, CreateBranch(*branch, "two"));
  EXPECT_EQ(ReadInts(*child, "a"), (Ints{1, 2, 20}));
  ASSERT_OK_AND_ASSIGN(auto branches, dataset->Branches());
  EXPECT_EQ(branches.at("two").parent_branch, "dev/one");
  EXPECT_EQ(branches.at("two").identifier.size(), 2u);
  EXPECT_ERROR(ErrorKind::kAlreadyExists, "branch two already exists",
               CreateBranch(*dataset, "two").status());
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "cannot be deleted", DeleteBranch(*dataset, "dev/one"));
  ASSERT_OK(CreateTag(*child, "t"));
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "tag t names its version", DeleteBranch(*dataset, "two"));
  ASSERT_OK(DeleteTag(*dataset, "t"));
  ASSERT_OK(ReplaceBranchMetadata(*dataset, "two", {{"k", "v"}}));
  ASSERT_OK(DeleteBranch(*dataset, "two"));
  ASSERT_OK(DeleteBranch(*dataset, "dev/one"));
  EXPECT_ERROR(ErrorKind::kNotFound, "Branch dev/one does not exist", DeleteBranch(*dataset, "dev/one"));
}

TEST(Clones, ShareOrCopyFiles) {
  auto dataset = ThreeVersions();
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(auto deleted, Delete(*dataset, "a = 2"));
  const std::string shallow_uri = MemoryUri();
  ASSERT_OK_AND_ASSIGN(auto shallow, ShallowClone(*deleted.dataset, shallow_uri));
  EXPECT_EQ(shallow->version(), 4u);
  EXPECT_EQ(ReadInts(*shallow, "a"), (Ints{1, 3}));
  ASSERT_EQ(ListBases(*shallow).size(), 1u);
  EXPECT_EQ(ListBases(*shallow)[0].path, dataset->uri());
  EXPECT_ERROR(ErrorKind::kAlreadyExists, "Dataset already exists",
               ShallowClone(*dataset, shallow_uri).status());
  CloneOptions options;
  options.version = Number(2);
  ASSERT_OK_AND_ASSIGN(auto deep, DeepClone(*dataset, MemoryUri(), options));
  EXPECT_EQ(ReadInts(*deep, "a"), (Ints{1, 2}));
  EXPECT_TRUE(ListBases(*deep).empty());
  ASSERT_OK_AND_ASSIGN(auto copied, DeepClone(*shallow, MemoryUri()));
  EXPECT_EQ(ReadInts(*copied, "a"), (Ints{1, 3}));
}

TEST(Restore, MakesAnOldVersionTheNewest) {
  auto dataset = ThreeVersions();
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(auto old, dataset->Checkout(Number(1)));
  ASSERT_OK_AND_ASSIGN(auto restored, Restore(*old));
  EXPECT_EQ(restored->version(), 4u);
  EXPECT_EQ(ReadInts(*restored, "a"), Ints{1});
}

TEST(AddBases, RegistersPlaces) {
  auto dataset = ThreeVersions();
  ASSERT_NE(dataset, nullptr);
  DatasetBase base;
  base.path = "memory://elsewhere";
  base.name = "more";
  ASSERT_OK_AND_ASSIGN(auto grown, AddBases(*dataset, {base}));
  ASSERT_EQ(ListBases(*grown).size(), 1u);
  EXPECT_EQ(ListBases(*grown)[0].name, "more");
}

TEST(Changes, AreFoundByLineage) {
  auto dataset = ThreeVersions(/*stable=*/true);
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(auto updated, Update(*dataset, {{"a", "a + 100"}}, "a = 1"));
  ASSERT_OK_AND_ASSIGN(auto deleted, Delete(*updated.dataset, "a = 2"));
  const VersionRange range{2, deleted.dataset->version()};
  ASSERT_OK_AND_ASSIGN(auto inserted, InsertedRows(*deleted.dataset, range));
  ASSERT_OK_AND_ASSIGN(auto inserted_rows, inserted->ToTable());
  EXPECT_EQ(inserted_rows->num_rows(), 1);
  EXPECT_EQ(inserted_rows->num_columns(), 4);
  ASSERT_OK_AND_ASSIGN(auto changed, UpdatedRows(*deleted.dataset, range));
  ASSERT_OK_AND_ASSIGN(auto changed_rows, changed->ToTable());
  EXPECT_EQ(changed_rows->num_rows(), 1);
  ASSERT_OK_AND_ASSIGN(auto gone, DeletedRowIds(*deleted.dataset, range));
  ASSERT_OK_AND_ASSIGN(auto gone_rows, gone->ToTable());
  ASSERT_EQ(gone_rows->num_rows(), 1);
  ASSERT_OK_AND_ASSIGN(auto transactions, TransactionsBetween(*deleted.dataset, range));
  EXPECT_EQ(transactions.size(), 3u);
}

}  // namespace
}  // namespace lance
