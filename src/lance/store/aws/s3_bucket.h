#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lance/base/byte_range.h"
#include "lance/store/aws/aws_context.h"
#include "lance/store/aws/s3_listing.h"
#include "lance/store/counted.h"

namespace lance::store {

/// The end of an object, or all of it, and how long the object is.
struct S3Tail {
  std::string bytes;
  uint64_t size = 0;
};

/// The requests of one bucket's objects: one HTTP request each, counted, repeated as AwsClient does. Keys are
/// whole; errors name "s3://bucket/key". Thread-safe.
class S3Bucket {
 public:
  /// Errors: InvalidArgument, NotSupported.
  static Result<std::shared_ptr<S3Bucket>> Make(const AwsContext& context, const std::string& bucket);

  std::string Uri(const std::string& key) const { return "s3://" + bucket_ + "/" + key; }

  Result<std::string> Get(const std::string& key);
  /// At most the last `bytes`.
  Result<S3Tail> GetTail(const std::string& key, uint64_t bytes);
  /// Fills buffers of the ranges' lengths, all ranges at once.
  Status GetRanges(const std::string& key, std::span<const ByteRange> ranges,
                   std::span<const std::span<uint8_t>> into);
  Result<ObjectInfo> Head(const std::string& key);
  /// Keys that begin with `prefix`, from one page on; at most `max_keys` of them (0: as many as S3 gives).
  Result<S3Listing> ListPage(const std::string& prefix, bool recursive, const std::string& token,
                             int max_keys);

  Status Put(const std::string& key, std::span<const uint8_t> bytes);
  /// `If-None-Match: *`. What an attempt without an answer did is found out by reading back. Errors:
  /// AlreadyExists; CommitStateUnknown; NotSupported where the server has no conditional writes.
  Status PutIfAbsent(const std::string& key, std::span<const uint8_t> bytes);
  Status Delete(const std::string& key);
  Status Copy(const std::string& from, const std::string& to);

  /// A multipart upload: its id; the tags of parts that are sent at once; its end either way.
  Result<std::string> BeginUpload(const std::string& key);
  Result<std::vector<std::string>> PutParts(const std::string& key, const std::string& upload,
                                            int first_number,
                                            std::span<const std::span<const uint8_t>> parts);
  Status CompleteUpload(const std::string& key, const std::string& upload,
                        const std::vector<std::string>& tags);
  void AbortUpload(const std::string& key, const std::string& upload);

  IoCounters counters() const { return counters_.Get(); }

 private:
  S3Bucket(std::string bucket, std::string prefix, AwsConfig config, std::unique_ptr<AwsClient> client);

  std::string Path(const std::string& key) const { return prefix_ + "/" + key; }
  AwsRequest Request(std::string method, const std::string& key) const;
  AwsRequest Making(std::string method, const std::string& key) const;
  Result<HttpResponse> Expect2xx(const AwsRequest& request, const std::string& key);
  Status Settle(const std::string& key, std::span<const uint8_t> bytes, const std::string& why);

  const std::string bucket_;
  const std::string prefix_;  // of paths: "/bucket", or empty where the host names it
  const AwsConfig config_;
  const std::unique_ptr<AwsClient> client_;
  AtomicCounters counters_;
};

}  // namespace lance::store
