// Manifests made by hand, in memory: what section by section may be there, missing or wrong.
#include "lance/table/manifest.h"

#include <gtest/gtest.h>

#include "lance/base/testing.h"
#include "lance/proto/table_format.pb.h"
#include "lance/proto/transaction.pb.h"
#include "lance/runtime/session.h"
#include "lance/store/object_store.h"
#include "lance/table/bases.h"
#include "lance/table/manifest_file.h"
#include "lance/table/manifest_serde.h"
#include "lance/table/table.h"
#include "lance/table/versions.h"

namespace lance::table {
namespace {

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string Prefixed(const std::string& message) {
  const auto length = static_cast<uint32_t>(message.size());
  return std::string(reinterpret_cast<const char*>(&length), 4) + message;
}

// The bytes of a manifest file: `before`, the manifest, the tail.
std::string FileOf(const pb::Manifest& manifest, const std::string& before = "") {
  std::string out = before + Prefixed(manifest.SerializeAsString());
  const auto position = static_cast<int64_t>(before.size());
  out.append(reinterpret_cast<const char*>(&position), 8);
  return out + std::string("\x00\x00\x02\x00LANC", 8);
}

pb::Manifest MakeManifest(uint64_t version = 1) {
  pb::Manifest out;
  out.set_version(version);
  pb::Field* field = out.add_fields();
  field->set_name("x");
  field->set_id(0);
  field->set_parent_id(-1);
  field->set_logical_type("int32");
  out.mutable_data_format()->set_file_format("lance");
  out.mutable_data_format()->set_version("2.2");
  out.mutable_writer_version()->set_library("lance");
  out.mutable_writer_version()->set_version("14.0.2");
  return out;
}

pb::DataFragment* AddFragment(pb::Manifest* manifest, uint64_t id = 0, uint32_t minor = 2) {
  pb::DataFragment* out = manifest->add_fragments();
  out->set_id(id);
  out->set_physical_rows(10);
  pb::DataFile* file = out->add_files();
  file->set_path("a.lance");
  file->add_fields(0);
  file->add_column_indices(0);
  file->set_file_major_version(2);
  file->set_file_minor_version(minor);
  return out;
}

// A table in memory of which only manifests exist.
class HandMade : public testing::Test {
 protected:
  HandMade() : uri_(fmt::format("memory://hand-made-{}", static_cast<const void*>(this))) {
    store_ = store::OpenStore(uri_).ValueOrDie().store;
  }
  ~HandMade() override {
    for (const auto& object : store_->List("", true).ValueOrDie())
      EXPECT_TRUE(store_->Delete(object.path).ok());
  }
  void Put(const std::string& key, const std::string& bytes) { ASSERT_OK(store_->Put(key, Bytes(bytes))); }
  void Put(const pb::Manifest& manifest, const std::string& before = "",
           NamingScheme scheme = NamingScheme::kV2) {
    Put(ManifestKey(manifest.version(), scheme), FileOf(manifest, before));
  }
  Result<std::shared_ptr<const Snapshot>> Open(VersionSelector version = {}) {
    return OpenTable(uri_, {.version = std::move(version), .storage_options = {}, .session = session_});
  }
  Status OpenOnly(const pb::Manifest& manifest) {
    Put(manifest);
    return Open().status();
  }

