#include "interrupt.h"

#include <arrow/api.h>

namespace lance::cli {

namespace {

volatile std::sig_atomic_t g_interrupted = 0;

void OnInterrupt(int) { g_interrupted = 1; }

class InterruptibleReader final : public arrow::RecordBatchReader {
 public:
  explicit InterruptibleReader(std::shared_ptr<arrow::RecordBatchReader> rows) : rows_(std::move(rows)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return rows_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    if (!InterruptGuard::asked()) ARROW_RETURN_NOT_OK(rows_->ReadNext(batch));
    if (!InterruptGuard::asked()) return arrow::Status::OK();
    batch->reset();
    return arrow::Status::Cancelled("interrupted; the dataset is as it was");
  }

 private:
  std::shared_ptr<arrow::RecordBatchReader> rows_;
};

}  // namespace

InterruptGuard::InterruptGuard() {
  g_interrupted = 0;
  struct sigaction action {};
  action.sa_handler = OnInterrupt;
  // Reads go on, or a pipe would seem to end here.
  action.sa_flags = SA_RESTART | SA_RESETHAND;
  sigaction(SIGINT, &action, &before_);
}

InterruptGuard::~InterruptGuard() { sigaction(SIGINT, &before_, nullptr); }

bool InterruptGuard::asked() { return g_interrupted != 0; }

std::shared_ptr<arrow::RecordBatchReader> InterruptGuard::Wrap(
    std::shared_ptr<arrow::RecordBatchReader> reader) {
  return std::make_shared<InterruptibleReader>(std::move(reader));
}

}  // namespace lance::cli
