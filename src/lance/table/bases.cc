#include "lance/table/bases.h"

#include "lance/table/open_root.h"

namespace lance::table {

std::string JoinUri(const std::string& uri, const std::string& path) {
  const size_t query = uri.find("://") == uri.npos ? uri.npos : uri.find('?');
  const std::string tail = query == uri.npos ? "" : uri.substr(query);
  std::string out = uri.substr(0, query);
  if (!out.ends_with('/')) out.push_back('/');
  return out + path + tail;
}

Status CheckRelativePath(std::string_view path) {
  std::string_view rest = path;
  while (true) {
    const size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    LANCE_CHECK_BYTES(!part.empty() && part != "." && part != ".." && part.find('\0') == part.npos,
                      "the manifest names a file by the path \"{}\"", path);
    if (slash == rest.npos) return Status::OK();
    rest.remove_prefix(slash + 1);
  }
}

Result<ObjectPlace> Bases::Locate(const Manifest& manifest, std::optional<uint32_t> base_id,
                                  std::string_view folder, std::string_view path) {
  ARROW_RETURN_NOT_OK(CheckRelativePath(path));
  if (!base_id) return ObjectPlace{own_.store, fmt::format("{}/{}", folder, path), own_.uri};
  const BasePath* base = nullptr;
  for (const BasePath& candidate : manifest.base_paths) {
    if (candidate.id == *base_id) base = &candidate;
  }
  LANCE_CHECK_BYTES(base != nullptr, "{}: {}/{} lies in base path {}, which the manifest does not list",
                    own_.uri, folder, path, *base_id);
  ARROW_ASSIGN_OR_RAISE(store::OpenedStore opened, OpenBase(base->path));
  return ObjectPlace{opened.store,
                     base->is_dataset_root ? fmt::format("{}/{}", folder, path) : std::string(path),
                     opened.uri};
}

Result<store::OpenedStore> Bases::OpenBase(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (auto found = opened_.find(path); found != opened_.end()) return found->second;
  ARROW_ASSIGN_OR_RAISE(store::OpenedStore opened, OpenRoot(path, options_));
  return opened_.emplace(path, std::move(opened)).first->second;
}

}  // namespace lance::table
