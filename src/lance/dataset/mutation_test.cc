// Damages data sets of every file version a few thousand times and reads all of each: an error or rows, never
// a crash, a hang or an unbounded allocation (the ASan build of this test is what proves it). LANCE_MUTATIONS
// sets how often.
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "lance/dataset.h"
#include "lance/inspect.h"
#include "lance/store/object_store.h"

namespace lance {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<uint8_t>;
using Files = std::vector<std::pair<std::string, Bytes>>;

Files LoadFolder(const fs::path& folder) {
  Files files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    files.emplace_back(fs::relative(entry.path(), folder).string(),
                       Bytes(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()));
  }
  std::sort(files.begin(), files.end());
  return files;
}

Bytes Damage(Bytes bytes, std::mt19937_64* random, std::string* what) {
  auto below = [&](size_t n) { return static_cast<size_t>((*random)() % std::max<size_t>(n, 1)); };
  if (bytes.empty()) return bytes;
  // Half of the damage falls on the tail, where footers and metadata are: data pages are most of the bytes.
  size_t at =
      below(2) == 0 ? below(bytes.size()) : bytes.size() - 1 - below(std::min<size_t>(bytes.size(), 4096));
  size_t span = std::min(bytes.size() - at, 1 + below(16));
  switch (below(5)) {
    case 0:
      bytes[at] ^= static_cast<uint8_t>(1u << below(8));
      *what = fmt::format("bit flip at {}", at);
      break;
    case 1:
      std::fill_n(bytes.begin() + static_cast<ptrdiff_t>(at), span, 0);
      *what = fmt::format("zeroes at {}+{}", at, span);
      break;
    case 2:
      std::fill_n(bytes.begin() + static_cast<ptrdiff_t>(at), span, 0xff);
      *what = fmt::format("ones at {}+{}", at, span);
      break;
    case 3:
      bytes.resize(at);
      *what = fmt::format("cut to {}", at);
      break;
    default:
      bytes[at] = static_cast<uint8_t>(below(256));
      *what = fmt::format("byte at {}", at);
      break;
  }
  return bytes;
}

// Reads whatever can be read, each way though another failed; returns every failure. That they have a kind
// and a text is all there is to say of them.
std::vector<Status> ReadAll(const std::string& uri) {
  std::vector<Status> failures;
  auto note = [&](const Status& status) {
    if (!status.ok()) failures.push_back(status);
  };
  OpenOptions open;
  SessionOptions session;
  session.num_threads = 0;
  open.session = Session::Make(session);
  auto opened = Dataset::Open(uri, open);
  note(opened.status());
  if (!opened.ok()) return failures;
  const auto dataset = *opened;
  auto scan = [&](const ScanOptions& options) -> Status {
    ARROW_ASSIGN_OR_RAISE(auto scanner, dataset->Scan(options));
    ARROW_ASSIGN_OR_RAISE(auto table, scanner->ToTable());
    return table->Validate();
  };
  ScanOptions all;
  all.with_row_id = true;
  all.with_row_address = true;
  const Status whole = scan(all);
  note(whole);
  ScanOptions some;
  some.filter = "id < 20";
  note(scan(some));
  std::vector<int64_t> picks = {0, 7, 31, 7};
  note(dataset->Take(picks).status());
  note(dataset->Versions().status());
  note(dataset->Tags().status());
  note(DescribeDataFiles(*dataset, [](const FileSummary&) { return Status::OK(); }));
  if (whole.ok()) return failures;
  // The scan stopped at the first broken page; this goes on with the next column.
  auto report = Verify(*dataset);
  note(report.status());
  if (!report.ok()) return failures;
  for (const VerifyProblem& problem : report->problems) {
    note(MakeError(problem.kind, problem.where + ": " + problem.message));
  }
  return failures;
}

int Mutations() {
  const char* asked = std::getenv("LANCE_MUTATIONS");
  return asked == nullptr ? 2400 : std::atoi(asked);
}

TEST(Mutation, DamagedDataSetsGiveErrorsOrRows) {
  const char* root = std::getenv("LANCE_TESTDATA");
  ASSERT_NE(root, nullptr) << "set LANCE_TESTDATA to the testdata folder";
  std::vector<std::pair<std::string, Files>> sets;
  for (const auto& entry : fs::directory_iterator(fs::path(root) / "pylance-14.0.2" / "mutation")) {
    sets.emplace_back(entry.path().filename().string(), LoadFolder(entry.path()));
  }
  std::sort(sets.begin(), sets.end());
  ASSERT_GE(sets.size(), 7u);
  std::mt19937_64 random(20261120);
  int refused = 0;
  int read = 0;
  int slowest_turn = 0;
  double slowest = 0;
  for (int turn = 0; turn < Mutations(); ++turn) {
    const auto& [name, files] = sets[static_cast<size_t>(turn) % sets.size()];
    std::string uri = fmt::format("memory://mutation/{}/{}", turn, name);
    auto store = store::OpenStore(uri).ValueOrDie().store;
    size_t victim = static_cast<size_t>(random() % files.size());
    std::string what;
    for (size_t i = 0; i < files.size(); ++i) {
      const Bytes& bytes = files[i].second;
      ASSERT_TRUE(store->Put(files[i].first, i == victim ? Damage(bytes, &random, &what) : bytes).ok());
    }
    SCOPED_TRACE(fmt::format("turn {}: {} {} {}", turn, name, files[victim].first, what));
    const std::clock_t start = std::clock();  // of the processor: other programs do not count
    const std::vector<Status> failures = ReadAll(uri);
    const double spent = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    if (spent > slowest) {
      slowest = spent;
      slowest_turn = turn;
    }
    ++(failures.empty() ? read : refused);
    for (const Status& status : failures) {
      EXPECT_FALSE(status.message().empty());
      EXPECT_NE(KindOf(status), ErrorKind::kInternal) << status.ToString();
    }
    for (const auto& file : files) ASSERT_TRUE(store->Delete(file.first).ok());
  }
  RecordProperty("refused", refused);
  RecordProperty("read", read);
  std::printf("%d mutations refused, %d read; the slowest, turn %d, took %.3f s\n", refused, read,
              slowest_turn, slowest);
  EXPECT_GT(refused, 0);
  EXPECT_GT(read, 0);
  // A tenth of a second is usual in the slowest build: more comes from work that the bytes do not justify.
  EXPECT_LT(slowest, 10) << "turn " << slowest_turn;
}

TEST(Mutation, UndamagedDataSetsRead) {
  const char* root = std::getenv("LANCE_TESTDATA");
  ASSERT_NE(root, nullptr);
  for (const auto& entry : fs::directory_iterator(fs::path(root) / "pylance-14.0.2" / "mutation")) {
    for (const Status& status : ReadAll(entry.path().string())) {
      ADD_FAILURE() << entry.path() << ": " << status.ToString();
    }
  }
}

}  // namespace
}  // namespace lance
