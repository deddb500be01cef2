#include "lance/table/table_blobs.h"

#include <map>

namespace lance::table {
namespace {

using encoding::BlobKind;
using encoding::BlobLocation;
using encoding::BufferPtr;
using Object = std::shared_ptr<store::ReadableObject>;

class TableBlobs final : public encoding::BlobResolver {
 public:
  TableBlobs(std::shared_ptr<Bases> bases, std::vector<BasePath> base_paths, const DataFile& file)
      : bases_(std::move(bases)), name_(file.path), base_id_(file.base_id) {
    manifest_.base_paths = std::move(base_paths);
  }

  Result<std::vector<BufferPtr>> Read(const std::string& /*data_file_path*/,
                                      std::span<const BlobLocation> locations) override {
    // The ranges of each object together: many blobs share a pack.
    struct Wanted {
      Object object;
      std::vector<ByteRange> ranges;
      std::vector<size_t> places;
    };
    std::map<std::string, Wanted> objects;
    for (size_t i = 0; i < locations.size(); ++i) {
      const BlobLocation& location = locations[i];
      ARROW_ASSIGN_OR_RAISE(const std::string key, KeyOf(location));
      Wanted& wanted = objects[key];
      if (wanted.object == nullptr) {
        ARROW_ASSIGN_OR_RAISE(wanted.object, Open(location, key));
      }
      ARROW_ASSIGN_OR_RAISE(wanted.ranges.emplace_back(), RangeOf(location, *wanted.object));
      wanted.places.push_back(i);
    }
    std::vector<BufferPtr> out(locations.size());
    for (auto& [key, wanted] : objects) {
      ARROW_ASSIGN_OR_RAISE(auto read, wanted.object->ReadMany(wanted.ranges));
      for (size_t i = 0; i < read.size(); ++i) out[wanted.places[i]] = std::move(read[i]);
    }
    return out;
  }

  Result<std::string> UriOf(const BlobLocation& location) const override {
    if (location.blob_id == 0) return location.uri;
    for (const BasePath& base : manifest_.base_paths) {
      if (base.id != location.blob_id) continue;
      ARROW_RETURN_NOT_OK(CheckRelativePath(location.uri));
      return JoinUri(base.path, location.uri);
    }
    return Corruption("{}: a blob lies in base path {}, which the manifest does not list", name_,
                      location.blob_id);
  }

 private:
  static bool IsSidecar(const BlobLocation& location) {
    return location.kind == BlobKind::kPacked || location.kind == BlobKind::kDedicated;
  }

  Result<std::string> KeyOf(const BlobLocation& location) const {
    if (IsSidecar(location)) return encoding::BlobSidecarPath(name_, location.blob_id);
    if (location.kind == BlobKind::kExternal) return UriOf(location);
    return NotSupported("{}: blobs of kind {}", name_, static_cast<int>(location.kind));
  }

  Result<Object> Open(const BlobLocation& location, const std::string& key) const {
    if (IsSidecar(location)) {
      ARROW_ASSIGN_OR_RAISE(ObjectPlace place, bases_->Locate(manifest_, base_id_, "data", key));
      return place.store->Open(place.key);
    }
    const size_t slash = key.rfind('/');
    LANCE_CHECK_BYTES(slash != key.npos && slash + 1 < key.size(), "{}: a blob lies at \"{}\", no URI", name_,
                      key);
    ARROW_ASSIGN_OR_RAISE(store::OpenedStore folder,
                          store::OpenStore(key.substr(0, slash + 1), bases_->options()));
    return folder.store->Open(key.substr(slash + 1));
  }

  // An external blob without a size is all of its object.
  Result<ByteRange> RangeOf(const BlobLocation& location, const store::ReadableObject& object) const {
    const uint64_t size = object.size();
    const bool inside = location.position <= size && location.size <= size - location.position;
    LANCE_CHECK_BYTES(inside, "{}: a blob at {} of {} bytes ends behind {} of {} bytes", name_,
                      location.position, location.size, object.path(), size);
    if (location.kind == BlobKind::kExternal && location.size == 0) {
      return ByteRange{location.position, size - location.position};
    }
    return ByteRange{location.position, location.size};
  }

  const std::shared_ptr<Bases> bases_;
  const std::string name_;
  const std::optional<uint32_t> base_id_;
  Manifest manifest_;  // only its base paths
};

}  // namespace

std::shared_ptr<encoding::BlobResolver> MakeTableBlobs(std::shared_ptr<Bases> bases,
                                                       std::vector<BasePath> base_paths,
                                                       const DataFile& file) {
  return std::make_shared<TableBlobs>(std::move(bases), std::move(base_paths), file);
}

}  // namespace lance::table
