#include "write/stream_writer.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include <arrow/api.h>
#include <arrow/util/byte_size.h>

namespace lance::sql {

namespace {

constexpr int64_t kMaxWaitingBytes = 64 << 20;

}  // namespace

class StreamWriter::Queue {
 public:
  explicit Queue(std::shared_ptr<arrow::Schema> schema) : schema_(std::move(schema)) {}
  ~Queue() {
    if (thread_.joinable()) thread_.join();
  }

  void Start(Write write) {
    thread_ = std::thread([this, write = std::move(write)] {
      Reader reader(this);
      arrow::Status status = write(reader);
      std::lock_guard lock(mutex_);
      done_ = true;
      result_ = std::move(status);
      waiting_.clear();
      changed_.notify_all();
    });
  }

  arrow::Status Push(std::shared_ptr<arrow::RecordBatch> batch) {
    const int64_t bytes = arrow::util::TotalBufferSize(*batch);
    std::unique_lock lock(mutex_);
    changed_.wait(lock,
                  [&] { return done_ || waiting_.empty() || waiting_bytes_ + bytes <= kMaxWaitingBytes; });
    if (done_) return result_.ok() ? arrow::Status::Invalid("rows for a writer that is done") : result_;
    waiting_bytes_ += bytes;
    waiting_.emplace_back(std::move(batch), bytes);
    changed_.notify_all();
    return arrow::Status::OK();
  }

  // Ends the stream, well or not, and waits for the writer.
  arrow::Status End(bool aborted) {
    {
      std::lock_guard lock(mutex_);
      (aborted ? aborted_ : ended_) = true;
      changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
    return result_;
  }

 private:
  class Reader final : public arrow::RecordBatchReader {
   public:
    explicit Reader(Queue* queue) : queue_(queue) {}
    std::shared_ptr<arrow::Schema> schema() const override { return queue_->schema_; }
    arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override { return queue_->Pop(batch); }

   private:
    Queue* const queue_;
  };

  arrow::Status Pop(std::shared_ptr<arrow::RecordBatch>* batch) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return aborted_ || ended_ || !waiting_.empty(); });
    if (aborted_) return arrow::Status::Cancelled("the statement was given up");
    batch->reset();
    if (waiting_.empty()) return arrow::Status::OK();
    *batch = std::move(waiting_.front().first);
    waiting_bytes_ -= waiting_.front().second;
    waiting_.pop_front();
    changed_.notify_all();
    return arrow::Status::OK();
  }

  const std::shared_ptr<arrow::Schema> schema_;
  std::mutex mutex_;  // guards all below but the thread
  std::condition_variable changed_;
  std::deque<std::pair<std::shared_ptr<arrow::RecordBatch>, int64_t>> waiting_;
  int64_t waiting_bytes_ = 0;
  bool ended_ = false;
  bool aborted_ = false;
  bool done_ = false;
  arrow::Status result_;
  std::thread thread_;
};

StreamWriter::StreamWriter(std::string table, bool appends, std::shared_ptr<arrow::Schema> schema,
                           Write write)
    : PendingChange(std::move(table), appends), queue_(std::make_shared<Queue>(std::move(schema))) {
  queue_->Start(std::move(write));
}

StreamWriter::~StreamWriter() { (void)queue_->End(/*aborted=*/true); }

arrow::Status StreamWriter::Push(std::shared_ptr<arrow::RecordBatch> batch) {
  return queue_->Push(std::move(batch));
}

arrow::Status StreamWriter::Commit() { return queue_->End(/*aborted=*/false); }

}  // namespace lance::sql
