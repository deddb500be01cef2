#include "lance/encoding/core/page.h"

#include <cstdlib>
#include <filesystem>
#include <random>

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lance/encoding/levels/level_layout.h"
#include "lance/encoding/testing/shred.h"
#include "lance/encoding/testing/stored_file.h"

namespace lance::encoding {
namespace {

using testing::LeafPath;

std::string FixtureFolder() {
  const char* given = std::getenv("LANCE_ENCODINGS");
  if (given != nullptr) return given;
  const char* data = std::getenv("LANCE_TESTDATA");
  return (data != nullptr ? std::string(data) : "testdata") + "/pylance-14.0.2/encodings";
}

std::string ReadFixture(const std::string& name) {
  std::string path = FixtureFolder() + "/" + name + ".zst";
  return testing::ReadPacked(std::filesystem::exists(path) ? path : FixtureFolder() + "/" + name);
}

std::shared_ptr<arrow::Table> ReadTable(const std::string& name) {
  auto input = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(ReadFixture(name)));
  auto reader = arrow::ipc::RecordBatchFileReader::Open(input).ValueOrDie();
  return reader->ToTable().ValueOrDie();
}

Result<DecodedPage> ReadRows(const PageReader& reader, ByteSource* source, std::span<const RowRange> rows) {
  ARROW_ASSIGN_OR_RAISE(auto task, reader.Plan(rows));
  ARROW_ASSIGN_OR_RAISE(auto buffers, source->ReadMany(task->ranges()));
  return task->Decode(std::move(buffers));
}

std::vector<uint16_t> LevelsOf(const BufferPtr& buffer, uint64_t count) {
  if (buffer == nullptr) return {};
  const auto* levels = reinterpret_cast<const uint16_t*>(buffer->data());
  return {levels, levels + count};
}

// Definition levels of a page in whichever form it gave them.
std::vector<uint16_t> Definitions(const DecodedPage& page) {
  if (page.validity == nullptr) return LevelsOf(page.def, page.num_levels);
  std::vector<uint16_t> out;
  for (int64_t i = 0; i < page.values->length; ++i) {
    out.push_back(arrow::bit_util::GetBit(page.validity->data(), i) ? 0 : 1);
  }
  return out;
}

// The values of a page with nulls where a slot is null, so that they can be compared.
std::shared_ptr<arrow::Array> WithNulls(const DecodedPage& page, const LevelLayout& layout) {
  auto data = page.values->Copy();
  std::vector<uint16_t> def = Definitions(page);
  if (!def.empty() && data->type->id() != arrow::Type::NA) {
    arrow::TypedBufferBuilder<bool> bits;
    for (uint16_t level : def) {
      if (level > layout.max_visible) continue;
      EXPECT_TRUE(bits.Append(level == 0).ok());
    }
    data->buffers[0] = bits.Finish().ValueOrDie();
    data->null_count = arrow::kUnknownNullCount;
  }
  return arrow::MakeArray(data);
}

std::shared_ptr<arrow::Array> Plain(const std::shared_ptr<arrow::Array>& array) {
  if (array->type_id() != arrow::Type::DICTIONARY) return array;
  const auto& type = static_cast<const arrow::DictionaryType&>(*array->type());
  return arrow::compute::Cast(array, type.value_type()).ValueOrDie().make_array();
}

void ExpectRows(const PageReader& reader, ByteSource* source, const PageInfo& info, const LeafPath& leaf,
                const std::shared_ptr<arrow::Array>& column, std::span<const RowRange> rows) {
  Result<DecodedPage> read = ReadRows(reader, source, rows);
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  DecodedPage page = *read;
  std::vector<int> numbers;
  for (Layer layer : page.layers) numbers.push_back(static_cast<int>(layer));
  LevelLayout layout = ParseLayers(numbers).ValueOrDie();
  std::vector<RowRange> shifted(rows.begin(), rows.end());
  for (RowRange& range : shifted) range.start += info.first_row;
  auto expected = testing::Shredder(page.layers, leaf.children).Run(column, shifted);
  if (layout.has_lists()) {
    ASSERT_EQ(LevelsOf(page.rep, page.num_levels), expected.rep);
  } else {
    ASSERT_EQ(page.rep, nullptr);
  }
  std::vector<uint16_t> def = Definitions(page);
  if (def.empty()) def.resize(expected.def.size());
  ASSERT_EQ(def, expected.def);
  ASSERT_EQ(*page.values->type, *leaf.type);
  std::shared_ptr<arrow::Array> values = WithNulls(page, layout);
  ASSERT_TRUE(values->ValidateFull().ok()) << values->ValidateFull().ToString();
  std::shared_ptr<arrow::Array> got = Plain(values);
  std::shared_ptr<arrow::Array> wanted = Plain(expected.values);
  ASSERT_TRUE(got->Equals(*wanted)) << got->ToString() << "\nexpected\n" << wanted->ToString();
}

// Selections that touch chunk borders, single rows, and everything between.
std::vector<std::vector<RowRange>> Selections(uint64_t num_rows, std::mt19937_64* random) {
  std::vector<std::vector<RowRange>> out;
  out.push_back({{0, num_rows}});
  out.push_back({{0, 1}});
  out.push_back({{num_rows - 1, 1}});
  if (num_rows > 2) out.push_back({{1, num_rows - 2}});
  for (uint64_t most : {1, 3, 40, 700}) {
    for (uint64_t gap : {2, 60, 900}) {
      std::vector<RowRange> rows;
      uint64_t at = (*random)() % gap;
      while (at < num_rows) {
        uint64_t length = std::min(1 + (*random)() % most, num_rows - at);
        rows.push_back({at, length});
        at += length + (*random)() % gap;
      }
      if (!rows.empty()) out.push_back(std::move(rows));
    }
  }
  return out;
}

struct Fixture {
  const char* name;
  const char* version;
};

class StoredPages : public ::testing::TestWithParam<Fixture> {};

TEST_P(StoredPages, GiveTheValuesThatWereWrittenForAnyRows) {
  const Fixture& fixture = GetParam();
  std::shared_ptr<arrow::Table> table = ReadTable(std::string(fixture.name) + ".arrow");
  auto file = testing::OpenStored(ReadFixture(fmt::format("{}_{}.lance", fixture.name, fixture.version)),
                                  fixture.name);
  std::mt19937_64 random(7);
  size_t column = 0;
  for (const auto& field : table->schema()->fields()) {
    std::shared_ptr<arrow::Array> array =
        arrow::Concatenate(table->GetColumnByName(field->name())->chunks()).ValueOrDie();
    std::vector<LeafPath> leaves;
    testing::FindLeaves(*field, {}, &leaves);
    for (const LeafPath& leaf : leaves) {
      ASSERT_LT(column, file.columns.size());
      for (const PageInfo& info : file.columns[column++]) {
        SCOPED_TRACE(fmt::format("{} {} leaf {} {}", fixture.version, field->name(), leaf.type->ToString(),
                                 info.where));
        auto reader = OpenStructuralPage(info, file.format, leaf.type, file.source.get());
        ASSERT_TRUE(reader.ok()) << reader.status().ToString();
        for (const auto& rows : Selections(info.num_rows, &random)) {
          ASSERT_NO_FATAL_FAILURE(ExpectRows(**reader, file.source.get(), info, leaf, array, rows));
        }
      }
    }
  }
  ASSERT_EQ(column, file.columns.size());
}

TEST(BlobPage, GivesDescriptorsAndWhichAreNull) {
  std::shared_ptr<arrow::Table> table = ReadTable("blobs.arrow");
  auto blobs = arrow::Concatenate(table->column(0)->chunks()).ValueOrDie();
  std::string bytes = ReadFixture("blobs_2.1.lance");
  auto file = testing::OpenStored(bytes, "blobs");
  const PageInfo& info = file.columns[0][0];
  auto type =
      arrow::struct_({arrow::field("position", arrow::uint64()), arrow::field("size", arrow::uint64())});
  auto reader = OpenStructuralPage(info, file.format, type, file.source.get());
  ASSERT_TRUE(reader.ok()) << reader.status().ToString();
  std::vector<RowRange> rows{{0, 3}, {10, static_cast<uint64_t>(blobs->length()) - 10}};
  DecodedPage page = ReadRows(**reader, file.source.get(), rows).ValueOrDie();
  ASSERT_NE(page.validity, nullptr);
  const auto* position = page.values->child_data[0]->GetValues<uint64_t>(1);
  const auto* size = page.values->child_data[1]->GetValues<uint64_t>(1);
  int64_t slot = 0;
  for (const RowRange& range : rows) {
    for (uint64_t row = range.start; row < range.end(); ++row, ++slot) {
      const auto& values = static_cast<const arrow::LargeBinaryArray&>(*blobs);
      bool valid = values.IsValid(static_cast<int64_t>(row));
      ASSERT_EQ(arrow::bit_util::GetBit(page.validity->data(), slot), valid) << row;
      if (!valid) continue;
      ASSERT_EQ(bytes.substr(position[slot], size[slot]), values.GetView(static_cast<int64_t>(row))) << row;
    }
  }
  ASSERT_EQ(slot, page.values->length);
}

INSTANTIATE_TEST_SUITE_P(Pylance, StoredPages,
                         ::testing::Values(Fixture{"fixed", "2.1"}, Fixture{"fixed", "2.2"},
                                           Fixture{"strings", "2.2"}, Fixture{"lists", "2.1"},
                                           Fixture{"lists", "2.2"}, Fixture{"vectors", "2.1"},
                                           Fixture{"vectors", "2.2"}, Fixture{"packed", "2.2"}),
                         [](const auto& info) {
                           std::string name = fmt::format("{}_{}", info.param.name, info.param.version);
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace lance::encoding
