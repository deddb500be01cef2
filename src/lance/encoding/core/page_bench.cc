// Decoding of whole pages, and of single rows, for every column of the stored test files, in bytes of Arrow
// data a second. `LANCE_ENCODINGS=folder encoding_bench` takes larger files (testdata/generate_encodings.py
// --scale).
#include <cstdlib>
#include <filesystem>

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <benchmark/benchmark.h>

#include "lance/encoding/codec/bitpack/fastlanes.h"
#include "lance/encoding/testing/shred.h"
#include "lance/encoding/testing/stored_file.h"

namespace lance::encoding {
namespace {

void Unpack(benchmark::State& state) {
  const unsigned bits = static_cast<unsigned>(state.range(0));
  const unsigned width = static_cast<unsigned>(state.range(1));
  std::vector<uint8_t> in(FastLanesBytes(width) + 64, 0x5a);
  std::vector<uint8_t> out(128 * bits + 64);
  for (auto _ : state) {
    FastLanesUnpack(bits, width, in.data(), out.data());
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * 128 * bits);
}
BENCHMARK(Unpack)
    ->ArgsProduct({{8}, {3}})
    ->ArgsProduct({{16}, {1, 11}})
    ->ArgsProduct({{32}, {3, 13, 27}})
    ->ArgsProduct({{64}, {4, 23, 51}});

uint64_t BytesOf(const arrow::ArrayData& data) {
  uint64_t total = 0;
  for (const auto& buffer : data.buffers)
    total += buffer == nullptr ? 0 : static_cast<uint64_t>(buffer->size());
  for (const auto& child : data.child_data) total += BytesOf(*child);
  return total;
}

struct Column {
  std::shared_ptr<testing::StoredFile> file;
  PageInfo info;
  std::shared_ptr<arrow::DataType> type;
};

void DecodeColumn(benchmark::State& state, const Column& column, const std::vector<RowRange>& rows) {
  auto reader = OpenStructuralPage(column.info, column.file->format, column.type, column.file->source.get());
  if (!reader.ok()) return state.SkipWithError(reader.status().ToString().c_str());
  uint64_t bytes = 0;
  auto buffers = column.file->source->ReadMany((*(*reader)->Plan(rows))->ranges()).ValueOrDie();
  for (auto _ : state) {
    auto task = (*reader)->Plan(rows).ValueOrDie();
    auto page = task->Decode(buffers);
    if (!page.ok()) return state.SkipWithError(page.status().ToString().c_str());
    bytes = BytesOf(*page->values);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * CountRows(rows)));
}

void RegisterFile(const std::string& folder, const std::string& name, const std::string& version) {
  auto load = [&](const std::string& file) { return testing::ReadPacked(folder + "/" + file + ".zst"); };
  auto input = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(load(name + ".arrow")));
  auto schema = arrow::ipc::RecordBatchFileReader::Open(input).ValueOrDie()->schema();
  auto file =
      std::make_shared<testing::StoredFile>(testing::OpenStored(load(name + "_" + version + ".lance"), name));
  size_t next = 0;
  for (const auto& field : schema->fields()) {
    std::vector<testing::LeafPath> leaves;
    testing::FindLeaves(*field, {}, &leaves);
    for (const auto& leaf : leaves) {
      Column column{file, file->columns[next++][0], leaf.type};
      std::string label = fmt::format("{}/{}", name, field->name());
      const uint64_t rows = column.info.num_rows;
      std::vector<RowRange> single;
      for (uint64_t row = 5; row < rows; row += 97) single.push_back({row, 1});
      benchmark::RegisterBenchmark(("Scan/" + label).c_str(), [=](benchmark::State& state) {
        DecodeColumn(state, column, {{0, rows}});
      });
      benchmark::RegisterBenchmark(("Take/" + label).c_str(),
                                   [=](benchmark::State& state) { DecodeColumn(state, column, single); });
    }
  }
}

const bool kRegistered = [] {
  const char* folder = std::getenv("LANCE_ENCODINGS");
  std::string from = folder != nullptr ? folder : "testdata/pylance-14.0.2/encodings";
  if (!std::filesystem::exists(from)) return false;
  for (const char* name : {"fixed", "strings", "lists", "vectors", "packed"}) RegisterFile(from, name, "2.2");
  return true;
}();

}  // namespace
}  // namespace lance::encoding
