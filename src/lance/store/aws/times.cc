#include "lance/store/aws/times.h"

#include <charconv>

namespace lance::store {
namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::year;

// The number at the front of `text`, of exactly `digits` digits, which are taken off.
std::optional<int> TakeNumber(std::string_view* text, size_t digits) {
  if (text->size() < digits) return std::nullopt;
  int value = 0;
  const auto [stop, error] = std::from_chars(text->data(), text->data() + digits, value);
  if (error != std::errc() || stop != text->data() + digits || value < 0) return std::nullopt;
  text->remove_prefix(digits);
  return value;
}

bool Take(std::string_view* text, std::string_view token) {
  if (!text->starts_with(token)) return false;
  text->remove_prefix(token.size());
  return true;
}

std::optional<std::chrono::seconds> TakeClock(std::string_view* text) {
  const auto hour = TakeNumber(text, 2);
  if (!hour || !Take(text, ":")) return std::nullopt;
  const auto minute = TakeNumber(text, 2);
  if (!minute || !Take(text, ":")) return std::nullopt;
  const auto second = TakeNumber(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
}

std::optional<TimePoint> Compose(int y, int m, int d, std::chrono::seconds clock) {
  const std::chrono::year_month_day date(year(y), month(static_cast<unsigned>(m)),
                                         day(static_cast<unsigned>(d)));
  if (!date.ok() || y < 1970 || y > 2200) return std::nullopt;
  return std::chrono::sys_days(date) + clock;
}

}  // namespace

std::optional<TimePoint> ParseIsoTime(std::string_view text) {
  const auto y = TakeNumber(&text, 4);
  if (!y || !Take(&text, "-")) return std::nullopt;
  const auto m = TakeNumber(&text, 2);
  if (!m || !Take(&text, "-")) return std::nullopt;
  const auto d = TakeNumber(&text, 2);
  if (!d || !Take(&text, "T")) return std::nullopt;
  const auto clock = TakeClock(&text);
  if (!clock) return std::nullopt;
  auto out = Compose(*y, *m, *d, *clock);
  if (out && Take(&text, ".")) {
    auto unit = std::chrono::nanoseconds(100'000'000);
    while (auto digit = TakeNumber(&text, 1)) {
      *out += std::chrono::duration_cast<TimePoint::duration>(unit * *digit);
      unit /= 10;
    }
  }
  return out;
}

std::optional<TimePoint> ParseHttpTime(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const size_t comma = text.find(", ");
  if (comma == text.npos) return std::nullopt;
  text.remove_prefix(comma + 2);
  const auto d = TakeNumber(&text, 2);
  if (!d || !Take(&text, " ") || text.size() < 4) return std::nullopt;
  const size_t m = kMonths.find(text.substr(0, 3));
  text.remove_prefix(3);
  if (m == kMonths.npos || m % 3 != 0 || !Take(&text, " ")) return std::nullopt;
  const auto y = TakeNumber(&text, 4);
  if (!y || !Take(&text, " ")) return std::nullopt;
  const auto clock = TakeClock(&text);
  return clock ? Compose(*y, static_cast<int>(m / 3) + 1, *d, *clock) : std::nullopt;
}

}  // namespace lance::store
