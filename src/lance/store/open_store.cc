#include <filesystem>
#include <system_error>

#include "lance/store/aws/s3_store.h"
#include "lance/store/local_store.h"
#include "lance/store/memory_store.h"
#include "lance/store/object_store.h"
#include "lance/store/remote_store.h"

namespace lance::store {
namespace {

std::string TrimSlashes(std::string text) {
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string PercentDecode(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

Result<OpenedStore> OpenLocal(const std::string& path) {
  LANCE_CHECK_ARG(!path.empty(), "a dataset path must not be empty");
  std::string expanded = path;
  if (expanded == "~" || expanded.rfind("~/", 0) == 0) {
    const char* home = std::getenv("HOME");
    if (home != nullptr) expanded = home + expanded.substr(1);
  }
  std::error_code error;
  std::string absolute = std::filesystem::absolute(expanded, error).lexically_normal().string();
  if (error) return InvalidArgument("cannot resolve the path '{}': {}", path, error.message());
  absolute = TrimSlashes(absolute);
  return OpenedStore{MakeLocalStore(absolute), absolute};
}

}  // namespace

Result<OpenedStore> OpenStore(const std::string& uri, const Options& options) {
  size_t colon = uri.find("://");
  if (colon == std::string::npos) return OpenLocal(uri);
  std::string scheme = uri.substr(0, colon);
  std::string rest = uri.substr(colon + 3);
  if (scheme == "file" || scheme == "file-object-store" || scheme == "file+uring") {
    return OpenLocal(PercentDecode(rest));
  }
  if (scheme == "memory" || scheme == "shared-memory") {
    std::string root = TrimSlashes(rest);
    return OpenedStore{MakeMemoryStore(root), scheme + "://" + root};
  }
  if (scheme == "s3") return OpenS3(rest, options);
  if (IsRemoteScheme(scheme)) return OpenRemote(scheme, TrimSlashes(rest));
  return NotSupported("No object store provider found for scheme: '{}'", scheme);
}

}  // namespace lance::store
