#include "lance/encoding/write/encoding_hints.h"

#include <charconv>

namespace lance::encoding {
namespace {

constexpr char kPrefix[] = "lance-encoding:";

class Reader {
 public:
  explicit Reader(const schema::Field& field) : field_(field) {}

  std::optional<std::string> Text(const char* key) const {
    auto found = field_.metadata.find(std::string(kPrefix) + key);
    if (found == field_.metadata.end()) return std::nullopt;
    std::string text = found->second;
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
  }

  template <typename Number>
  Status Read(const char* key, Number* out) const {
    auto text = Text(key);
    if (!text) return Status::OK();
    auto parsed = std::from_chars(text->data(), text->data() + text->size(), *out);
    if (parsed.ec != std::errc() || parsed.ptr != text->data() + text->size()) return Unknown(key, *text);
    return Status::OK();
  }

  Status Unknown(const char* key, const std::string& value) const {
    return InvalidArgument("field {}: {}{} is \"{}\"", field_.name, kPrefix, key, value);
  }

  // lz4 or zstd and its level; false for other words.
  Result<bool> ReadScheme(const std::string& text, const char* level_key,
                          std::optional<Compression>* out) const {
    if (text != "lz4" && text != "zstd") return false;
    Compression compression{text == "lz4" ? Scheme::kLz4 : Scheme::kZstd, std::nullopt};
    if (Text(level_key)) {
      int level = 0;
      ARROW_RETURN_NOT_OK(Read(level_key, &level));
      compression.level = level;
    }
    *out = compression;
    return true;
  }

 private:
  const schema::Field& field_;
};

}  // namespace

Result<EncodingHints> EncodingHints::Parse(const schema::Field& field, const PageFormat& format) {
  EncodingHints hints;
  Reader reader(field);
  if (auto text = reader.Text("structural-encoding")) {
    if (*text == "miniblock") {
      hints.structure = Structure::kMiniBlock;
    } else if (*text == "fullzip") {
      hints.structure = Structure::kFullZip;
    } else {
      return reader.Unknown("structural-encoding", *text);
    }
  }
  if (auto text = reader.Text("compression")) {
    ARROW_ASSIGN_OR_RAISE(bool scheme, reader.ReadScheme(*text, "compression-level", &hints.compression));
    if (*text == "none") {
      hints.uncompressed = true;
      hints.strings = StringCompression::kNone;
    } else if (*text == "fsst") {
      hints.strings = StringCompression::kFsst;
    } else if (!scheme) {
      return reader.Unknown("compression", *text);
    }
  }
  if (auto text = reader.Text("bss")) {
    if (*text == "off") {
      hints.byte_stream_split = ByteStreamSplit::kOff;
    } else if (*text == "on") {
      hints.byte_stream_split = ByteStreamSplit::kOn;
    } else if (*text != "auto") {
      return reader.Unknown("bss", *text);
    }
  }
  if (reader.Text("rle-threshold")) {
    double threshold = 0;
    ARROW_RETURN_NOT_OK(reader.Read("rle-threshold", &threshold));
    hints.rle_threshold = threshold;
  }
  if (hints.compression && format.minor >= 2) {
    // Who asks for a compressor wants small files: it needs more than 4 KB to find something.
    hints.string_chunk_bytes = hints.compressed_chunk_bytes = 32 << 10;
  }
  ARROW_RETURN_NOT_OK(reader.Read("minichunk-size", &hints.string_chunk_bytes));
  ARROW_RETURN_NOT_OK(reader.Read("dict-divisor", &hints.dictionary_divisor));
  ARROW_RETURN_NOT_OK(reader.Read("dict-size-ratio", &hints.dictionary_size_ratio));
  ARROW_RETURN_NOT_OK(reader.Read("dict-max-size", &hints.dictionary_max_bytes));
  if (!(hints.dictionary_size_ratio > 0 && hints.dictionary_size_ratio <= 1)) {
    return InvalidArgument("field {}: {}dict-size-ratio is {}, not in (0, 1]", field.name, kPrefix,
                           hints.dictionary_size_ratio);
  }
  if (format.minor >= 2) {
    hints.dictionary_compression = hints.compression.value_or(Compression{Scheme::kLz4, std::nullopt});
  }
  if (auto text = reader.Text("dict-values-compression")) {
    ARROW_ASSIGN_OR_RAISE(bool scheme, reader.ReadScheme(*text, "dict-values-compression-level",
                                                         &hints.dictionary_compression));
    if (*text == "none") {
      hints.dictionary_compression.reset();
    } else if (!scheme) {
      return reader.Unknown("dict-values-compression", *text);
    }
  }
  return hints;
}

}  // namespace lance::encoding
