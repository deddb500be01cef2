#include "lance/store/aws/xml.h"

#include <charconv>

namespace lance::store {
namespace {

constexpr int kMaxDepth = 32;

void AppendUtf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xc0 | code >> 6));
    out->push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else if (code < 0x10000) {
    out->push_back(static_cast<char>(0xe0 | code >> 12));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else {
    out->push_back(static_cast<char>(0xf0 | code >> 18));
    out->push_back(static_cast<char>(0x80 | (code >> 12 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3f)));
  }
}

class XmlParser {
 public:
  explicit XmlParser(std::string_view text) : text_(text) {}

  Result<XmlElement> Parse() {
    if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
    ARROW_RETURN_NOT_OK(SkipMisc());
    XmlElement root;
    ARROW_RETURN_NOT_OK(Element(0, &root));
    ARROW_RETURN_NOT_OK(SkipMisc());
    if (at_ != text_.size()) return Bad("text after the root element");
    return root;
  }

 private:
  Status Bad(std::string_view what) const { return Corruption("XML: {} at byte {}", what, at_); }
  bool At(std::string_view token) const { return text_.substr(at_).starts_with(token); }

  // Moves behind the next `token`.
  Status SkipPast(std::string_view token) {
    const size_t found = text_.find(token, at_);
    if (found == text_.npos) return Bad("an unclosed markup");
    at_ = found + token.size();
    return Status::OK();
  }

  // White space, comments and declarations around the root.
  Status SkipMisc() {
    while (at_ < text_.size()) {
      if (std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
        ++at_;
      } else if (At("<?")) {
        ARROW_RETURN_NOT_OK(SkipPast("?>"));
      } else if (At("<!--")) {
        ARROW_RETURN_NOT_OK(SkipPast("-->"));
      } else {
        return Status::OK();
      }
    }
    return Status::OK();
  }

  static std::string LocalName(std::string_view name) {
    const size_t colon = name.rfind(':');
    return std::string(colon == name.npos ? name : name.substr(colon + 1));
  }

  Status Element(int depth, XmlElement* out) {
    if (depth >= kMaxDepth) return Bad("too deep a nesting");
    if (!At("<") || At("<!")) return Bad("no element");
    const size_t begin = at_ + 1;
    const size_t end = text_.find_first_of(" \t\r\n/>", begin);
    if (end == text_.npos || end == begin) return Bad("a broken tag");
    const std::string_view name = text_.substr(begin, end - begin);
    out->name = LocalName(name);
    at_ = end;
    ARROW_ASSIGN_OR_RAISE(bool empty, EndOfTag());
    return empty ? Status::OK() : Content(depth, name, out);
  }

  // Skips attributes; true when the tag closes itself.
  Result<bool> EndOfTag() {
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '>') return false;
      if (c == '/' && At(">")) {
        ++at_;
        return true;
      }
      if (c == '"' || c == '\'') ARROW_RETURN_NOT_OK(SkipPast(std::string_view(&c, 1)));
    }
    return Bad("an unclosed tag");
  }

  Status Content(int depth, std::string_view name, XmlElement* out) {
    while (at_ < text_.size()) {
      if (At("</")) {
        at_ += 2;
        if (!At(name)) return Bad("a wrong closing tag");
        at_ += name.size();
        while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
          ++at_;
        if (!At(">")) return Bad("a broken closing tag");
        ++at_;
        return Status::OK();
      }
      if (At("<!--")) {
        ARROW_RETURN_NOT_OK(SkipPast("-->"));
      } else if (At("<?")) {
        ARROW_RETURN_NOT_OK(SkipPast("?>"));
      } else if (At("<![CDATA[")) {
        at_ += 9;
        const size_t begin = at_;
        ARROW_RETURN_NOT_OK(SkipPast("]]>"));
        out->text.append(text_.substr(begin, at_ - 3 - begin));
      } else if (At("<")) {
        out->children.emplace_back();
        ARROW_RETURN_NOT_OK(Element(depth + 1, &out->children.back()));
      } else if (At("&")) {
        ARROW_RETURN_NOT_OK(Entity(&out->text));
      } else {
        const size_t end = std::min(text_.find_first_of("<&", at_), text_.size());
        out->text.append(text_.substr(at_, end - at_));
        at_ = end;
      }
    }
    return Bad("an unclosed element");
  }

  Status Entity(std::string* out) {
    const size_t end = text_.find(';', at_);
    if (end == text_.npos || end - at_ > 10) return Bad("a broken entity");
    std::string_view name = text_.substr(at_ + 1, end - at_ - 1);
    constexpr std::pair<std::string_view, char> kNamed[] = {
        {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    for (const auto& [known, c] : kNamed) {
      if (name != known) continue;
      out->push_back(c);
      at_ = end + 1;
      return Status::OK();
    }
    if (!name.starts_with('#')) return Bad("an unknown entity");
    name.remove_prefix(1);
    const int base = name.starts_with('x') ? 16 : 10;
    if (base == 16) name.remove_prefix(1);
    uint32_t code = 0;
    const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), code, base);
    const bool surrogate = code >= 0xd800 && code < 0xe000;
    if (error != std::errc() || stop != name.data() + name.size() || code > 0x10ffff || surrogate) {
      return Bad("a broken character reference");
    }
    AppendUtf8(code, out);
    at_ = end + 1;
    return Status::OK();
  }

  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

const XmlElement* XmlElement::Find(std::string_view child) const {
  for (const XmlElement& element : children) {
    if (element.name == child) return &element;
  }
  return nullptr;
}

std::string_view XmlElement::TextOf(std::string_view child) const {
  const XmlElement* found = Find(child);
  return found == nullptr ? std::string_view() : std::string_view(found->text);
}

Result<XmlElement> ParseXml(std::string_view text) { return XmlParser(text).Parse(); }

}  // namespace lance::store
