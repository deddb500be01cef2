// regexp_like, regexp_match, regexp_replace, regexp_count
#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "lance/expr/functions/rows.h"
#include "lance/expr/functions/signatures.h"
#include "lance/expr/functions/tables.h"
#include "lance/expr/kernels/pattern.h"

namespace lance::expr {
namespace {

using arrow::Datum;
using arrow::internal::checked_cast;

// The constant text of an argument; NotSupported for patterns that change from row to row.
Result<std::string> Constant(const std::vector<Datum>& values, size_t at, const char* what) {
  if (at >= values.size()) return std::string();
  if (!values[at].is_scalar()) return NotSupported("a regular expression {} that is not a literal", what);
  return std::string(BytesView(values[at])[0]);
}

bool NullArgument(const std::vector<Datum>& values, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (values[i].is_scalar() && !values[i].scalar()->is_valid) return true;
  }
  return false;
}

Result<Signature> SignLike(const FunctionInfo& self, const Types& types) {
  ARROW_ASSIGN_OR_RAISE(Types arguments, (TextArguments<2, 3>(self, types)));
  return Signature{arguments, arrow::boolean()};
}

Result<Datum> Like(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (NullArgument(values, 2)) return Datum(arrow::MakeNullScalar(type));
  ARROW_ASSIGN_OR_RAISE(std::string flags, Constant(values, 2, "flag"));
  if (values[1].is_scalar()) {
    ARROW_ASSIGN_OR_RAISE(Regex regex, Regex::Make(BytesView(values[1])[0], flags));
    return regex.Finds(values[0]);
  }
  BytesView text(values[0]);
  BytesView pattern(values[1]);
  arrow::BooleanBuilder builder;
  for (int64_t i = 0; i < rows; ++i) {
    if (text.IsNull(i) || pattern.IsNull(i)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(Regex regex, Regex::Make(pattern[i], flags));
    ARROW_ASSIGN_OR_RAISE(bool found, regex.Finds(text[i]));
    ARROW_RETURN_NOT_OK(builder.Append(found));
  }
  return Finished(&builder);
}

Result<Signature> SignMatch(const FunctionInfo& self, const Types& types) {
  ARROW_ASSIGN_OR_RAISE(Types arguments, (TextArguments<2, 3>(self, types)));
  return Signature{arguments, arrow::list(arguments[0])};
}

// Names every capturing group, so that Arrow hands them out; brackets around all when there is none.
std::string NameGroups(const std::string& pattern) {
  std::string out;
  int count = 0;
  bool inside_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    char c = pattern[i];
    out.push_back(c);
    if (c == '\\' && i + 1 < pattern.size()) {
      out.push_back(pattern[++i]);
    } else if (c == '[') {
      inside_class = true;
    } else if (c == ']') {
      inside_class = false;
    } else if (c == '(' && !inside_class) {
      bool special = i + 1 < pattern.size() && pattern[i + 1] == '?';
      if (!special) out += fmt::format("?P<g{}>", count++);
      if (special && pattern.substr(i, 4) == "(?P<") ++count;
    }
  }
  return count > 0 ? out : "(?P<g0>" + pattern + ")";
}

// The captured groups of the first match, or the match itself when there are none; null without a match.
Result<Datum> Match(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (NullArgument(values, 2)) return Datum(arrow::MakeNullScalar(type));
  ARROW_ASSIGN_OR_RAISE(std::string pattern, Constant(values, 1, "pattern"));
  ARROW_ASSIGN_OR_RAISE(std::string flags, Constant(values, 2, "flag"));
  ARROW_ASSIGN_OR_RAISE(Regex regex, Regex::Make(pattern, flags));
  ARROW_ASSIGN_OR_RAISE(auto texts, ToArray(values[0], rows));
  arrow::compute::ExtractRegexOptions options(NameGroups(regex.text()));
  ARROW_ASSIGN_OR_RAISE(Datum groups,
                        arrow::compute::CallFunction("extract_regex", {Datum(texts)}, &options));
  arrow::StructArray captured(groups.array());
  std::unique_ptr<arrow::ArrayBuilder> builder;
  ARROW_RETURN_NOT_OK(arrow::MakeBuilder(arrow::default_memory_pool(), type, &builder));
  auto& lists = checked_cast<arrow::ListBuilder&>(*builder);
  for (int64_t i = 0; i < rows; ++i) {
    if (captured.IsNull(i)) {
      ARROW_RETURN_NOT_OK(lists.AppendNull());
      continue;
    }
    ARROW_RETURN_NOT_OK(lists.Append());
    for (int g = 0; g < captured.num_fields(); ++g) {
      ARROW_RETURN_NOT_OK(lists.value_builder()->AppendArraySlice(*captured.field(g)->data(), i, 1));
    }
  }
  return Finished(builder.get());
}

Result<Signature> SignReplace(const FunctionInfo& self, const Types& types) {
  ARROW_ASSIGN_OR_RAISE(Types arguments, (TextArguments<3, 4>(self, types)));
  return Signature{arguments, arguments[0]};
}

// \1, $1 and ${1} name groups in a replacement.
std::string Rewrite(std::string_view replacement) {
  std::string out;
  auto digit = [&](size_t at) {
    return at < replacement.size() && isdigit(static_cast<unsigned char>(replacement[at]));
  };
  for (size_t i = 0; i < replacement.size(); ++i) {
    char c = replacement[i];
    if ((c == '\\' || c == '$') && digit(i + 1)) {
      out += "\\";
      out.push_back(replacement[++i]);
    } else if (c == '$' && i + 3 < replacement.size() && replacement[i + 1] == '{' && digit(i + 2) &&
               replacement[i + 3] == '}') {
      out += "\\";
      out.push_back(replacement[i + 2]);
      i += 3;
    } else {
      out.push_back(c);
      if (c == '\\') out.push_back(c);
    }
  }
  return out;
}

Result<Datum> Replace(const std::vector<Datum>& values, int64_t, const TypePtr& type) {
  if (NullArgument(values, 3)) return Datum(arrow::MakeNullScalar(type));
  ARROW_ASSIGN_OR_RAISE(std::string pattern, Constant(values, 1, "pattern"));
  ARROW_ASSIGN_OR_RAISE(std::string replacement, Constant(values, 2, "replacement"));
  ARROW_ASSIGN_OR_RAISE(std::string flags, Constant(values, 3, "flag"));
  bool all = std::erase(flags, 'g') > 0;
  ARROW_ASSIGN_OR_RAISE(Regex regex, Regex::Make(pattern, flags));
  arrow::compute::ReplaceSubstringOptions options(regex.text(), Rewrite(replacement), all ? -1 : 1);
  auto result = arrow::compute::CallFunction("replace_substring_regex", {values[0]}, &options);
  if (!result.ok()) return InvalidArgument("regexp_replace: {}", result.status().message());
  return result;
}

Result<Signature> SignCount(const FunctionInfo& self, const Types& types) {
  if (types.size() > 2) return NotSupported("regexp_count with a start or flags");
  ARROW_ASSIGN_OR_RAISE(Types arguments, (TextArguments<2, 2>(self, types)));
  return Signature{arguments, arrow::int64()};
}

Result<Datum> Count(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  if (NullArgument(values, 2)) return Datum(std::make_shared<arrow::Int64Scalar>(0));
  ARROW_ASSIGN_OR_RAISE(std::string pattern, Constant(values, 1, "pattern"));
  ARROW_ASSIGN_OR_RAISE(Regex regex, Regex::Make(pattern, ""));
  ARROW_ASSIGN_OR_RAISE(auto texts, ToArray(values[0], rows));
  arrow::compute::MatchSubstringOptions options(regex.text());
  ARROW_ASSIGN_OR_RAISE(Datum counts,
                        arrow::compute::CallFunction("count_substring_regex", {Datum(texts)}, &options));
  ARROW_ASSIGN_OR_RAISE(counts, arrow::compute::Cast(counts, arrow::int64()));
  Datum zero(std::make_shared<arrow::Int64Scalar>(0));  // no text, no match
  return arrow::compute::CallFunction("coalesce", {counts, zero});
}

const FunctionInfo kFunctions[] = {
    {"regexp_like", SignLike, Like},
    {"regexp_match", SignMatch, Match},
    {"regexp_replace", SignReplace, Replace},
    {"regexp_count", SignCount, Count},
};

}  // namespace

std::span<const FunctionInfo> RegexFunctions() { return kFunctions; }

}  // namespace lance::expr
