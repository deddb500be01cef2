// Tables on S3: few requests, none to find out what is known.
#include "lance/store/aws/s3_store.h"

#include <arrow/buffer.h>

#include "lance/base/checked_math.h"
#include "lance/runtime/buffer_pool.h"
#include "lance/store/aws/s3_bucket.h"
#include "lance/store/coalesce.h"
#include "lance/store/ordered_names.h"

namespace lance::store {
namespace {

// Reads nearer than this are cheaper as one request than as two.
constexpr uint64_t kCoalesceDistance = 256 << 10;
constexpr uint64_t kMaxRequest = 16 << 20;
// Read along when an object of unknown size is opened: readers begin at its end.
constexpr uint64_t kTail = 64 << 10;
// Smaller objects are put whole. S3 wants 5 MiB at least, and 10,000 parts at most.
constexpr size_t kPart = 8 << 20;
constexpr size_t kLargePart = 64 << 20;
constexpr size_t kSmallParts = 2000;
constexpr size_t kPartsAtOnce = 4;
// Of a folder whose first names are wanted.
constexpr int kFirstNames = 50;

class S3Object : public ReadableObject {
 public:
  S3Object(std::shared_ptr<S3Bucket> bucket, std::string key, uint64_t size, std::string tail)
      : bucket_(std::move(bucket)),
        key_(std::move(key)),
        path_(bucket_->Uri(key_)),
        size_(size),
        tail_(std::move(tail)) {}

  const std::string& path() const override { return path_; }
  uint64_t size() const override { return size_; }

  Status ReadInto(ByteRange range, uint8_t* out) override {
    ARROW_RETURN_NOT_OK(Check(range));
    if (FromTail(range, out)) return Status::OK();
    const std::span<uint8_t> into(out, range.length);
    return bucket_->GetRanges(key_, {&range, 1}, {&into, 1});
  }

  Result<std::vector<std::shared_ptr<arrow::Buffer>>> ReadMany(std::span<const ByteRange> ranges) override {
    for (const ByteRange& range : ranges) ARROW_RETURN_NOT_OK(Check(range));
    const CoalescedPlan plan = Coalesce(ranges, kCoalesceDistance, kMaxRequest);
    std::vector<std::shared_ptr<arrow::Buffer>> buffers;
    std::vector<ByteRange> asked;
    std::vector<std::span<uint8_t>> into;
    for (const CoalescedRead& read : plan.reads) {
      ARROW_ASSIGN_OR_RAISE(auto buffer, runtime::AllocatePooled(read.range.length));
      if (!FromTail(read.range, buffer->mutable_data())) {
        asked.push_back(read.range);
        into.emplace_back(buffer->mutable_data(), read.range.length);
      }
      buffers.push_back(std::move(buffer));
    }
    if (!asked.empty()) ARROW_RETURN_NOT_OK(bucket_->GetRanges(key_, asked, into));
    std::vector<std::shared_ptr<arrow::Buffer>> out(ranges.size());
    for (size_t i = 0; i < plan.reads.size(); ++i) {
      const CoalescedRead& read = plan.reads[i];
      for (size_t position = read.first; position < read.first + read.count; ++position) {
        const size_t index = plan.IndexAt(position);
        out[index] =
            arrow::SliceBuffer(buffers[i], static_cast<int64_t>(ranges[index].offset - read.range.offset),
                               static_cast<int64_t>(ranges[index].length));
      }
    }
    return out;
  }

 private:
  Status Check(ByteRange range) const {
    LANCE_CHECK_BYTES(RangeFits(range.offset, range.length, size_),
                      "{}: bytes {}..{} lie outside the object of {} bytes", path_, range.offset,
                      range.offset + range.length, size_);
    return Status::OK();
  }
  bool FromTail(ByteRange range, uint8_t* out) const {
    const uint64_t begin = size_ - tail_.size();
    if (range.length == 0) return true;
    if (range.offset < begin) return false;
    std::memcpy(out, tail_.data() + (range.offset - begin), range.length);
    return true;
  }

  const std::shared_ptr<S3Bucket> bucket_;
  const std::string key_;
  const std::string path_;
  const uint64_t size_;
  const std::string tail_;
};

// Puts small objects whole, larger ones in parts that are sent some at a time.
class S3Writer : public WritableObject {
 public:
  S3Writer(std::shared_ptr<S3Bucket> bucket, std::string key)
      : bucket_(std::move(bucket)), key_(std::move(key)), path_(bucket_->Uri(key_)) {}
  ~S3Writer() override { Abort(); }

