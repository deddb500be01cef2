#include "lance/encoding/core/column_source.h"

namespace lance::encoding {

OpenPages::OpenPages(size_t num_pages, std::atomic<int64_t>* budget_bytes)
    : num_pages_(num_pages),
      slots_(std::make_unique<std::atomic<const Entry*>[]>(num_pages)),
      budget_bytes_(budget_bytes) {}

OpenPages::~OpenPages() {
  for (size_t i = 0; i < num_pages_; ++i) delete slots_[i].load(std::memory_order_relaxed);
}

void OpenPages::Offer(size_t page, Entry entry) {
  const int64_t bytes = static_cast<int64_t>(entry.reader->memory_bytes() + sizeof(Entry));
  if (budget_bytes_->fetch_sub(bytes, std::memory_order_relaxed) < bytes) {
    budget_bytes_->fetch_add(bytes, std::memory_order_relaxed);
    return;
  }
  auto kept = std::make_unique<const Entry>(std::move(entry));
  const Entry* expected = nullptr;
  if (slots_[page].compare_exchange_strong(expected, kept.get(), std::memory_order_release,
                                           std::memory_order_relaxed)) {
    kept.release();
  } else {
    budget_bytes_->fetch_add(bytes, std::memory_order_relaxed);
  }
}

}  // namespace lance::encoding
