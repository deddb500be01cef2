#include "lance/index/vector/format/quantizer_metadata.h"

#include <charconv>
#include <cmath>

#include "lance/base/json.h"
#include "lance/index/vector/format/names.h"

namespace lance::index {
namespace {

// More than any vector has; keeps products far from overflow.
constexpr uint64_t kMaxDimension = 1 << 24;

// Reads the members of a quantizer's JSON, naming them in errors.
class Members {
 public:
  explicit Members(const JsonValue& object) : object_(object) {}

  Result<uint64_t> Unsigned(const char* name, uint64_t most = UINT32_MAX) const {
    const JsonValue* value = object_.Find(name);
    const std::optional<uint64_t> number = value == nullptr ? std::nullopt : value->AsUint64();
    LANCE_CHECK_BYTES(number.has_value() && *number <= most, "{}: '{}' is missing or no number up to {}",
                      kStorageMetadataKey, name, most);
    return *number;
  }
  Result<uint64_t> UnsignedOr(const char* name, uint64_t absent) const {
    if (Absent(name)) return absent;
    return Unsigned(name);
  }
  Result<double> Float(const char* name) const {
    const JsonValue* value = object_.Find(name);
    LANCE_CHECK_BYTES(value != nullptr && value->kind() == JsonValue::Kind::kNumber,
                      "{}: '{}' is missing or no number", kStorageMetadataKey, name);
    double out = 0;
    const std::string& text = value->text();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    LANCE_CHECK_BYTES(error == std::errc() && std::isfinite(out), "{}: '{}' is {}", kStorageMetadataKey, name,
                      text);
    return out;
  }
  Result<bool> Bool(const char* name, bool absent) const {
    if (Absent(name)) return absent;
    LANCE_CHECK_BYTES(object_.Find(name)->kind() == JsonValue::Kind::kBool, "{}: '{}' is no boolean",
                      kStorageMetadataKey, name);
    return object_.Find(name)->boolean();
  }
  Result<std::string> Text(const char* name, const char* absent) const {
    if (Absent(name)) return std::string(absent);
    LANCE_CHECK_BYTES(object_.Find(name)->kind() == JsonValue::Kind::kString, "{}: '{}' is no string",
                      kStorageMetadataKey, name);
    return object_.Find(name)->text();
  }
  Result<std::vector<uint8_t>> Bytes(const char* name) const {
    std::vector<uint8_t> out;
    if (Absent(name)) return out;
    for (const JsonValue& item : object_.Find(name)->items()) {
      const std::optional<uint64_t> byte = item.AsUint64();
      LANCE_CHECK_BYTES(byte.has_value() && *byte < 256, "{}: '{}' holds something that is no byte",
                        kStorageMetadataKey, name);
      out.push_back(static_cast<uint8_t>(*byte));
    }
    return out;
  }
  bool Absent(const char* name) const {
    const JsonValue* value = object_.Find(name);
    return value == nullptr || value->is_null();
  }
  const JsonValue* Find(const char* name) const { return object_.Find(name); }

