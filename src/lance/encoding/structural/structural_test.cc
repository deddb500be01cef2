// What pages may not be: each test takes a page that reads and breaks one thing.
#include <cstring>
#include <functional>

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lance/encoding/testing/stored_file.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

using ::testing::HasSubstr;

// Two chunks of plain int32: 4 values, then 3.
struct Page {
  pb21::PageLayout layout;
  std::vector<std::string> buffers;
  uint64_t num_rows = 7;
  PageFormat format{2, 2};
  std::shared_ptr<arrow::DataType> type = arrow::int32();

  pb21::MiniBlockLayout* mini() { return layout.mutable_mini_block_layout(); }

  Page() {
    mini()->mutable_value_compression()->mutable_flat()->set_bits_per_value(32);
    mini()->add_layers(pb21::REPDEF_ALL_VALID_ITEM);
    mini()->set_num_buffers(1);
    mini()->set_num_items(7);
    mini()->set_has_large_chunk(true);
    buffers = {Words({(3 - 1) << 4 | 2, (3 - 1) << 4}), Chunk({0, 1, 2, 3}) + Chunk({4, 5, 6})};
  }
  static std::string Words(std::vector<uint32_t> words) {
    return std::string(reinterpret_cast<const char*>(words.data()), words.size() * 4);
  }
  static std::string Chunk(std::vector<int32_t> values) {
    std::string out(8, '\0');
    out[2] = static_cast<char>(values.size() * 4);
    out += std::string(reinterpret_cast<const char*>(values.data()), values.size() * 4);
    out.resize(24);
    return out;
  }

  Result<std::shared_ptr<arrow::Array>> Read() const {
    PageInfo info{.encoding = layout.SerializeAsString(), .num_rows = num_rows, .where = "page x"};
    std::string bytes;
    for (const std::string& buffer : buffers) {
      info.buffers.push_back({bytes.size(), buffer.size()});
      bytes += buffer;
    }
    testing::MemorySource source(bytes);
    ARROW_ASSIGN_OR_RAISE(auto reader, OpenStructuralPage(info, format, type, &source));
    const RowRange all{0, num_rows};
    ARROW_ASSIGN_OR_RAISE(auto task, reader->Plan({&all, 1}));
    ARROW_ASSIGN_OR_RAISE(auto arrived, source.ReadMany(task->ranges()));
    ARROW_ASSIGN_OR_RAISE(DecodedPage page, task->Decode(std::move(arrived)));
    return arrow::MakeArray(page.values);
  }
};

void ExpectError(const std::function<void(Page*)>& change, ErrorKind kind, const std::string& message) {
  Page page;
  change(&page);
  auto read = page.Read();
  ASSERT_FALSE(read.ok()) << message;
  EXPECT_TRUE(Is(read.status(), kind)) << read.status().ToString();
  EXPECT_THAT(read.status().message(), HasSubstr(message));
  EXPECT_THAT(read.status().message(), HasSubstr("page x"));
}

TEST(StructuralPage, ReadsWhatTheOtherTestsBreak) {
  auto array = Page().Read().ValueOrDie();
  ASSERT_EQ(array->length(), 7);
  for (int i = 0; i < 7; ++i) EXPECT_EQ(static_cast<const arrow::Int32Array&>(*array).Value(i), i);
}

TEST(StructuralPage, AcceptsALastChunkWithARightLog) {
  Page page;
  page.buffers = {Page::Words({(3 - 1) << 4 | 2, (3 - 1) << 4 | 1}),
                  Page::Chunk({0, 1, 2, 3}) + Page::Chunk({4, 5})};
  page.num_rows = 6;
  page.mini()->set_num_items(6);
  EXPECT_TRUE(page.Read().ok());
}

