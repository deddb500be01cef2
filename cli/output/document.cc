#include "output/document.h"

#include <algorithm>
#include <cstdio>

#include <arrow/io/file.h>
#include <fmt/format.h>

#include "output/cell_writer.h"
#include "output/stdout_stream.h"
#include "output/units.h"
#include "terminal.h"

namespace lance::cli {

namespace {

std::string Quoted(const std::string& text) {
  std::string json;
  AppendJsonString(text, &json);
  return json;
}

}  // namespace

void Document::Text(const std::string& key, const std::string& value) {
  entries_.push_back({key, value, Quoted(value), {}});
}

void Document::Number(const std::string& key, uint64_t value, const std::string& human) {
  entries_.push_back({key, human.empty() ? GroupDigits(value) : human, std::to_string(value), {}});
}

void Document::Flag(const std::string& key, bool value) {
  entries_.push_back({key, value ? "yes" : "no", value ? "true" : "false", {}});
}

Document& Document::Section(const std::string& key) {
  entries_.push_back({key, "", "", {}});
  entries_.back().section.emplace_back();
  return entries_.back().section.back();
}

std::string Document::ToText(int indent) const {
  int width = 0;
  for (const auto& entry : entries_) {
    if (entry.section.empty()) width = std::max(width, DisplayWidth(entry.key));
  }
  const std::string margin(indent, ' ');
  std::string out;
  for (const auto& entry : entries_) {
    if (!entry.section.empty()) {
      if (!entry.section.front().empty()) {
        out += fmt::format("{}{}:\n{}", margin, entry.key, entry.section.front().ToText(indent + 2));
      }
      continue;
    }
    out += margin + entry.key + std::string(width - DisplayWidth(entry.key) + 2, ' ') + entry.text + "\n";
  }
  return out;
}

std::string Document::ToJson(int indent) const {
  const std::string margin(indent + 2, ' ');
  std::string out = "{";
  bool first = true;
  for (const auto& entry : entries_) {
    out += first ? "\n" : ",\n";
    first = false;
    out += margin + Quoted(entry.key) + ": " +
           (entry.section.empty() ? entry.json : entry.section.front().ToJson(indent + 2));
  }
  return first ? "{}" : out + "\n" + std::string(indent, ' ') + "}";
}

arrow::Status WriteDocument(const Document& document, const OutputOptions& options) {
  const bool text =
      options.format ? *options.format == OutputFormat::kTable : options.path.empty() && StdoutIsTerminal();
  const std::string out = text ? document.ToText() : document.ToJson() + "\n";
  std::fflush(stdout);
  std::shared_ptr<arrow::io::OutputStream> stream = std::make_shared<StdoutStream>();
  if (!options.path.empty() && options.path != "-") {
    ARROW_ASSIGN_OR_RAISE(stream, arrow::io::FileOutputStream::Open(options.path));
  }
  ARROW_RETURN_NOT_OK(stream->Write(out));
  return stream->Close();
}

}  // namespace lance::cli
