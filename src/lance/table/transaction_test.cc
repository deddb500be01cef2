// Every operation written to its message and read back.
#include "lance/table/transaction.h"

#include <gtest/gtest.h>

#include "lance/proto/transaction.pb.h"
#include "lance/table/testing/commit_testing.h"

namespace lance::table {
namespace {

using namespace testing;  // NOLINT

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

Fragment FullFragment() {
  Fragment out = MakeFragment(100, "a.lance");
  out.id = 7;
  out.files.push_back(MakeFile("b.lance", {2, -2}));
  out.files.back().base_id = 0;
  out.deletion_file = DeletionFile{DeletionFile::Type::kBitmap, 3, UINT64_MAX, 12, 0};
  out.row_ids = {Lineage::Kind::kInline, "ids"};
  out.created_at_versions = {Lineage::Kind::kColumn, ""};
  out.last_updated_at_versions = {Lineage::Kind::kInline, "versions"};
  return out;
}

IndexMetadata FullIndex() {
  IndexMetadata out = MakeIndex("x_idx", 0, std::string("bitmap"));
  out.details = "details";
  out.dataset_version = 4;
  out.created_at_ms = 5;
  out.base_id = 0;
  out.files = {{"page_data.lance", 10}};
  out.covering_fields = {1};
  return out;
}

std::vector<Operation> AllOperations() {
  const Fragment fragment = FullFragment();
  operation::Update update;
  update.removed_fragment_ids = {1};
  update.updated_fragments = {fragment};
  update.new_fragments = {fragment};
  update.fields_modified = {1, 2};
  update.compacted_sstables = {{MakeUuid(), 3}};
  update.fields_for_preserving_frag_bitmap = {4};
  update.mode = operation::Update::Mode::kRewriteColumns;
  update.inserted_rows = operation::KeyExistenceFilter{{1}, {2, 3}, "", 0, 0, 0};
  update.updated_fragment_offset_bitmaps = {{7, "offsets"}};
  operation::Update bloom = update;
  bloom.mode = operation::Update::Mode::kRewriteRows;
  bloom.inserted_rows = operation::KeyExistenceFilter{{1}, {}, "bits", 32, 2, 0.25};
  operation::UpdateConfig config;
  config.config = {{{"a", "1"}, {"b", std::nullopt}}, false};
  config.table_metadata = {{}, true};
  config.schema_metadata = {{{"s", "1"}}, true};
  config.field_metadata[3] = {{{"f", "1"}}, false};
  operation::Rewrite rewrite;
  rewrite.groups = {{{fragment}, {fragment, fragment}}, {{fragment}, {}}};
  rewrite.rewritten_indices = {{MakeUuid(), MakeUuid(), "/x", "y", 1, {{"f", 2}}}};
  return {operation::Append{{fragment}},
          operation::Delete{{fragment}, {1, 2}, "x > 1"},
          operation::Overwrite{{fragment}, MakeSchema(), {{"k", "v"}}, {{3, "n", true, "p"}}},
          operation::CreateIndex{{FullIndex()}, {FullIndex()}},
          rewrite,
          operation::Merge{{fragment}, MakeSchema(), true},
          operation::Restore{9},
          operation::ReserveFragments{9},
          update,
          bloom,
          operation::Project{MakeSchema(), true},
          config,
          operation::DataReplacement{{{7, MakeFile("n.lance")}}},
          operation::UpdateMemWalState{{{MakeUuid(), 3}}},
          operation::Clone{true, "tag", 3, "/path", std::nullopt},
          operation::UpdateBases{{{0, std::nullopt, false, "q"}}}};
}

TEST(Transaction, KeepsEveryOperation) {
  for (const Operation& operation : AllOperations()) {
    SCOPED_TRACE(OperationName(operation));
    Transaction transaction;
    transaction.read_version = 3;
    transaction.uuid = MakeUuid();
    transaction.tag = "t";
    transaction.properties = {{"p", "q"}};
    transaction.change = operation;
    ASSERT_OK_AND_ASSIGN(std::string bytes, SerializeTransaction(transaction));
    ASSERT_OK_AND_ASSIGN(Transaction read, ParseTransaction(Bytes(bytes)));
    EXPECT_EQ(read.operation, OperationName(operation));
    EXPECT_EQ(read.change.index(), operation.index());
    EXPECT_EQ(read.uuid, transaction.uuid);
    EXPECT_EQ(read.tag, "t");
    EXPECT_EQ(read.properties, transaction.properties);
    // Members of maps may be in another order: compare what they say.
    ASSERT_OK_AND_ASSIGN(std::string again, SerializeTransaction(read));
    EXPECT_EQ(again.size(), bytes.size());
    ASSERT_OK_AND_ASSIGN(Transaction third, ParseTransaction(Bytes(again)));
    if (const auto* append = std::get_if<operation::Append>(&operation)) {
      EXPECT_EQ(std::get<operation::Append>(third.change).fragments, append->fragments);
    }
    if (const auto* index = std::get_if<operation::CreateIndex>(&operation)) {
      EXPECT_EQ(std::get<operation::CreateIndex>(third.change).new_indices, index->new_indices);
    }
    if (const auto* merge = std::get_if<operation::Merge>(&operation)) {
      EXPECT_EQ(std::get<operation::Merge>(third.change).schema, merge->schema);
    }
  }
}

TEST(Transaction, ReadsTheUpdateConfigOfOldReleases) {
  pb::Transaction from;
  auto* update = from.mutable_update_config();
  (*update->mutable_upsert_values())["a"] = "1";
  update->add_delete_keys("b");
  (*update->mutable_schema_metadata())["s"] = "2";
  (*(*update->mutable_field_metadata())[4].mutable_metadata())["f"] = "3";
  ASSERT_OK_AND_ASSIGN(Transaction read, ParseTransaction(Bytes(from.SerializeAsString())));
  const auto& change = std::get<operation::UpdateConfig>(read.change);
  EXPECT_EQ(change.config->entries.size(), 2u);
  EXPECT_FALSE(change.config->replace);
  EXPECT_TRUE(change.schema_metadata->replace);
  EXPECT_EQ(change.field_metadata.at(4).entries.front().first, "f");
}

TEST(Transaction, TakesWhatItCannotRepresentAsUnknown) {
  pb::Transaction from;
  from.mutable_data_overlay();
  ASSERT_OK_AND_ASSIGN(Transaction read, ParseTransaction(Bytes(from.SerializeAsString())));
  EXPECT_EQ(read.operation, "DataOverlay");
  EXPECT_EQ(std::get<operation::Unknown>(read.change).number, 115u);
  EXPECT_ERROR(ErrorKind::kNotSupported, "operation 115", SerializeTransaction(read).status());
}

}  // namespace
}  // namespace lance::table
