#include "lance/index/scalar/btree/key_sorter.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <arrow/api.h>

#include "lance/runtime/parallel_for.h"
#include "lance/runtime/temporary_file.h"

namespace lance::index {
namespace {

// Rows of a run: 4 MiB of numbers and ids, which stay in the second- or third-level cache while they are
// sorted.
constexpr size_t kRunRows = 1 << 18;
// Rows that are handed out at once, and read at once from a run of the file.
constexpr size_t kBlockRows = 1 << 14;
constexpr uint64_t kMinBudgetBytes = 64 << 10;
// Bytes of keys in a run: offsets are 32 bits.
constexpr uint64_t kMaxRunBytes = 1 << 30;

struct NumberEntry {
  uint64_t key;
  uint64_t id;
};

struct BytesEntry {
  uint64_t prefix;  // of the key: decides most comparisons
  uint64_t id;
  uint32_t offset;
  uint32_t length;
};

// Rows in memory; sorted once it is full.
template <typename Entry>
struct Run {
  std::vector<Entry> entries;
  std::vector<char> bytes;  // of BytesEntry

  std::string_view KeyOf(const BytesEntry& entry) const {
    return {bytes.data() + entry.offset, entry.length};
  }
  uint64_t memory_bytes() const { return entries.size() * sizeof(Entry) + bytes.size(); }
};

// By eleven bits at a time, least first; passes in which all keys agree are left out. Stable.
void Sort(Run<NumberEntry>* run) {
  constexpr int kBits = 11, kPasses = 6;
  std::vector<NumberEntry>& entries = run->entries;
  std::vector<std::array<uint32_t, 1 << kBits>> counts(kPasses);
  for (const NumberEntry& entry : entries) {
    for (int pass = 0; pass < kPasses; ++pass)
      ++counts[pass][(entry.key >> (pass * kBits)) & ((1 << kBits) - 1)];
  }
  std::vector<NumberEntry> other(entries.size());
  for (int pass = 0; pass < kPasses; ++pass) {
    auto& count = counts[pass];
    if (std::find(count.begin(), count.end(), entries.size()) != count.end()) continue;
    uint32_t before = 0;
    for (uint32_t& c : count) before += std::exchange(c, before);
    for (const NumberEntry& entry : entries) {
      other[count[(entry.key >> (pass * kBits)) & ((1 << kBits) - 1)]++] = entry;
    }
    entries.swap(other);
  }
}

void Sort(Run<BytesEntry>* run) {
  std::stable_sort(run->entries.begin(), run->entries.end(), [&](const BytesEntry& a, const BytesEntry& b) {
    return a.prefix != b.prefix ? a.prefix < b.prefix : run->KeyOf(a) < run->KeyOf(b);
  });
}

template <typename T>
std::span<const uint8_t> AsBytes(const std::vector<T>& values) {
  return {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(T)};
}

template <typename T>
Status ReadInto(const runtime::TemporaryFile& file, uint64_t offset, std::vector<T>* out) {
  return file.Read(offset, {reinterpret_cast<uint8_t*>(out->data()), out->size() * sizeof(T)});
}

// A sorted run of the file: blocks of entries, each followed by their keys.
struct FileRun {
  struct Block {
    uint64_t offset = 0;
    uint32_t rows = 0;
    uint64_t bytes = 0;
  };
  std::vector<Block> blocks;
};

// Gives the rows of a run in order.
template <typename Entry>
class Cursor {
 public:
  explicit Cursor(const Run<Entry>* run) : run_(run) {}
  Cursor(const FileRun* blocks, const runtime::TemporaryFile* file)
      : read_(std::make_unique<Run<Entry>>()), run_(read_.get()), blocks_(blocks), file_(file) {}