  const std::string& path() const override { return path_; }
  uint64_t position() const override { return position_; }

  Status Write(std::span<const uint8_t> bytes) override {
    if (closed_) return InvalidArgument("{}: written to after it was closed", path_);
    position_ += bytes.size();
    while (!bytes.empty()) {
      const size_t room = PartSize() * kPartsAtOnce - pending_.size();
      const size_t taken = std::min(room, bytes.size());
      pending_.insert(pending_.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(taken));
      bytes = bytes.subspan(taken);
      if (taken == room) ARROW_RETURN_NOT_OK(SendParts());
    }
    return Status::OK();
  }

  Status Close() override {
    if (closed_) return Status::OK();
    if (upload_.empty() && pending_.size() <= kPart) {
      closed_ = true;
      return bucket_->Put(key_, pending_);
    }
    if (!pending_.empty()) ARROW_RETURN_NOT_OK(SendParts());
    closed_ = true;
    const Status status = bucket_->CompleteUpload(key_, upload_, tags_);
    if (!status.ok()) bucket_->AbortUpload(key_, upload_);
    return status;
  }

  void Abort() override {
    if (!closed_ && !upload_.empty()) bucket_->AbortUpload(key_, upload_);
    closed_ = true;
    pending_.clear();
  }

 private:
  size_t PartSize() const { return tags_.size() < kSmallParts ? kPart : kLargePart; }

  Status SendParts() {
    if (upload_.empty()) {
      ARROW_ASSIGN_OR_RAISE(upload_, bucket_->BeginUpload(key_));
    }
    std::vector<std::span<const uint8_t>> parts;
    const std::span<const uint8_t> all(pending_);
    for (size_t at = 0; at < all.size(); at += PartSize()) {
      parts.push_back(all.subspan(at, std::min(PartSize(), all.size() - at)));
    }
    ARROW_ASSIGN_OR_RAISE(auto tags,
                          bucket_->PutParts(key_, upload_, static_cast<int>(tags_.size()) + 1, parts));
    tags_.insert(tags_.end(), tags.begin(), tags.end());
    pending_.clear();
    return Status::OK();
  }

  const std::shared_ptr<S3Bucket> bucket_;
  const std::string key_;
  const std::string path_;
  std::vector<uint8_t> pending_;
  std::string upload_;
  std::vector<std::string> tags_;
  uint64_t position_ = 0;
  bool closed_ = false;
};

class S3Store : public ObjectStore, public OrderedNames {
 public:
  S3Store(std::shared_ptr<S3Bucket> bucket, std::string root)
      : bucket_(std::move(bucket)), root_(std::move(root)) {
    capabilities_.coalesce_distance = kCoalesceDistance;
    capabilities_.max_request_bytes = kMaxRequest;
    capabilities_.parallel_requests = 32;
    capabilities_.lists_in_order = true;
  }

  const Capabilities& capabilities() const override { return capabilities_; }
  std::string FullPath(const std::string& key) const override { return bucket_->Uri(Key(key)); }

  Result<std::shared_ptr<ReadableObject>> Open(const std::string& key, uint64_t known_size) override {
    if (known_size > 0) return std::make_shared<S3Object>(bucket_, Key(key), known_size, std::string());
    ARROW_ASSIGN_OR_RAISE(S3Tail tail, bucket_->GetTail(Key(key), kTail));
    return std::make_shared<S3Object>(bucket_, Key(key), tail.size, std::move(tail.bytes));
  }
  Result<std::shared_ptr<arrow::Buffer>> Get(const std::string& key) override {
    ARROW_ASSIGN_OR_RAISE(std::string bytes, bucket_->Get(Key(key)));
    return arrow::Buffer::FromString(std::move(bytes));
  }
  Result<ObjectInfo> Head(const std::string& key) override {
    ARROW_ASSIGN_OR_RAISE(ObjectInfo info, bucket_->Head(Key(key)));
    info.path = key;
    return info;
  }
  Result<bool> Exists(const std::string& key) override {
    const auto info = bucket_->Head(Key(key));
    if (Is(info.status(), ErrorKind::kNotFound)) return false;
    ARROW_RETURN_NOT_OK(info.status());
    return true;
  }

