#include <algorithm>
#include <array>
#include <string>

#include "lance/expr/functions/tables.h"

namespace lance::expr {
namespace {

struct Alias {
  std::string_view alias;
  std::string_view name;
};
constexpr Alias kAliases[] = {{"length", "character_length"},
                              {"char_length", "character_length"},
                              {"pow", "power"},
                              {"substring", "substr"},
                              {"trim", "btrim"},
                              {"position", "strpos"},
                              {"instr", "strpos"},
                              {"ifnull", "nvl"},
                              {"array_contains", "array_has"},
                              {"list_contains", "array_has"},
                              {"list_has", "array_has"},
                              {"list_has_all", "array_has_all"},
                              {"list_has_any", "array_has_any"},
                              {"arrays_overlap", "array_has_any"},
                              {"list_element", "array_element"},
                              {"array_extract", "array_element"},
                              {"list_extract", "array_element"},
                              {"array_empty", "empty"},
                              {"list_empty", "empty"},
                              {"array_indexof", "array_position"},
                              {"list_indexof", "array_position"},
                              {"datepart", "date_part"},
                              {"datetrunc", "date_trunc"},
                              {"current_timestamp", "now"},
                              {"today", "current_date"},
                              {"make_list", "make_array"},
                              {"array_cat", "array_concat"},
                              {"list_cat", "array_concat"},
                              {"array_push_back", "array_append"},
                              {"list_push_back", "array_append"},
                              {"array_push_front", "array_prepend"},
                              {"list_push_front", "array_prepend"},
                              {"array_join", "array_to_string"},
                              {"list_join", "array_to_string"}};

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

template <typename Visit>
void ForEach(Visit visit) {
  for (auto table :
       {TextFunctions(), TextPieceFunctions(), RegexFunctions(), MathFunctions(), ConditionalFunctions(),
        ListFunctions(), ListBuildingFunctions(), ListReducingFunctions(), DigestFunctions(), DateFunctions(),
        JsonFunctions(), IntrospectionFunctions()}) {
    for (const FunctionInfo& info : table) visit(info);
  }
}

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t corner = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = corner + (a[i - 1] != b[j - 1]);
      corner = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

const FunctionInfo* FindFunction(std::string_view name) {
  std::string wanted = Lower(name);
  for (const Alias& alias : kAliases) {
    if (alias.alias == wanted) wanted = std::string(alias.name);
  }
  // Every array_* function answers to list_* too.
  if (wanted.starts_with("list_")) wanted.replace(0, 4, "array");
  const FunctionInfo* found = nullptr;
  ForEach([&](const FunctionInfo& info) {
    if (wanted == info.name) found = &info;
  });
  return found;
}

std::vector<std::string> NearFunctions(std::string_view name) {
  std::string wanted = Lower(name.substr(0, 64));
  std::vector<std::pair<size_t, std::string>> scored;
  auto consider = [&](std::string_view candidate) {
    size_t distance = EditDistance(wanted, candidate);
    if (distance <= std::max<size_t>(2, wanted.size() / 3)) scored.emplace_back(distance, candidate);
  };
  ForEach([&](const FunctionInfo& info) { consider(info.name); });
  for (const Alias& alias : kAliases) consider(alias.alias);
  std::sort(scored.begin(), scored.end());
  std::vector<std::string> out;
  for (size_t i = 0; i < std::min<size_t>(3, scored.size()); ++i) out.push_back(scored[i].second);
  return out;
}

}  // namespace lance::expr