 private:
  const JsonValue& object_;
};

Result<PqMetadata> ParsePq(const Members& members) {
  PqMetadata out;
  ARROW_ASSIGN_OR_RAISE(uint64_t position, members.UnsignedOr("codebook_position", 0));
  ARROW_ASSIGN_OR_RAISE(uint64_t bits, members.Unsigned("nbits"));
  ARROW_ASSIGN_OR_RAISE(out.num_sub_vectors, members.Unsigned("num_sub_vectors", kMaxDimension));
  ARROW_ASSIGN_OR_RAISE(out.dimension, members.Unsigned("dimension", kMaxDimension));
  ARROW_ASSIGN_OR_RAISE(out.transposed, members.Bool("transposed", false));
  ARROW_ASSIGN_OR_RAISE(std::vector<uint8_t> codebook, members.Bytes("codebook_tensor"));
  out.codebook_position = static_cast<uint32_t>(position);
  out.num_bits = static_cast<uint32_t>(bits);
  out.inline_codebook.assign(codebook.begin(), codebook.end());
  if (bits != 4 && bits != 8) return NotSupported("product quantization with {} bits", bits);
  LANCE_CHECK_BYTES(out.num_sub_vectors > 0 && out.dimension % out.num_sub_vectors == 0 && out.dimension > 0,
                    "{}: {} sub-vectors of {} dimensions", kStorageMetadataKey, out.num_sub_vectors,
                    out.dimension);
  LANCE_CHECK_BYTES(bits == 8 || out.num_sub_vectors % 2 == 0, "{}: {} sub-vectors of 4 bits",
                    kStorageMetadataKey, out.num_sub_vectors);
  return out;
}

Result<SqMetadata> ParseSq(const Members& members) {
  SqMetadata out;
  ARROW_ASSIGN_OR_RAISE(out.dimension, members.Unsigned("dim", kMaxDimension));
  ARROW_ASSIGN_OR_RAISE(uint64_t bits, members.Unsigned("num_bits"));
  if (bits != 8) return NotSupported("scalar quantization with {} bits", bits);
  const JsonValue* bounds = members.Find("bounds");
  LANCE_CHECK_BYTES(bounds != nullptr && bounds->kind() == JsonValue::Kind::kObject,
                    "{}: 'bounds' is missing", kStorageMetadataKey);
  ARROW_ASSIGN_OR_RAISE(out.start, Members(*bounds).Float("start"));
  ARROW_ASSIGN_OR_RAISE(out.end, Members(*bounds).Float("end"));
  return out;
}

Result<RqMetadata> ParseRq(const Members& members) {
  RqMetadata out;
  if (!members.Absent("rotate_mat_position")) {
    ARROW_ASSIGN_OR_RAISE(uint64_t position, members.Unsigned("rotate_mat_position"));
    out.matrix_position = static_cast<uint32_t>(position);
  }
  if (!members.Absent("fast_rotation_signs")) {
    ARROW_ASSIGN_OR_RAISE(out.rotation_signs, members.Bytes("fast_rotation_signs"));
  }
  // What old files do not say is what they had no choice about.
  ARROW_ASSIGN_OR_RAISE(std::string rotation, members.Text("rotation_type", "matrix"));
  ARROW_ASSIGN_OR_RAISE(std::string estimator, members.Text("query_estimator", "residual_query"));
  ARROW_ASSIGN_OR_RAISE(uint64_t dimension, members.UnsignedOr("code_dim", 0));
  ARROW_ASSIGN_OR_RAISE(uint64_t bits, members.Unsigned("num_bits"));
  ARROW_ASSIGN_OR_RAISE(out.packed, members.Bool("packed", false));
  if (rotation != "fast" && rotation != "matrix") return NotSupported("the RQ rotation '{}'", rotation);
  if (estimator != "raw_query" && estimator != "residual_query") {
    return NotSupported("the RQ estimator '{}'", estimator);
  }
  out.rotation = rotation == "fast" ? RqMetadata::Rotation::kFast : RqMetadata::Rotation::kMatrix;
  out.estimator =
      estimator == "raw_query" ? RqMetadata::Estimator::kRawQuery : RqMetadata::Estimator::kResidualQuery;
  out.code_dimension = static_cast<uint32_t>(dimension);
  out.num_bits = static_cast<uint32_t>(bits);
  LANCE_CHECK_BYTES(bits >= 1 && bits <= 9, "{}: num_bits is {}, not 1 to 9", kStorageMetadataKey, bits);
  LANCE_CHECK_BYTES(dimension % 8 == 0 && dimension <= kMaxDimension, "{}: code_dim is {}",
                    kStorageMetadataKey, dimension);
  if (out.rotation == RqMetadata::Rotation::kFast) {
    const uint64_t sign_bytes = dimension / 8 * 4;
    LANCE_CHECK_BYTES(
        dimension > 0 && out.rotation_signs.has_value() && out.rotation_signs->size() == sign_bytes,
        "{}: the fast rotation of {} dimensions has {} bytes of signs", kStorageMetadataKey, dimension,
        out.rotation_signs.has_value() ? out.rotation_signs->size() : 0);
  } else {
    LANCE_CHECK_BYTES(out.matrix_position.has_value(), "{}: 'rotate_mat_position' is missing",
                      kStorageMetadataKey);
  }
  return out;
}

std::string ByteList(const std::string& bytes) {
  std::string out = "[";
  for (size_t i = 0; i < bytes.size(); ++i) {
    out += fmt::format("{}{}", i == 0 ? "" : ",", static_cast<uint8_t>(bytes[i]));
  }
  return out + "]";
}

// A float as JSON keeps it: always with a point or an exponent.
std::string Number(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

struct Printer {
  std::string operator()(const FlatMetadata& flat) const {
    return fmt::format(R"({{"dim":{}}})", flat.dimension);
  }
  std::string operator()(const PqMetadata& pq) const {
    return fmt::format(R"({{"codebook_position":{},"nbits":{},"num_sub_vectors":{},"dimension":{},)"
                       R"("codebook_tensor":{},"transposed":{}}})",
                       pq.codebook_position, pq.num_bits, pq.num_sub_vectors, pq.dimension,
                       ByteList(pq.inline_codebook), pq.transposed);
  }
  std::string operator()(const SqMetadata& sq) const {
    return fmt::format(R"({{"dim":{},"num_bits":{},"bounds":{{"start":{},"end":{}}}}})", sq.dimension,
                       sq.num_bits, Number(sq.start), Number(sq.end));
  }
  std::string operator()(const RqMetadata& rq) const {
    std::string position = "null";
    if (rq.matrix_position.has_value()) position = fmt::format("{}", *rq.matrix_position);
    std::string signs = "null";
    if (rq.rotation_signs.has_value()) {
      signs = ByteList(std::string(rq.rotation_signs->begin(), rq.rotation_signs->end()));
    }
    return fmt::format(R"({{"rotate_mat_position":{},"fast_rotation_signs":{},"rotation_type":"{}",)"
                       R"("code_dim":{},"num_bits":{},"packed":{},"query_estimator":"{}"}})",
                       position, signs, rq.rotation == RqMetadata::Rotation::kFast ? "fast" : "matrix",
                       rq.code_dimension, rq.num_bits, rq.packed,
                       rq.estimator == RqMetadata::Estimator::kRawQuery ? "raw_query" : "residual_query");
  }
};

}  // namespace

Result<QuantizerMetadata> ParseStorageMetadata(Quantizer quantizer, std::string_view json) {
  ARROW_ASSIGN_OR_RAISE(JsonValue list, ParseJson(json));
  const bool shaped = list.kind() == JsonValue::Kind::kArray && !list.items().empty() &&
                      list.items().front().kind() == JsonValue::Kind::kString;
  LANCE_CHECK_BYTES(shaped, "{} is no list with a string", kStorageMetadataKey);
  ARROW_ASSIGN_OR_RAISE(JsonValue object, ParseJson(list.items().front().text()));
  const Members members(object);
  switch (quantizer) {
    case Quantizer::kPq:
      return ParsePq(members);
    case Quantizer::kSq:
      return ParseSq(members);
    case Quantizer::kRq:
      return ParseRq(members);
    default: {
      FlatMetadata flat;
      ARROW_ASSIGN_OR_RAISE(flat.dimension, members.Unsigned("dim", kMaxDimension));
      return flat;
    }
  }
}

std::string SerializeQuantizer(const QuantizerMetadata& metadata) { return std::visit(Printer(), metadata); }

std::string SerializeStorageMetadata(const QuantizerMetadata& metadata) {
  return "[" + QuoteJson(SerializeQuantizer(metadata)) + "]";
}

}  // namespace lance::index