  /// Makes the next row the current one; false at the end. Keys of the row before may be gone then.
  Result<bool> Next() {
    if (next_ == run_->entries.size()) {
      if (blocks_ == nullptr || block_ == blocks_->blocks.size()) return false;
      const FileRun::Block& block = blocks_->blocks[block_++];
      read_->entries.resize(block.rows);
      read_->bytes.resize(block.bytes);
      ARROW_RETURN_NOT_OK(ReadInto(*file_, block.offset, &read_->entries));
      ARROW_RETURN_NOT_OK(ReadInto(*file_, block.offset + block.rows * sizeof(Entry), &read_->bytes));
      next_ = 0;
    }
    current_ = run_->entries[next_++];
    return true;
  }
  const Entry& entry() const { return current_; }
  bool IsBefore(const Cursor& other) const {
    if constexpr (std::is_same_v<Entry, NumberEntry>) {
      return current_.key < other.current_.key;
    } else {
      return current_.prefix != other.current_.prefix ? current_.prefix < other.current_.prefix
                                                      : key() < other.key();
    }
  }
  std::string_view key() const { return run_->KeyOf(current_); }
  // Whether the next row needs a block, which takes the place of this one's keys.
  bool AtEndOfBlock() const { return blocks_ != nullptr && next_ == run_->entries.size(); }

 private:
  std::unique_ptr<Run<Entry>> read_;  // the block, of a run of the file
  const Run<Entry>* run_;
  const FileRun* blocks_ = nullptr;
  const runtime::TemporaryFile* file_ = nullptr;
  size_t block_ = 0;
  size_t next_ = 0;
  Entry current_{};
};

// Merges runs; of equal keys those of the earlier run come first. A tree of losers (Knuth, TAOCP 3, 5.4.1): a
// row costs one comparison a level.
template <typename Entry>
class Merger {
 public:
  explicit Merger(std::vector<Cursor<Entry>> cursors) : cursors_(std::move(cursors)) {}

  // Calls take(cursor) for every row in order, and flush() before the keys that were taken may go.
  template <typename Take, typename Flush>
  Status Run(const Take& take, const Flush& flush) {
    const size_t count = cursors_.size();
    alive_.resize(count);
    for (size_t i = 0; i < count; ++i) {
      ARROW_ASSIGN_OR_RAISE(alive_[i], cursors_[i].Next());
    }
    losers_.assign(count, kNone);
    for (uint32_t i = 0; i < count; ++i) Play(i);
    while (count > 0 && alive_[winner_]) {
      Cursor<Entry>& cursor = cursors_[winner_];
      ARROW_RETURN_NOT_OK(take(cursor));
      if (cursor.AtEndOfBlock()) ARROW_RETURN_NOT_OK(flush());
      ARROW_ASSIGN_OR_RAISE(alive_[winner_], cursor.Next());
      Play(winner_);
    }
    return flush();
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  bool Wins(uint32_t a, uint32_t b) const {
    if (!alive_[a] || !alive_[b]) return alive_[a];
    if (cursors_[a].IsBefore(cursors_[b])) return true;
    return a < b && !cursors_[b].IsBefore(cursors_[a]);
  }

  // Sends a run up the tree. Leaves are count .. 2 count - 1; the parent of a node is half of it.
  void Play(uint32_t run) {
    for (size_t node = (run + cursors_.size()) / 2; node > 0; node /= 2) {
      if (losers_[node] == kNone) {  // the first to come waits for the other
        losers_[node] = run;
        return;
      }
      if (Wins(losers_[node], run)) std::swap(losers_[node], run);
    }
    winner_ = run;
  }

  std::vector<Cursor<Entry>> cursors_;
  std::vector<uint8_t> alive_;
  std::vector<uint32_t> losers_;
  uint32_t winner_ = 0;
};

template <typename Entry>
class Sorter : public KeySorter {
 public:
  static constexpr bool kNumbers = std::is_same_v<Entry, NumberEntry>;

