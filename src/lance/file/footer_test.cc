#include "lance/file/footer.h"

#include <gtest/gtest.h>

#include <arrow/buffer.h>

#include "lance/file/column_metadata.h"
#include "lance/proto/file_format.pb.h"
#include "lance/proto/well_known.pb.h"
#include "lance/store/memory_store.h"

namespace lance::file {
namespace {

template <typename T>
void Put(std::vector<uint8_t>* out, T value) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
  out->insert(out->end(), bytes, bytes + sizeof(T));
}

std::vector<uint8_t> FooterBytes(uint64_t metadata, uint64_t columns, uint64_t globals, uint32_t num_globals,
                                 uint32_t num_columns, uint16_t major = 2, uint16_t minor = 2) {
  std::vector<uint8_t> out;
  Put(&out, metadata);
  Put(&out, columns);
  Put(&out, globals);
  Put(&out, num_globals);
  Put(&out, num_columns);
  Put(&out, major);
  Put(&out, minor);
  for (char c : {'L', 'A', 'N', 'C'}) out.push_back(static_cast<uint8_t>(c));
  return out;
}

void ExpectCorrupt(const Status& status) { EXPECT_TRUE(Is(status, ErrorKind::kCorruption)) << status; }

TEST(Footer, ReadsItsFields) {
  auto footer = ParseFooter(FooterBytes(100, 200, 232, 1, 2), 288);
  ASSERT_TRUE(footer.ok()) << footer.status();
  EXPECT_EQ(footer->column_metadata, (ByteRange{100, 100}));
  EXPECT_EQ(footer->column_table, (ByteRange{200, 32}));
  EXPECT_EQ(footer->global_table, (ByteRange{232, 16}));
}

TEST(Footer, RefusesTablesThatDoNotFit) {
  ExpectCorrupt(ParseFooter(FooterBytes(201, 200, 232, 1, 2), 288).status());
  ExpectCorrupt(ParseFooter(FooterBytes(100, 240, 232, 1, 2), 288).status());
  ExpectCorrupt(ParseFooter(FooterBytes(100, 200, 249, 1, 2), 288).status());
  ExpectCorrupt(ParseFooter(FooterBytes(100, 200, 232, 2, 2), 288).status());
  ExpectCorrupt(ParseFooter(FooterBytes(100, 200, 232, 1, 3), 288).status());
  ExpectCorrupt(ParseFooter(FooterBytes(100, 200, 232, UINT32_MAX, UINT32_MAX), 288).status());
  ExpectCorrupt(ParseFooter(FooterBytes(UINT64_MAX, UINT64_MAX, UINT64_MAX, 0, 0), 288).status());
  ExpectCorrupt(ParseFooter(std::vector<uint8_t>(39), 39).status());
}

TEST(Footer, NamesVersions) {
  auto name = [](uint16_t major, uint16_t minor) { return NameVersion({major, minor}); };
  EXPECT_EQ(name(0, 0)->ToString(), "0.1");
  EXPECT_EQ(name(0, 2)->ToString(), "0.1");
  EXPECT_EQ(name(0, 3)->ToString(), "2.0");
  EXPECT_EQ(name(2, 0)->ToString(), "2.0");
  EXPECT_EQ(name(2, 1)->ToString(), "2.1");
  EXPECT_EQ(name(2, 2)->ToString(), "2.2");
  for (auto [major, minor] : {std::pair{2, 3}, {2, 4}, {1, 0}, {0, 4}, {3, 0}}) {
    Status status = name(static_cast<uint16_t>(major), static_cast<uint16_t>(minor)).status();
    EXPECT_TRUE(Is(status, ErrorKind::kNotSupported)) << status;
    EXPECT_NE(status.message().find(fmt::format("file version {}.{}", major, minor)), std::string::npos);
  }
}

TEST(Footer, OffsetTablesMustStayInsideTheFile) {
  std::vector<uint8_t> table;
  Put<uint64_t>(&table, 0);
  Put<uint64_t>(&table, 100);
  EXPECT_EQ((*ParseOffsetTable(table, 100, "buffer"))[0], (ByteRange{0, 100}));
  ExpectCorrupt(ParseOffsetTable(table, 99, "buffer").status());
  table.clear();
  Put<uint64_t>(&table, UINT64_MAX);
  Put<uint64_t>(&table, 2);
  ExpectCorrupt(ParseOffsetTable(table, 100, "buffer").status());
}

TEST(FileReader, RefusesWhatIsNoLanceFile) {
  auto open = [](std::vector<uint8_t> bytes) {
    return FileReader::Open(store::MakeMemoryObject("x.lance", arrow::Buffer::FromVector(std::move(bytes))))
        .status();
  };
  ExpectCorrupt(open({}));
  ExpectCorrupt(open({'L', 'A', 'N', 'C'}));
  ExpectCorrupt(open(std::vector<uint8_t>(1000)));
  Status newer = open(FooterBytes(0, 0, 0, 0, 0, 2, 3));
  EXPECT_TRUE(Is(newer, ErrorKind::kNotSupported)) << newer;
  EXPECT_NE(newer.message().find("x.lance"), std::string::npos);
  EXPECT_NE(newer.message().find("file version 2.3"), std::string::npos);
  ExpectCorrupt(open(FooterBytes(0, 0, 0, 0, 0)));
}

std::string Wrap(const char* url) {
  pb::Any any;
  any.set_type_url(url);
  any.set_value("inside");
  return any.SerializeAsString();
}

pb::ColumnMetadata Column() {
  pb::ColumnMetadata column;
  column.mutable_encoding()->mutable_direct()->set_encoding(Wrap("/lance.encodings.ColumnEncoding"));
  auto* page = column.add_pages();
  page->add_buffer_offsets(64);
  page->add_buffer_sizes(10);
  page->set_length(5);
  page->mutable_encoding()->mutable_direct()->set_encoding(
      Wrap("type.googleapis.com/lance.encodings21.PageLayout"));
  return column;
}

Result<std::unique_ptr<encoding::ColumnInfo>> Parse(const pb::ColumnMetadata& column) {
  std::string bytes = column.SerializeAsString();
  return ParseColumnMetadata({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()},
                             {"f", 1000, true});
}

TEST(ColumnMetadata, KeepsPagesAndUnwrapsEncodings) {
  auto info = Parse(Column());
  ASSERT_TRUE(info.ok()) << info.status();
  ASSERT_EQ((*info)->pages.size(), 1u);
  EXPECT_EQ((*info)->pages[0].encoding, "inside");
  EXPECT_EQ((*info)->pages[0].num_rows, 5u);
  EXPECT_EQ((*info)->pages[0].buffers[0], (ByteRange{64, 10}));
  EXPECT_EQ((*info)->pages[0].where, "f, page 0");
}

TEST(ColumnMetadata, RefusesWhatItCannotTrust) {
  auto check = [](ErrorKind kind, auto change) {
    pb::ColumnMetadata column = Column();
    change(&column);
    Status status = Parse(column).status();
    EXPECT_TRUE(Is(status, kind)) << status;
  };
  constexpr auto kCorrupt = ErrorKind::kCorruption;
  check(kCorrupt, [](pb::ColumnMetadata* c) { c->clear_encoding(); });
  check(kCorrupt, [](pb::ColumnMetadata* c) { c->mutable_pages(0)->clear_encoding(); });
  check(kCorrupt, [](pb::ColumnMetadata* c) { c->mutable_pages(0)->add_buffer_sizes(1); });
  check(kCorrupt, [](pb::ColumnMetadata* c) { c->mutable_pages(0)->set_buffer_offsets(0, 65); });
  check(kCorrupt, [](pb::ColumnMetadata* c) { c->mutable_pages(0)->set_buffer_sizes(0, 937); });
  check(kCorrupt, [](pb::ColumnMetadata* c) { c->mutable_pages(0)->set_buffer_sizes(0, UINT64_MAX); });
  check(kCorrupt, [](pb::ColumnMetadata* c) {
    c->mutable_pages(0)->set_length(UINT64_MAX);
    *c->add_pages() = c->pages(0);
  });
  check(kCorrupt, [](pb::ColumnMetadata* c) {
    c->mutable_pages(0)->mutable_encoding()->mutable_direct()->set_encoding(
        Wrap("lance.encodings21.PageLayout"));
  });
  check(ErrorKind::kNotSupported, [](pb::ColumnMetadata* c) {
    c->mutable_pages(0)->mutable_encoding()->mutable_direct()->set_encoding(
        Wrap("/lance.encodings23.PlanarLayout"));
  });
  check(ErrorKind::kNotSupported, [](pb::ColumnMetadata* c) { c->mutable_encoding()->mutable_indirect(); });
}

}  // namespace
}  // namespace lance::file
