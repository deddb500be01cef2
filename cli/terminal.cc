#include "terminal.h"

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cwchar>

#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "output/units.h"

namespace lance::cli {

namespace {

constexpr int kDefaultWidth = 120;

// Decodes one code point at the front of `text`; a malformed byte is returned as itself, one byte long.
char32_t DecodeUtf8(std::string_view text, size_t* length) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  size_t need = lead < 0x80 ? 1 : lead >= 0xF0 && lead < 0xF8 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1;
  if (lead >= 0xF8) need = 1;
  *length = 1;
  if (need == 1 || need > text.size()) return lead < 0x80 ? lead : 0xFFFD;
  char32_t code = lead & (0xFF >> (need + 1));
  for (size_t i = 1; i < need; i++) {
    if ((byte(i) & 0xC0) != 0x80) return 0xFFFD;
    code = (code << 6) | (byte(i) & 0x3F);
  }
  *length = need;
  return code;
}

int CodePointWidth(char32_t code) {
  const int width = wcwidth(static_cast<wchar_t>(code));
  return width < 0 ? 1 : width;
}

}  // namespace

bool StdoutIsTerminal() { return isatty(STDOUT_FILENO) == 1; }
bool StderrIsTerminal() { return isatty(STDERR_FILENO) == 1; }
bool StdinIsTerminal() { return isatty(STDIN_FILENO) == 1; }

int TerminalWidth() {
  if (const char* columns = std::getenv("COLUMNS")) {
    const int width = std::atoi(columns);
    if (width > 0) return width;
  }
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return kDefaultWidth;
}

bool UseColor() {
  const char* no_color = std::getenv("NO_COLOR");
  return StdoutIsTerminal() && (no_color == nullptr || *no_color == '\0');
}

void InitializeLocale() {
  if (std::setlocale(LC_CTYPE, "C.UTF-8") == nullptr) std::setlocale(LC_CTYPE, "");
}

int DisplayWidth(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    size_t length;
    width += CodePointWidth(DecodeUtf8(text, &length));
    text.remove_prefix(length);
  }
  return width;
}

std::string TruncateToWidth(std::string_view text, int columns) {
  if (static_cast<int64_t>(text.size()) <= columns || DisplayWidth(text) <= columns) return std::string(text);
  int width = 0;
  size_t end = 0;
  while (end < text.size()) {
    size_t length;
    const int next = CodePointWidth(DecodeUtf8(text.substr(end), &length));
    if (width + next > columns - 1) break;
    width += next;
    end += length;
  }
  return std::string(text.substr(0, end)) + "…";
}

Progress::Progress(std::string label, uint64_t total)
    : label_(std::move(label)),
      total_(total),
      enabled_(StderrIsTerminal()),
      start_(std::chrono::steady_clock::now()),
      last_(start_) {}

Progress::~Progress() { Finish(); }

void Progress::Update(uint64_t done) {
  if (!enabled_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - start_ < std::chrono::milliseconds(500)) return;
  if (shown_ && now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  shown_ = true;
  std::string line = fmt::format("\r\x1b[K{} {}", label_, GroupDigits(done));
  if (total_ > 0) line += fmt::format(" of {} ({:.0f} %)", GroupDigits(total_), 100.0 * done / total_);
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
}

void Progress::Finish() {
  if (!shown_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace lance::cli
