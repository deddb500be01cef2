// regexp_like, regexp_match, regexp_replace, regexp_count
#include <optional>

#include <re2/re2.h>

#include "lance/expr/functions/rows.h"
#include "lance/expr/functions/signatures.h"
#include "lance/expr/functions/tables.h"
#include "lance/expr/kernels/pattern.h"

namespace lance::expr {
namespace {

using arrow::Datum;

// The compiled form of the pattern at hand; literal patterns compile once a batch.
class RegexCache {
 public:
  Result<const RE2*> Get(std::string_view pattern, std::string_view flags) {
    if (!regex_ || pattern_ != pattern || flags_ != flags) {
      ARROW_ASSIGN_OR_RAISE(regex_, CompileRegex(pattern, flags));
      pattern_ = pattern;
      flags_ = flags;
    }
    return regex_.get();
  }

 private:
  std::unique_ptr<RE2> regex_;
  std::string pattern_;
  std::string flags_;
};

const Datum& FlagsOrNone(const std::vector<Datum>& values, size_t at) {
  static const Datum none{std::make_shared<arrow::StringScalar>("")};
  return at < values.size() ? values[at] : none;
}

Result<Signature> SignLike(const FunctionInfo& self, const Types& types) {
  ARROW_ASSIGN_OR_RAISE(Types arguments, (TextArguments<2, 3>(self, types)));
  return Signature{arguments, arrow::boolean()};
}

Result<Datum> Like(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  BytesView text(values[0]);
  BytesView pattern(values[1]);
  BytesView flags(FlagsOrNone(values, 2));
  arrow::BooleanBuilder builder;
  RegexCache cache;
  for (int64_t i = 0; i < rows; ++i) {
    if (text.IsNull(i) || pattern.IsNull(i)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(const RE2* regex, cache.Get(pattern[i], flags.IsNull(i) ? "" : flags[i]));
    ARROW_RETURN_NOT_OK(builder.Append(RegexFinds(*regex, text[i])));
  }
  return Finished(&builder);
}

Result<Signature> SignMatch(const FunctionInfo& self, const Types& types) {
  ARROW_ASSIGN_OR_RAISE(Types arguments, (TextArguments<2, 3>(self, types)));
  return Signature{arguments, arrow::list(arguments[0])};
}

// The captured groups of the first match, or the match itself when there are none; null without a match.
Result<Datum> Match(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  BytesView text(values[0]);
  BytesView pattern(values[1]);
  BytesView flags(FlagsOrNone(values, 2));
  std::unique_ptr<arrow::ArrayBuilder> builder;
  ARROW_RETURN_NOT_OK(arrow::MakeBuilder(arrow::default_memory_pool(), type, &builder));
  auto& lists = static_cast<arrow::ListBuilder&>(*builder);
  bool large = type->field(0)->type()->id() == arrow::Type::LARGE_STRING;
  auto append = [&](std::string_view piece) {
    return large ? static_cast<arrow::LargeStringBuilder*>(lists.value_builder())->Append(piece)
                 : static_cast<arrow::StringBuilder*>(lists.value_builder())->Append(piece);
  };
  RegexCache cache;
  for (int64_t i = 0; i < rows; ++i) {
    if (text.IsNull(i) || pattern.IsNull(i)) {
      ARROW_RETURN_NOT_OK(lists.AppendNull());
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(const RE2* regex, cache.Get(pattern[i], flags.IsNull(i) ? "" : flags[i]));
    std::vector<re2::StringPiece> groups(static_cast<size_t>(1 + regex->NumberOfCapturingGroups()));
    re2::StringPiece input(text[i].data(), text[i].size());
    if (!regex->Match(input, 0, input.size(), RE2::UNANCHORED, groups.data(),
                      static_cast<int>(groups.size()))) {
      ARROW_RETURN_NOT_OK(lists.AppendNull());
      continue;
    }
    ARROW_RETURN_NOT_OK(lists.Append());
    for (size_t g = groups.size() == 1 ? 0 : 1; g < groups.size(); ++g) {
      if (groups[g].data() == nullptr) {
        ARROW_RETURN_NOT_OK(lists.value_builder()->AppendNull());
      } else {
        ARROW_RETURN_NOT_OK(append({groups[g].data(), groups[g].size()}));
      }
    }
  }
  return Finished(builder.get());
}

Result<Signature> SignReplace(const FunctionInfo& self, const Types& types) {
  ARROW_ASSIGN_OR_RAISE(Types arguments, (TextArguments<3, 4>(self, types)));
  return Signature{arguments, arguments[0]};
}

// \1 and $1 and ${1} name groups in the replacement.
std::string Rewrite(std::string_view replacement) {
  std::string out;
  for (size_t i = 0; i < replacement.size(); ++i) {
    char c = replacement[i];
    bool digit = i + 1 < replacement.size() && isdigit(static_cast<unsigned char>(replacement[i + 1]));
    if ((c == '\\' || c == '$') && digit) {
      out += "\\";
      out.push_back(replacement[++i]);
    } else if (c == '$' && i + 3 < replacement.size() && replacement[i + 1] == '{' &&
               isdigit(static_cast<unsigned char>(replacement[i + 2])) && replacement[i + 3] == '}') {
      out += "\\";
      out.push_back(replacement[i + 2]);
      i += 3;
    } else if (c == '\\') {
      out += "\\\\";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

Result<Datum> Replace(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  BytesView text(values[0]);
  BytesView pattern(values[1]);
  BytesView replacement(values[2]);
  BytesView flags(FlagsOrNone(values, 3));
  RegexCache cache;
  return MapText(
      rows, type,
      [&](int64_t i, std::string* scratch) -> Result<std::string_view> {
        std::string kept(flags.IsNull(i) ? "" : flags[i]);
        bool all = kept.find('g') != std::string::npos;
        std::erase(kept, 'g');
        ARROW_ASSIGN_OR_RAISE(const RE2* regex, cache.Get(pattern[i], kept));
        *scratch = text[i];
        std::string rewrite = Rewrite(replacement[i]);
        if (all) {
          RE2::GlobalReplace(scratch, *regex, rewrite);
        } else {
          RE2::Replace(scratch, *regex, rewrite);
        }
        return *scratch;
      },
      text, pattern, replacement);
}

Result<Signature> SignCount(const FunctionInfo& self, const Types& types) {
  if (types.size() > 2) return NotSupported("regexp_count with a start or flags");
  ARROW_ASSIGN_OR_RAISE(Types arguments, (TextArguments<2, 2>(self, types)));
  return Signature{arguments, arrow::int64()};
}

Result<Datum> Count(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  BytesView text(values[0]);
  BytesView pattern(values[1]);
  arrow::Int64Builder builder;
  RegexCache cache;
  for (int64_t i = 0; i < rows; ++i) {
    if (text.IsNull(i) || pattern.IsNull(i)) {
      ARROW_RETURN_NOT_OK(builder.Append(0));
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(const RE2* regex, cache.Get(pattern[i], ""));
    re2::StringPiece input(text[i].data(), text[i].size());
    re2::StringPiece match;
    int64_t count = 0;
    size_t at = 0;
    while (at <= input.size() && regex->Match(input, at, input.size(), RE2::UNANCHORED, &match, 1)) {
      ++count;
      at = static_cast<size_t>(match.data() - input.data()) + std::max<size_t>(match.size(), 1);
    }
    ARROW_RETURN_NOT_OK(builder.Append(count));
  }
  return Finished(&builder);
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