  const std::string uri_;
  std::shared_ptr<store::ObjectStore> store_;
  std::shared_ptr<runtime::Session> session_ = std::make_shared<runtime::Session>(1 << 20, 1 << 20, 0);
};

TEST_F(HandMade, ReadsAManifestThatSaysLittle) {
  Put(MakeManifest());
  ASSERT_OK_AND_ASSIGN(auto snapshot, Open());
  ASSERT_OK_AND_ASSIGN(uint64_t rows, snapshot->CountRows());
  EXPECT_EQ(rows, 0u);
  ASSERT_OK_AND_ASSIGN(auto indices, snapshot->Indices());
  EXPECT_TRUE(indices->empty());
  ASSERT_OK_AND_ASSIGN(auto transaction, ReadTransaction(*snapshot));
  EXPECT_EQ(transaction, std::nullopt);
  EXPECT_EQ(snapshot->manifest().timestamp, std::nullopt);
}

TEST_F(HandMade, ReadsSectionsWhereverTheyAre) {
  pb::Transaction transaction;
  transaction.set_uuid("u");
  transaction.mutable_restore()->set_version(7);
  (*transaction.mutable_transaction_properties())["k"] = "v";
  pb::IndexSection section;
  section.add_indices()->set_name("idx");
  section.mutable_indices(0)->mutable_uuid()->set_uuid("0123456789abcdef");
  section.mutable_indices(0)->mutable_index_details()->set_type_url("/lance.table.BTreeIndexDetails");
  const std::string first = Prefixed(transaction.SerializeAsString());
  // Beyond the part of the file that is read first.
  for (const size_t gap : {size_t{0}, size_t{100'000}}) {
    for (const bool deprecated : {false, true}) {
      pb::Manifest manifest = MakeManifest();
      if (deprecated) {
        manifest.set_transaction_section_deprecated(0);  // an offset of 0 is an offset
      } else {
        manifest.set_transaction_section(0);
        manifest.set_transaction_section_deprecated(1);
      }
      manifest.set_index_section(first.size());
      Put(manifest, first + Prefixed(section.SerializeAsString()) + std::string(gap, 'x'));
      ASSERT_OK_AND_ASSIGN(auto snapshot, Open());
      ASSERT_OK_AND_ASSIGN(auto read, ReadTransaction(*snapshot));
      ASSERT_TRUE(read.has_value());
      EXPECT_EQ(read->operation, "Restore");
      EXPECT_EQ(read->operation_number, 106u);
      EXPECT_EQ(read->restored_version, 7u);
      EXPECT_EQ(read->properties.at("k"), "v");
      ASSERT_OK_AND_ASSIGN(auto indices, snapshot->Indices());
      ASSERT_EQ(indices->size(), 1u);
      EXPECT_EQ(indices->front().uuid, "30313233-3435-3637-3839-616263646566");
    }
  }
}

TEST_F(HandMade, ReadsManifestsLargerThanTheFirstRead) {
  pb::Manifest manifest = MakeManifest();
  (*manifest.mutable_config())["k"] = std::string(300'000, 'v');
  Put(manifest, std::string(1000, 'x'));
  ASSERT_OK_AND_ASSIGN(auto snapshot, Open());
  EXPECT_EQ(snapshot->manifest().config.at("k").size(), 300'000u);
}

TEST_F(HandMade, FallsBackToTheTransactionFile) {
  pb::Transaction transaction;
  transaction.mutable_append();
  Put("_transactions/0-x.txn", transaction.SerializeAsString());
  pb::Manifest manifest = MakeManifest();
  manifest.set_transaction_section(1 << 30);  // outside the file: no reason not to open the table
  manifest.set_transaction_file("0-x.txn");
  Put(manifest);
  ASSERT_OK_AND_ASSIGN(auto snapshot, Open());
  ASSERT_OK_AND_ASSIGN(auto read, ReadTransaction(*snapshot));
  EXPECT_EQ(read->operation, "Append");
  manifest.set_transaction_file("../0-x.txn");
  Put(manifest);
  ASSERT_OK_AND_ASSIGN(snapshot, Open());
  ASSERT_OK_AND_ASSIGN(read, ReadTransaction(*snapshot));
  EXPECT_EQ(read, std::nullopt);
}

TEST_F(HandMade, NamesOperationsItDoesNotKnow) {
  pb::Transaction transaction;
  transaction.set_uuid("u");
  const std::string unknown = std::string("\xDA\x09\x02hi", 5);  // field 155, two bytes
  ASSERT_OK_AND_ASSIGN(Transaction read, ParseTransaction(Bytes(transaction.SerializeAsString() + unknown)));
  EXPECT_EQ(read.operation, "unknown operation");
  EXPECT_EQ(read.operation_number, 155u);
  ASSERT_OK_AND_ASSIGN(read, ParseTransaction(Bytes(transaction.SerializeAsString())));
  EXPECT_EQ(read.operation_number, 0u);
}

TEST_F(HandMade, RefusesReaderFlagsByName) {
  for (int bit = 0; bit < 64; ++bit) {
    const uint64_t flag = uint64_t{1} << bit;
    pb::Manifest manifest = MakeManifest();
    manifest.set_reader_feature_flags(flag);
    manifest.set_writer_feature_flags(flag);
    const Status status = OpenOnly(manifest);
    const bool readable =
        flag < 64 || flag == 128 || flag == 256 || flag == 1024 || flag == 2048 || flag == 16384;
    if (readable) {
      EXPECT_TRUE(status.ok()) << flag << " " << status.ToString();
    } else if (flag == 32768) {
      EXPECT_ERROR(ErrorKind::kCorruption, "non-reusable field ids", status);
    } else {
      EXPECT_ERROR(ErrorKind::kNotSupported, std::to_string(flag), status);
    }
    // What only writers must know does not hinder reading, but for the flags that come in pairs.
    manifest.set_reader_feature_flags(0);
    const bool paired = flag == 256 || flag == 1024 || flag == 16384 || flag == 65536 || flag == 32768;
    EXPECT_EQ(OpenOnly(manifest).ok(), !paired) << flag;
  }
  pb::Manifest manifest = MakeManifest();
  manifest.set_reader_feature_flags(64 | 4096 | uint64_t{1} << 40);
  EXPECT_ERROR(ErrorKind::kNotSupported,
               "64 (data overlay files), 4096 (fragment tree), 1099511627776 (unknown)", OpenOnly(manifest));
}

TEST_F(HandMade, ComparesTheHighestFieldIdWithItsFlag) {
  pb::Manifest manifest = MakeManifest();
  manifest.set_max_allocated_field_id(3);
  EXPECT_ERROR(ErrorKind::kCorruption, "field id", OpenOnly(manifest));
  manifest.set_writer_feature_flags(kFlagNonReusableFieldIds);
  ASSERT_OK(OpenOnly(manifest));
}

TEST_F(HandMade, RefusesStorageVersionsThatAreNotExact) {
  for (const char* version : {"stable", "next", "legacy", "0.3", "2.4", "3.0", ""}) {
    pb::Manifest manifest = MakeManifest();
    manifest.mutable_data_format()->set_version(version);
    EXPECT_ERROR(ErrorKind::kNotSupported, version, OpenOnly(manifest));
  }
}

TEST_F(HandMade, AllowsOtherFileVersionsOnlyWithTheFlag) {
  pb::Manifest manifest = MakeManifest();
  AddFragment(&manifest, 0, 2);
  AddFragment(&manifest, 1, 1);
  EXPECT_ERROR(ErrorKind::kCorruption, "a.lance in fragment 1 has version 2.1", OpenOnly(manifest));
  manifest.set_reader_feature_flags(kFlagMixedFileVersions);
  manifest.set_writer_feature_flags(kFlagMixedFileVersions);
  ASSERT_OK(OpenOnly(manifest));
  manifest.mutable_fragments(1)->mutable_files(0)->set_file_major_version(0);
  EXPECT_ERROR(ErrorKind::kCorruption, "mixed", OpenOnly(manifest));
  manifest.mutable_fragments(1)->mutable_files(0)->set_file_major_version(9);
  EXPECT_ERROR(ErrorKind::kNotSupported, "9.1", OpenOnly(manifest));
}

TEST_F(HandMade, InfersTheStorageVersionThatOldManifestsLack) {
  pb::Manifest manifest = MakeManifest();
  manifest.clear_data_format();
  const auto inferred = [&] {
    Put(manifest);
    auto snapshot = Open();
    EXPECT_TRUE(snapshot.ok()) << snapshot.status().ToString();
    return snapshot.ok() ? (*snapshot)->manifest().data_storage_version : "";
  };
  EXPECT_EQ(inferred(), "0.1");
  manifest.set_writer_feature_flags(kFlagV2FormatDeprecated);
  EXPECT_EQ(inferred(), "2.2");
  AddFragment(&manifest, 0, 1);
  EXPECT_EQ(inferred(), "2.1");
  AddFragment(&manifest, 1, 2);
  EXPECT_ERROR(ErrorKind::kCorruption, "same version", OpenOnly(manifest));
}

TEST_F(HandMade, RefusesColumnListsThatCannotBe) {
  pb::Manifest manifest = MakeManifest();
  pb::DataFile* file = AddFragment(&manifest)->mutable_files(0);
  file->add_fields(1);
  EXPECT_ERROR(ErrorKind::kCorruption, "2 field ids but 1 column indices", OpenOnly(manifest));
  file->add_column_indices(1);
  ASSERT_OK(OpenOnly(manifest));
  file->set_column_indices(0, -1);
  EXPECT_ERROR(ErrorKind::kCorruption, "column index -1 for field x", OpenOnly(manifest));
}

TEST_F(HandMade, WantsRowIdsOnEveryFragmentOfAStableTable) {
  pb::Manifest manifest = MakeManifest();
  manifest.set_reader_feature_flags(kFlagStableRowIds);
  pb::RowIdSequence ids;
  ids.add_segments()->mutable_range()->set_end(10);
  AddFragment(&manifest, 0)->set_inline_row_ids(ids.SerializeAsString());
  AddFragment(&manifest, 1);
  EXPECT_ERROR(ErrorKind::kCorruption, "fragment 1 has none", OpenOnly(manifest));
  manifest.mutable_fragments(1)->set_inline_row_ids("");
  Put(manifest);
  ASSERT_OK_AND_ASSIGN(auto snapshot, Open());
  EXPECT_ERROR(ErrorKind::kCorruption, "0 row ids for 10 rows",
               snapshot->RowIds(snapshot->manifest().fragments[1]).status());
}

TEST_F(HandMade, RefusesDamagedFiles) {
  const std::string good = FileOf(MakeManifest(), "before");
  const std::string key = ManifestKey(1, NamingScheme::kV2);
  for (size_t length = 0; length < good.size(); ++length) {
    Put(key, good.substr(0, length));
    EXPECT_TRUE(Is(Open().status(), ErrorKind::kCorruption)) << length;
    Put(key, good.substr(length + 1));
    EXPECT_TRUE(length < 6 || Is(Open().status(), ErrorKind::kCorruption)) << length;
  }
  const auto refuse = [&](size_t from_end, char value, const char* text) {
    std::string bad = good;
    bad[bad.size() - from_end] = value;
    Put(key, bad);
    EXPECT_ERROR(ErrorKind::kCorruption, text, Open().status());
  };
  refuse(1, 'X', "LANC");
  refuse(9, '\x7f', "said to start at");
  refuse(9, '\xff', "said to start at");
  refuse(16, '\x07', "said to have");
}

TEST_F(HandMade, ListsBothNamingSchemesAndRefusesAMixture) {
  for (uint64_t version = 1; version <= 12; ++version) Put(MakeManifest(version), "", NamingScheme::kV1);
  Put("_versions/.tmp_7.manifest_9c10", "x");
  Put("_versions/latest_version_hint.json", "{\"version\":3}");
  Put(MakeManifest(kDetachedBit | 5));
  ASSERT_OK_AND_ASSIGN(auto snapshot, Open());
  EXPECT_EQ(snapshot->manifest().version, 12u);
  ASSERT_OK_AND_ASSIGN(auto numbers, ListVersionNumbers(*snapshot));
  EXPECT_EQ(numbers.size(), 12u);
  EXPECT_EQ(numbers.back(), 12u);
  ASSERT_OK_AND_ASSIGN(auto detached, ListDetachedVersions(*snapshot));
  EXPECT_EQ(detached, std::vector<uint64_t>{kDetachedBit | 5});
  ASSERT_OK_AND_ASSIGN(auto checked_out, Checkout(*snapshot, {.number = kDetachedBit | 5}));
  EXPECT_EQ(checked_out->manifest().version, kDetachedBit | 5);
  ASSERT_OK_AND_ASSIGN(checked_out, Checkout(*snapshot, {.number = 9}));
  EXPECT_EQ(checked_out->manifest().version, 9u);
  Put(MakeManifest(13), "", NamingScheme::kV2);
  EXPECT_ERROR(ErrorKind::kCorruption, "multiple manifest naming schemes", Open().status());
}

TEST(ManifestName, IsReadAndWritten) {
  EXPECT_EQ(ManifestKey(1, NamingScheme::kV2), "_versions/18446744073709551614.manifest");
  EXPECT_EQ(ManifestKey(1, NamingScheme::kV1), "_versions/1.manifest");
  EXPECT_EQ(ManifestKey(kDetachedBit, NamingScheme::kV1), "_versions/d9223372036854775808.manifest");
  EXPECT_EQ(ParseManifestName("18446744073709551614.manifest")->version, 1u);
  EXPECT_EQ(ParseManifestName("12.manifest")->scheme, NamingScheme::kV1);
  EXPECT_TRUE(ParseManifestName("d9223372036854775808.manifest")->detached);
  for (const char* name : {"", ".manifest", "x.manifest", "1.manifest.tmp", "1.txt",
                           "99999999999999999999.manifest", "-1.manifest"}) {
    EXPECT_EQ(ParseManifestName(name), std::nullopt) << name;
  }
}

TEST_F(HandMade, FindsFilesBelowTheirBases) {
  Bases bases({store_, uri_}, {});
  Manifest manifest;
  manifest.base_paths = {{0, std::nullopt, true, "memory://other"}, {7, "name", false, "/tmp/plain/"}};
  ASSERT_OK_AND_ASSIGN(ObjectPlace own, bases.Locate(manifest, std::nullopt, "data", "a.lance"));
  EXPECT_EQ(own.root_uri + "|" + own.key, uri_ + "|data/a.lance");
  ASSERT_OK_AND_ASSIGN(ObjectPlace root, bases.Locate(manifest, 0, "data", "a.lance"));
  EXPECT_EQ(root.root_uri + "|" + root.key, "memory://other|data/a.lance");
  ASSERT_OK_AND_ASSIGN(ObjectPlace plain, bases.Locate(manifest, 7, "data", "sub/a.lance"));
  EXPECT_EQ(plain.store->FullPath(plain.key), "/tmp/plain/sub/a.lance");
  EXPECT_ERROR(ErrorKind::kCorruption, "base path 1", bases.Locate(manifest, 1, "data", "a.lance").status());
  for (const char* path : {"", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/"}) {
    EXPECT_TRUE(Is(bases.Locate(manifest, 0, "data", path).status(), ErrorKind::kCorruption)) << path;
  }
}

TEST(ManifestOutline, LeavesFragmentsAsTheyAreStored) {
  pb::Manifest message = MakeManifest();
  for (uint64_t id = 0; id < 3; ++id) AddFragment(&message, id);
  auto store = store::OpenStore("memory://outline").ValueOrDie().store;
  const std::string file = FileOf(message);
  ASSERT_OK(store->Put("m", Bytes(file)));
  ASSERT_OK_AND_ASSIGN(ManifestOutline outline, ReadManifestOutline(*store, "m"));
  ASSERT_OK_AND_ASSIGN(ManifestFile whole, ReadManifestFile(*store, "m"));
  EXPECT_EQ(outline.file.manifest->version, 1u);
  EXPECT_EQ(outline.file.manifest->schema.fields.size(), 1u);
  EXPECT_TRUE(outline.file.manifest->fragments.empty());
  ASSERT_EQ(outline.fragments.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    ASSERT_OK_AND_ASSIGN(Fragment fragment, ParseFragment(Bytes(std::string(outline.fragments[i]))));
    EXPECT_EQ(fragment, whole.manifest->fragments[i]);
  }
  std::string damaged = file;
  damaged[6] = '\xff';
  ASSERT_OK(store->Put("m", Bytes(damaged)));
  EXPECT_EQ(KindOf(ReadManifestOutline(*store, "m").status()), ErrorKind::kCorruption);
}

TEST(NewestManifest, IsTheOneThatIsThere) {
  auto store = store::OpenStore("memory://newest").ValueOrDie().store;
  runtime::Cache cache(1 << 20);
  const auto read = [&] { return ReadNewestManifest(*store, "_versions/m", &cache).ValueOrDie().manifest; };
  pb::Manifest message = MakeManifest();
  AddFragment(&message);
  ASSERT_OK(store->Put("_versions/m", Bytes(FileOf(message))));
  const auto first = read();
  EXPECT_EQ(read(), first);  // not parsed again
  message.mutable_fragments(0)->mutable_files(0)->set_path("b.lance");
  ASSERT_OK(store->Put("_versions/m", Bytes(FileOf(message))));
  EXPECT_EQ(read()->fragments[0].files[0].path, "b.lance");
  EXPECT_EQ(first->fragments[0].files[0].path, "a.lance");
}

}  // namespace
}  // namespace lance::table
