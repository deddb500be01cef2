#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lance/base/byte_range.h"
#include "lance/base/status.h"

namespace arrow {
class Buffer;
}

namespace lance::store {

/// What a store is good at; the scheduler and the commit code ask, they never guess from the URI.
struct Capabilities {
  bool is_local = false;           ///< a read costs microseconds: do not fan out, do not over-read
  uint64_t coalesce_distance = 0;  ///< join reads whose gap is at most this many bytes
  uint64_t max_request_bytes = 16 << 20;
  int parallel_requests = 1;    ///< how many reads pay off at once
  bool lists_in_order = false;  ///< List returns keys sorted and can stop early
};

/// Requests and bytes since the store was made. Thread-safe.
struct IoCounters {
  uint64_t read_requests = 0;
  uint64_t read_bytes = 0;
  uint64_t write_requests = 0;
  uint64_t written_bytes = 0;
};

struct ObjectInfo {
  std::string path;  ///< relative to the store's root, no leading slash
  uint64_t size = 0;
  std::chrono::system_clock::time_point modified{};
};

/// What a store knows of a folder without listing it.
struct FolderState {
  std::chrono::system_clock::time_point modified{};  ///< when an entry was last added, removed or renamed
  uint64_t bytes = 0;                                ///< of the folder itself: grows with its entries
};

/// An open object for positioned reads. Thread-safe. The object may be deleted while open; reads then fail
/// with NotFound or go on, as the store does.
class ReadableObject {
 public:
  virtual ~ReadableObject() = default;
  virtual const std::string& path() const = 0;  ///< for error messages
  virtual uint64_t size() const = 0;
  /// Fills `out` (range.length bytes). Errors: Corruption when the range ends past the object, IOError.
  virtual Status ReadInto(ByteRange range, uint8_t* out) = 0;
  /// Reads one range into a fresh (pooled) buffer. The default uses ReadInto.
  virtual Result<std::shared_ptr<arrow::Buffer>> Read(ByteRange range);
  /// Reads many ranges, coalescing and fanning out as the store's capabilities say; results in the order
  /// asked.
  virtual Result<std::vector<std::shared_ptr<arrow::Buffer>>> ReadMany(std::span<const ByteRange> ranges);
  /// As ReadMany, for a caller that looks at the bytes at once and then drops them: a local file may show its
  /// own pages. Never hand such buffers on.
  virtual Result<std::vector<std::shared_ptr<arrow::Buffer>>> ViewMany(std::span<const ByteRange> ranges);
};

/// An object being written front to back. One thread at a time. Nothing is visible under its key as a whole
/// object before Close; destroying it unclosed aborts.
class WritableObject {
 public:
  virtual ~WritableObject() = default;
  virtual const std::string& path() const = 0;  ///< for error messages
  /// Bytes written so far: where the next Write lands.
  virtual uint64_t position() const = 0;
  virtual Status Write(std::span<const uint8_t> bytes) = 0;
  /// Makes the object readable, and with Durability::kSync safe against a power cut. Call once.
  virtual Status Close() = 0;
  /// Gives up and removes what was written, as far as that is possible. Never fails.
  virtual void Abort() = 0;
};

/// Whether a finished write must survive a power cut (fsync of file and folder on local disks; remote stores
/// always do).
enum class Durability {
  kBuffered,
  kLater,  ///< not yet: Sync, or a PutIfAbsent that it is a part of, will make it so
  kSync,
};

/// A flat key space below one root, such as a directory or a bucket prefix. Thread-safe. Keys use '/' and are
/// relative to the root. Errors name the full path; a missing object is NotFound.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  virtual const Capabilities& capabilities() const = 0;
  virtual std::string FullPath(const std::string& key) const = 0;

  /// Opens for reading; `known_size` (when > 0) spares a HEAD request on remote stores.
  virtual Result<std::shared_ptr<ReadableObject>> Open(const std::string& key, uint64_t known_size = 0) = 0;
  virtual Result<std::shared_ptr<arrow::Buffer>> Get(const std::string& key) = 0;
  virtual Result<ObjectInfo> Head(const std::string& key) = 0;
  virtual Result<bool> Exists(const std::string& key) = 0;
  /// Lists objects below `prefix` (a folder), recursively or one level; folders are not reported. A missing
  /// folder is an empty list.
  virtual Result<std::vector<ObjectInfo>> List(const std::string& prefix, bool recursive) = 0;
  /// Names (without the folder) of the objects directly below `folder`, in no order. Cheaper than List where
  /// sizes and times cost a request each; may name other things than files there.
  virtual Result<std::vector<std::string>> ListNames(const std::string& folder);
  /// None where folders have no state of their own: everywhere but on local disks.
  virtual std::optional<FolderState> StatFolder(const std::string& /*folder*/) { return std::nullopt; }
  /// Names of the sub-folders directly below `prefix`.
  virtual Result<std::vector<std::string>> ListFolders(const std::string& prefix) = 0;

  /// Starts a streamed write; makes the folders that the key needs.
  virtual Result<std::unique_ptr<WritableObject>> Create(const std::string& key,
                                                         Durability durability = Durability::kSync) = 0;
  /// Writes whole objects. PutIfAbsent fails with AlreadyExists when the key exists, atomically; with
  /// CommitStateUnknown when the store cannot tell whether the object is there. `parts` were written buffered
  /// to this store: they are made as durable as the object before it is there.
  virtual Status Put(const std::string& key, std::span<const uint8_t> bytes,
                     Durability durability = Durability::kSync) = 0;
  virtual Status PutIfAbsent(const std::string& key, std::span<const uint8_t> bytes,
                             Durability durability = Durability::kSync,
                             std::span<const std::string> parts = {}) = 0;
  /// Makes objects that were written buffered safe against a power cut. Stores that always are do nothing.
  virtual Status Sync(std::span<const std::string> /*keys*/) { return Status::OK(); }
  virtual Status Delete(const std::string& key) = 0;
  virtual Status Copy(const std::string& from, const std::string& to) = 0;

  virtual IoCounters counters() const = 0;
};

using Options = std::map<std::string, std::string>;

/// A store and the root's canonical URI.
struct OpenedStore {
  std::shared_ptr<ObjectStore> store;
  std::string uri;
};

/// Opens the store whose root is `uri`: a local path, file://, memory://, s3://bucket/prefix, gs://, az://,
/// abfss://. Stores are shared: the same memory:// URI gives the same content within the process. Errors:
/// NotSupported "No object store provider found for scheme ...".
Result<OpenedStore> OpenStore(const std::string& uri, const Options& options = {});

}  // namespace lance::store
