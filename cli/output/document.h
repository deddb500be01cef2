#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <arrow/status.h>

#include "output/row_sink.h"

namespace lance::cli {

/// A small tree of named values, written as aligned text for people or as JSON for programs.
class Document {
 public:
  void Text(const std::string& key, const std::string& value);
  /// `human` is what people see, when the digits alone do not say it best.
  void Number(const std::string& key, uint64_t value, const std::string& human = "");
  void Flag(const std::string& key, bool value);
  /// Adds a part with values of its own; the reference is good until the next call.
  Document& Section(const std::string& key);
  bool empty() const { return entries_.empty(); }

  std::string ToText(int indent = 0) const;
  std::string ToJson(int indent = 0) const;

 private:
  struct Entry {
    std::string key;
    std::string text;
    std::string json;
    std::vector<Document> section;  ///< one when the entry is a part
  };
  std::vector<Entry> entries_;
};

/// Writes the document to stdout (or options.path): text for a table, JSON for every other format; by default
/// text on a terminal and JSON on a pipe.
arrow::Status WriteDocument(const Document& document, const OutputOptions& options);

}  // namespace lance::cli