  Sorter(const KeyType& type, const KeySorterOptions& options) : type_(type), options_(options) {
    options_.memory_budget_bytes = std::max(options_.memory_budget_bytes, kMinBudgetBytes);
    // A run that is being sorted is there twice, on each thread.
    const uint64_t share = options_.memory_budget_bytes / (sizeof(Entry) * 8);
    run_rows_ = static_cast<size_t>(std::clamp<uint64_t>(share, 1024, kRunRows));
  }

  Status Append(const std::shared_ptr<arrow::Array>& values, const uint64_t* ids) override {
    ARROW_ASSIGN_OR_RAISE(const Keys keys, Keys::Of(type_, values));
    const bool nulls = values->null_count() > 0;
    for (size_t row = 0; row < keys.size(); ++row) {
      if (nulls && keys.IsNull(row)) {
        nulls_.push_back(ids[row]);
        continue;
      }
      if (runs_.empty() || IsFull(runs_.back(), keys, row)) ARROW_RETURN_NOT_OK(StartRun());
      Add(keys, row, ids[row], &runs_.back());
    }
    return nulls_.size() * sizeof(uint64_t) >= options_.memory_budget_bytes / 2 ? Spill() : Status::OK();
  }

  Status Finish(const Sink& sink) override {
    ARROW_RETURN_NOT_OK(GiveNulls(sink));
    ARROW_RETURN_NOT_OK(SortRuns());
    std::vector<Cursor<Entry>> cursors;
    for (const FileRun& run : file_runs_) cursors.emplace_back(&run, &file_);
    for (const Run<Entry>& run : runs_) cursors.emplace_back(&run);
    std::vector<uint64_t> ids, numbers;
    std::vector<std::string_view> views;
    const auto flush = [&]() -> Status {
      if (ids.empty()) return Status::OK();
      if constexpr (kNumbers) {
        ARROW_RETURN_NOT_OK(sink.numbers(numbers, ids));
      } else {
        ARROW_RETURN_NOT_OK(sink.bytes(views, ids));
      }
      ids.clear();
      numbers.clear();
      views.clear();
      return Status::OK();
    };
    const auto take = [&](const Cursor<Entry>& cursor) -> Status {
      if constexpr (kNumbers) {
        numbers.push_back(cursor.entry().key);
      } else {
        views.push_back(cursor.key());
      }
      ids.push_back(cursor.entry().id);
      return ids.size() == kBlockRows ? flush() : Status::OK();
    };
    return Merger<Entry>(std::move(cursors)).Run(take, flush);
  }

  bool spilled() const override { return file_.is_open(); }

 private:
  struct NullBlock {
    uint64_t offset;
    size_t rows;
  };

  bool IsFull(const Run<Entry>& run, const Keys& keys, size_t row) const {
    if (run.entries.size() >= run_rows_) return true;
    if constexpr (kNumbers) return false;
    const uint64_t bytes = run.bytes.size() + keys.bytes()[row].size();
    return !run.entries.empty() &&
           (bytes > kMaxRunBytes || bytes > std::max<uint64_t>(options_.memory_budget_bytes / 8, 64 << 10));
  }

  static void Add(const Keys& keys, size_t row, uint64_t id, Run<Entry>* run) {
    if constexpr (kNumbers) {
      run->entries.push_back({keys.numbers()[row], id});
    } else {
      const std::string_view key = keys.bytes()[row];
      run->entries.push_back(
          {KeyNumber(key), id, static_cast<uint32_t>(run->bytes.size()), static_cast<uint32_t>(key.size())});
      run->bytes.insert(run->bytes.end(), key.begin(), key.end());
    }
  }

  Status StartRun() {
    uint64_t held = nulls_.size() * sizeof(uint64_t);
    for (const Run<Entry>& run : runs_) held += run.memory_bytes();
    // Half of the budget is for runs; the other for copies while sorting, and for the blocks of a merge.
    if (!runs_.empty() && held >= options_.memory_budget_bytes / 2) ARROW_RETURN_NOT_OK(Spill());
    runs_.emplace_back();
    runs_.back().entries.reserve(std::min<size_t>(run_rows_, 4096));
    return Status::OK();
  }

