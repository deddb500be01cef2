#include "lance/index/vector/format/hnsw_metadata.h"

#include "lance/base/json.h"
#include "lance/index/vector/format/names.h"

namespace lance::index {
namespace {

Result<uint64_t> Unsigned(const JsonValue& object, const char* name, uint64_t most) {
  const JsonValue* value = object.Find(name);
  const std::optional<uint64_t> number = value == nullptr ? std::nullopt : value->AsUint64();
  LANCE_CHECK_BYTES(number.has_value() && *number <= most, "{}: '{}' is missing or no number up to {}",
                    kHnswKey, name, most);
  return *number;
}

Result<HnswMetadata> ParseOne(std::string_view json) {
  HnswMetadata out;
  if (json.empty()) return out;
  ARROW_ASSIGN_OR_RAISE(JsonValue object, ParseJson(json));
  ARROW_ASSIGN_OR_RAISE(uint64_t entry_point, Unsigned(object, "entry_point", UINT32_MAX));
  out.entry_point = static_cast<uint32_t>(entry_point);
  const JsonValue* parameters = object.Find("params");
  const JsonValue* offsets = object.Find("level_offsets");
  LANCE_CHECK_BYTES(parameters != nullptr && offsets != nullptr, "{} has no 'params' or 'level_offsets'",
                    kHnswKey);
  ARROW_ASSIGN_OR_RAISE(uint64_t max_level, Unsigned(*parameters, "max_level", UINT16_MAX));
  ARROW_ASSIGN_OR_RAISE(uint64_t m, Unsigned(*parameters, "m", UINT32_MAX));
  ARROW_ASSIGN_OR_RAISE(uint64_t ef, Unsigned(*parameters, "ef_construction", UINT32_MAX));
  out.parameters.max_level = static_cast<uint32_t>(max_level);
  out.parameters.m = static_cast<uint32_t>(m);
  out.parameters.ef_construction = static_cast<uint32_t>(ef);
  const JsonValue* prefetch = parameters->Find("prefetch_distance");
  out.parameters.prefetch_distance.reset();
  if (prefetch != nullptr && prefetch->AsUint64().has_value()) {
    out.parameters.prefetch_distance = static_cast<uint32_t>(*prefetch->AsUint64());
  }
  for (const JsonValue& item : offsets->items()) {
    const std::optional<uint64_t> offset = item.AsUint64();
    LANCE_CHECK_BYTES(offset.has_value(), "{}: a level offset is no number", kHnswKey);
    LANCE_CHECK_BYTES(out.level_offsets.empty() || *offset >= out.level_offsets.back(),
                      "{}: level offset {} follows {}", kHnswKey, *offset,
                      out.level_offsets.empty() ? 0 : out.level_offsets.back());
    out.level_offsets.push_back(*offset);
  }
  return out;
}

}  // namespace

Result<std::vector<HnswMetadata>> ParseHnswMetadata(std::string_view json) {
  ARROW_ASSIGN_OR_RAISE(JsonValue list, ParseJson(json));
  LANCE_CHECK_BYTES(list.kind() == JsonValue::Kind::kArray, "{} is no list", kHnswKey);
  std::vector<HnswMetadata> out;
  for (const JsonValue& item : list.items()) {
    LANCE_CHECK_BYTES(item.kind() == JsonValue::Kind::kString, "{} holds something that is no string",
                      kHnswKey);
    ARROW_ASSIGN_OR_RAISE(out.emplace_back(), ParseOne(item.text()));
  }
  return out;
}

std::string SerializeHnsw(const HnswMetadata& metadata) {
  std::string prefetch = "null";
  if (metadata.parameters.prefetch_distance.has_value()) {
    prefetch = fmt::format("{}", *metadata.parameters.prefetch_distance);
  }
  return fmt::format(R"({{"entry_point":{},"params":{{"max_level":{},"m":{},"ef_construction":{},)"
                     R"("prefetch_distance":{}}},"level_offsets":[{}]}})",
                     metadata.entry_point, metadata.parameters.max_level, metadata.parameters.m,
                     metadata.parameters.ef_construction, prefetch, fmt::join(metadata.level_offsets, ","));
}

std::string SerializeHnswMetadata(const std::vector<HnswMetadata>& partitions) {
  std::string out = "[";
  for (const HnswMetadata& partition : partitions) {
    if (out.size() > 1) out += ",";
    out += QuoteJson(SerializeHnsw(partition));
  }
  return out + "]";
}

std::string SerializeFlatPartitions(size_t num_partitions) {
  std::string out = "[";
  for (size_t i = 0; i < num_partitions; ++i) out += i == 0 ? "\"\"" : ",\"\"";
  return out + "]";
}

}  // namespace lance::index