TEST(StructuralPage, RefusesWhatTheVersionDoesNotHaveByName) {
  constexpr auto kNo = ErrorKind::kNotSupported;
  ExpectError([](Page* p) { p->mini()->set_has_large_chunk(false); }, kNo, "small chunks");
  ExpectError([](Page* p) { p->format.minor = 1; }, kNo, "large chunks");
  ExpectError([](Page* p) { p->format.minor = 3; }, kNo, "2.3");
  ExpectError([](Page* p) { p->layout.Clear(); }, kNo, "layout");
  ExpectError([](Page* p) { p->mini()->mutable_value_compression()->mutable_flat()->mutable_data(); }, kNo,
              "Flat.data");
  ExpectError([](Page* p) { p->mini()->mutable_value_compression()->mutable_dictionary(); }, kNo,
              "Dictionary");
  ExpectError([](Page* p) { p->mini()->mutable_value_compression()->Clear(); }, kNo, "does not know");
  auto variable = [](Page* p) {
    p->type = arrow::utf8();
    p->mini()
        ->mutable_value_compression()
        ->mutable_variable()
        ->mutable_offsets()
        ->mutable_inline_bitpacking();
  };
  ExpectError(variable, kNo, "offsets other than Flat");
  auto constant = [](Page* p) {
    p->format.minor = 1;
    p->layout.mutable_constant_layout()->set_inline_value("abcd");
    p->buffers.clear();
  };
  ExpectError(constant, kNo, "constant page with a value");
  auto levels = [](Page* p) {
    p->format.minor = 1;
    auto* layout = p->layout.mutable_constant_layout();
    layout->add_layers(pb21::REPDEF_NULLABLE_ITEM);
    layout->add_layers(pb21::REPDEF_NULLABLE_ITEM);
    layout->mutable_def_compression()->mutable_flat()->set_bits_per_value(16);
    layout->set_num_def_values(7);
    p->buffers = {"", std::string(14, '\0')};
  };
  ExpectError(levels, kNo, "compressed levels");
  auto packed = [](Page* p) {
    p->format.minor = 1;
    p->type = arrow::struct_({arrow::field("a", arrow::utf8())});
    auto* layout = p->layout.mutable_full_zip_layout();
    layout->add_layers(pb21::REPDEF_ALL_VALID_ITEM);
    layout->set_bits_per_offset(32);
    layout->mutable_value_compression()->mutable_variable_packed_struct();
  };
  ExpectError(packed, kNo, "VariablePackedStruct");
}

TEST(StructuralPage, NoticesDamage) {
  constexpr auto kBad = ErrorKind::kCorruption;
  ExpectError(
      [](Page* p) {
        p->buffers[0] = Page::Words({2 << 4 | 2, 2 << 4 | 2});
      },
      kBad, "last chunk says 4");
  ExpectError([](Page* p) { p->buffers[0] = Page::Words({2 << 4, 2 << 4}); }, kBad, "log of 0");
  ExpectError(
      [](Page* p) {
        p->buffers[0] = Page::Words({9 << 4 | 2, 2 << 4});
      },
      kBad, "their buffer has 48");
  ExpectError([](Page* p) { p->buffers[0].pop_back(); }, kBad, "whole words");
  ExpectError([](Page* p) { p->buffers[1][2] = 60; }, kBad, "value buffer needs 60 bytes");
  ExpectError([](Page* p) { p->buffers[1][2] = 12; }, kBad, "Flat chunk of 4 values");
  ExpectError([](Page* p) { p->buffers.pop_back(); }, kBad, "1 buffers");
  ExpectError([](Page* p) { p->num_rows = 8; }, kBad, "8 rows has 7 values");
  ExpectError([](Page* p) { p->mini()->set_num_items(3); }, kBad, "hold 4 values");
  ExpectError([](Page* p) { p->mini()->set_num_buffers(2); }, kBad, "2 value buffers");
  ExpectError([](Page* p) { p->mini()->set_layers(0, static_cast<pb21::RepDefLayer>(9)); }, kBad, "layer 9");
  ExpectError([](Page* p) { p->mini()->set_layers(0, pb21::REPDEF_NULLABLE_LIST); }, kBad, "1 lists");
  ExpectError([](Page* p) { p->type = arrow::int64(); }, kBad, "32 bits");
  auto deep = [](Page* p) {
    auto* encoding = p->mini()->mutable_rep_compression();
    for (int i = 0; i < 20; ++i) {
      encoding->mutable_general()->mutable_compression()->set_scheme(pb21::COMPRESSION_LZ4);
      encoding = encoding->mutable_general()->mutable_values();
    }
  };
  ExpectError(deep, ErrorKind::kNotSupported, "General");
}

TEST(StructuralPage, RefusesRowsThatAreNotThere) {
  Page page;
  PageInfo info{.encoding = page.layout.SerializeAsString(), .num_rows = 7, .where = "page x"};
  info.buffers = {{0, 8}, {8, 48}};
  testing::MemorySource source(page.buffers[0] + page.buffers[1]);
  auto reader = OpenStructuralPage(info, page.format, page.type, &source).ValueOrDie();
  for (std::vector<RowRange> rows :
       std::vector<std::vector<RowRange>>{{{0, 8}}, {{7, 1}}, {{3, 1}, {2, 1}}, {{0, 0}}}) {
    EXPECT_TRUE(Is(reader->Plan(rows).status(), ErrorKind::kInvalidArgument));
  }
  const RowRange last{6, 1};
  auto task = reader->Plan({&last, 1}).ValueOrDie();
  ASSERT_EQ(task->ranges().size(), 1u);
  EXPECT_EQ(task->ranges()[0], (ByteRange{8 + 24, 24})) << "only the chunk that is needed";
}

}  // namespace
}  // namespace lance::encoding