  Result<std::vector<ObjectInfo>> List(const std::string& prefix, bool recursive) override {
    ARROW_ASSIGN_OR_RAISE(S3Listing all, ListAll(prefix, recursive));
    for (ObjectInfo& object : all.objects) object.path.erase(0, Folder("").size());
    return std::move(all.objects);
  }
  Result<std::vector<std::string>> FirstNames(const std::string& folder, bool* all) override {
    ARROW_ASSIGN_OR_RAISE(S3Listing page, bucket_->ListPage(Folder(folder), false, "", kFirstNames));
    *all = page.next.empty();
    std::vector<std::string> names;
    for (const ObjectInfo& object : page.objects) {
      ARROW_RETURN_NOT_OK(CheckListed(object.path, folder));
      names.push_back(object.path.substr(object.path.rfind('/') + 1));
    }
    return names;
  }
  Result<std::vector<std::string>> ListFolders(const std::string& prefix) override {
    ARROW_ASSIGN_OR_RAISE(S3Listing all, ListAll(prefix, false));
    std::vector<std::string> names;
    for (const std::string& folder : all.prefixes) {
      const size_t begin = Folder(prefix).size();
      if (folder.size() > begin + 1) names.push_back(folder.substr(begin, folder.size() - 1 - begin));
    }
    return names;
  }

  Result<std::unique_ptr<WritableObject>> Create(const std::string& key, Durability) override {
    return std::make_unique<S3Writer>(bucket_, Key(key));
  }
  Status Put(const std::string& key, std::span<const uint8_t> bytes, Durability durability) override {
    if (bytes.size() <= kPart * kPartsAtOnce) return bucket_->Put(Key(key), bytes);
    ARROW_ASSIGN_OR_RAISE(auto out, Create(key, durability));
    ARROW_RETURN_NOT_OK(out->Write(bytes));
    return out->Close();
  }
  Status PutIfAbsent(const std::string& key, std::span<const uint8_t> bytes, Durability,
                     std::span<const std::string>) override {
    return bucket_->PutIfAbsent(Key(key), bytes);
  }
  Status Delete(const std::string& key) override { return bucket_->Delete(Key(key)); }
  Status Copy(const std::string& from, const std::string& to) override {
    return bucket_->Copy(Key(from), Key(to));
  }
  IoCounters counters() const override { return bucket_->counters(); }

 private:
  std::string Key(const std::string& key) const {
    return root_.empty() ? key : key.empty() ? root_ : root_ + "/" + key;
  }
  // What the keys of a folder begin with.
  std::string Folder(const std::string& folder) const {
    const std::string key = Key(folder);
    return key.empty() || key.ends_with('/') ? key : key + "/";
  }
  Status CheckListed(const std::string& key, const std::string& folder) const {
    LANCE_CHECK_BYTES(key.starts_with(Folder(folder)), "{}: the listing names {}", FullPath(folder), key);
    return Status::OK();
  }

  // All pages, without the empty objects "folder/" that some tools leave.
  Result<S3Listing> ListAll(const std::string& folder, bool recursive) {
    S3Listing out;
    std::string token;
    do {
      ARROW_ASSIGN_OR_RAISE(S3Listing page, bucket_->ListPage(Folder(folder), recursive, token, 0));
      for (ObjectInfo& object : page.objects) {
        ARROW_RETURN_NOT_OK(CheckListed(object.path, folder));
        if (!object.path.ends_with('/')) out.objects.push_back(std::move(object));
      }
      for (std::string& prefix : page.prefixes) {
        ARROW_RETURN_NOT_OK(CheckListed(prefix, folder));
        out.prefixes.push_back(std::move(prefix));
      }
      token = page.next;
    } while (!token.empty());
    return out;
  }

  const std::shared_ptr<S3Bucket> bucket_;
  const std::string root_;
  Capabilities capabilities_;
};

}  // namespace

Result<OpenedStore> OpenS3(const std::string& bucket_and_prefix, const Options& options) {
  const size_t slash = bucket_and_prefix.find('/');
  const std::string bucket = bucket_and_prefix.substr(0, slash);
  std::string root = slash == bucket_and_prefix.npos ? "" : bucket_and_prefix.substr(slash + 1);
  while (root.starts_with('/')) root.erase(0, 1);
  while (root.ends_with('/')) root.pop_back();
  ARROW_ASSIGN_OR_RAISE(const AwsContext context, MakeAwsContext(options, bucket));
  ARROW_ASSIGN_OR_RAISE(auto opened, S3Bucket::Make(context, bucket));
  return OpenedStore{std::make_shared<S3Store>(opened, root),
                     "s3://" + bucket + (root.empty() ? "" : "/" + root)};
}

}  // namespace lance::store
