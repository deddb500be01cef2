#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lance/base/status.h"

namespace lance::store {

/// An element of a small XML document: what S3 and STS answer. Attributes, comments and processing
/// instructions are dropped, prefixes of names too.
struct XmlElement {
  std::string name;
  std::string text;  ///< its own text, entities decoded
  std::vector<XmlElement> children;

  const XmlElement* Find(std::string_view child) const;   ///< the first of that name, or nullptr
  std::string_view TextOf(std::string_view child) const;  ///< its text; empty when absent
};

/// Parses a document and returns its root element. Errors: Corruption with the byte offset; nesting deeper
/// than 32 and document types are refused.
Result<XmlElement> ParseXml(std::string_view text);

}  // namespace lance::store
