#include "output/row_sink.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

#include "terminal.h"

namespace lance::cli {

namespace {

std::shared_ptr<arrow::RecordBatch> SampleBatch() {
  const auto schema =
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("na,me", arrow::utf8())});
  return arrow::RecordBatch::Make(
      schema, 3,
      {arrow::json::ArrayFromJSONString(arrow::int64(), "[1, null, 3]").ValueOrDie(),
       arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["a\"b", "", null])").ValueOrDie()});
}

std::string Write(OutputFormat format, OutputOptions options = {}) {
  const auto batch = SampleBatch();
  const auto stream = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto sink = MakeSink(format, options, stream, batch->schema()).ValueOrDie();
  EXPECT_TRUE(sink->Write(*batch).ok());
  EXPECT_TRUE(sink->Close().ok());
  return stream->Finish().ValueOrDie()->ToString();
}

TEST(RowSink, CsvTellsNullsFromEmptyTexts) {
  EXPECT_EQ(Write(OutputFormat::kCsv), "id,\"na,me\"\n1,\"a\"\"b\"\n,\"\"\n3,\n");
  EXPECT_EQ(Write(OutputFormat::kTsv), "id\tna,me\n1\t\"a\"\"b\"\n\t\"\"\n3\t\n");
}

TEST(RowSink, WritesJsonLinesAndJson) {
  EXPECT_EQ(Write(OutputFormat::kJsonLines),
            "{\"id\":1,\"na,me\":\"a\\\"b\"}\n{\"id\":null,\"na,me\":\"\"}\n{\"id\":3,\"na,me\":null}\n");
  EXPECT_EQ(
      Write(OutputFormat::kJson),
      "[\n{\"id\":1,\"na,me\":\"a\\\"b\"},\n{\"id\":null,\"na,me\":\"\"},\n{\"id\":3,\"na,me\":null}\n]\n");
}

TEST(RowSink, ArrowStreamsHoldTheBatch) {
  const auto text = Write(OutputFormat::kArrowStream);
  const auto input = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(text));
  const auto reader = arrow::ipc::RecordBatchStreamReader::Open(input).ValueOrDie();
  const auto table = reader->ToTable().ValueOrDie();
  EXPECT_TRUE(table->Equals(*arrow::Table::FromRecordBatches({SampleBatch()}).ValueOrDie()));
}

TEST(RowSink, DrawsATable) {
  OutputOptions options;
  options.max_width = 40;
  EXPECT_EQ(Write(OutputFormat::kTable, options),
            "┌───────┬────────┐\n"
            "│    id │ na,me  │\n"
            "│ int64 │ string │\n"
            "├───────┼────────┤\n"
            "│     1 │ a\"b    │\n"
            "│  NULL │        │\n"
            "│     3 │ NULL   │\n"
            "└───────┴────────┘\n"
            "3 rows\n");
}

TEST(RowSink, ATableStopsAtItsRows) {
  OutputOptions options;
  options.max_width = 40;
  options.max_rows = 2;
  const std::string text = Write(OutputFormat::kTable, options);
  EXPECT_EQ(text.find("│     3"), std::string::npos);
  EXPECT_NE(text.find("first 2 rows"), std::string::npos);
}

TEST(RowSink, ATableKeepsToItsWidth) {
  OutputOptions options;
  options.max_width = 14;
  const std::string text = Write(OutputFormat::kTable, options);
  for (size_t start = 0, end; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
    const std::string line = text.substr(start, end - start);
    if (line.find("│") == 0) {
      EXPECT_LE(DisplayWidth(line), 14) << line;
    }
  }
  EXPECT_NE(text.find("1 more column"), std::string::npos) << text;
}

TEST(RowSink, ChoosesTheFormatByExtension) {
  OutputOptions options;
  options.path = "out.parquet";
  EXPECT_EQ(ChooseFormat(options), OutputFormat::kParquet);
  options.path = "out.jsonl";
  EXPECT_EQ(ChooseFormat(options), OutputFormat::kJsonLines);
  options.format = OutputFormat::kCsv;
  EXPECT_EQ(ChooseFormat(options), OutputFormat::kCsv);
  for (const auto& name : FormatNames()) EXPECT_TRUE(ParseFormat(name).has_value()) << name;
}

}  // namespace

}  // namespace lance::cli