  Status SortRuns() {
    return runtime::ParallelFor(options_.pool, runs_.size(), [&](size_t i) -> Status {
      Sort(&runs_[i]);
      return Status::OK();
    });
  }

  // Makes one run of the file from all in memory.
  Status Spill() {
    if (!file_.is_open()) ARROW_RETURN_NOT_OK(file_.Open(options_.directory));
    if (!nulls_.empty()) {
      null_blocks_.push_back({file_.size(), nulls_.size()});
      ARROW_RETURN_NOT_OK(file_.Append(AsBytes(nulls_)));
      nulls_ = {};
    }
    ARROW_RETURN_NOT_OK(SortRuns());
    std::vector<Cursor<Entry>> cursors;
    for (const Run<Entry>& run : runs_) cursors.emplace_back(&run);
    FileRun out;
    Run<Entry> block;
    const auto flush = [&]() -> Status {
      if (block.entries.empty()) return Status::OK();
      out.blocks.push_back({file_.size(), static_cast<uint32_t>(block.entries.size()), block.bytes.size()});
      ARROW_RETURN_NOT_OK(file_.Append(AsBytes(block.entries)));
      ARROW_RETURN_NOT_OK(file_.Append(AsBytes(block.bytes)));
      block.entries.clear();
      block.bytes.clear();
      return Status::OK();
    };
    // Small enough that the blocks of all runs of the file fit into memory together.
    const size_t rows = std::min(kBlockRows, run_rows_ / 4);
    const auto take = [&](const Cursor<Entry>& cursor) -> Status {
      Entry entry = cursor.entry();
      if constexpr (!kNumbers) {
        entry.offset = static_cast<uint32_t>(block.bytes.size());
        const std::string_view key = cursor.key();
        block.bytes.insert(block.bytes.end(), key.begin(), key.end());
      }
      block.entries.push_back(entry);
      return block.entries.size() >= rows || block.bytes.size() >= kBlockRows * 64 ? flush() : Status::OK();
    };
    ARROW_RETURN_NOT_OK(Merger<Entry>(std::move(cursors)).Run(take, flush));
    file_runs_.push_back(std::move(out));
    runs_.clear();
    return Status::OK();
  }

  Status GiveNulls(const Sink& sink) {
    std::vector<uint64_t> ids;
    for (const NullBlock& block : null_blocks_) {
      for (size_t first = 0; first < block.rows; first += kBlockRows) {
        ids.resize(std::min(kBlockRows, block.rows - first));
        ARROW_RETURN_NOT_OK(ReadInto(file_, block.offset + first * sizeof(uint64_t), &ids));
        ARROW_RETURN_NOT_OK(sink.nulls(ids));
      }
    }
    for (size_t first = 0; first < nulls_.size(); first += kBlockRows) {
      ARROW_RETURN_NOT_OK(
          sink.nulls(std::span(nulls_).subspan(first, std::min(kBlockRows, nulls_.size() - first))));
    }
    nulls_ = {};
    return Status::OK();
  }

  const KeyType type_;
  KeySorterOptions options_;
  size_t run_rows_;
  std::vector<uint64_t> nulls_;
  std::vector<Run<Entry>> runs_;
  runtime::TemporaryFile file_;
  std::vector<FileRun> file_runs_;
  std::vector<NullBlock> null_blocks_;
};

}  // namespace

std::unique_ptr<KeySorter> KeySorter::Make(const KeyType& type, const KeySorterOptions& options) {
  if (type.is_number()) return std::make_unique<Sorter<NumberEntry>>(type, options);
  return std::make_unique<Sorter<BytesEntry>>(type, options);
}

}  // namespace lance::index
