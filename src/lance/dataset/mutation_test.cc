// Damages data sets of every file version a few thousand times and reads all of each: an error or rows, never
// a crash, a hang or an unbounded allocation (the ASan build of this test is what proves it). LANCE_MUTATIONS
// sets how often.
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "lance/dataset.h"
#include "lance/index_segments.h"
#include "lance/inspect.h"
#include "lance/maintenance.h"
#include "lance/mutate.h"
#include "lance/runtime/session.h"
#include "lance/scalar_index.h"
#include "lance/scanner.h"
#include "lance/session.h"
#include "lance/store/object_store.h"
#include "lance/vector_index.h"

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

Result<std::shared_ptr<Dataset>> OpenSerially(const std::string& uri, std::weak_ptr<runtime::Session>* used) {
  SessionOptions session;
  session.num_threads = 0;
  OpenOptions open;
  open.session = Session::Make(session);
  *used = open.session->impl();
  return Dataset::Open(uri, open);
}

// Reads whatever can be read, each way though another failed; returns every failure. That they have a kind
// and a text is all there is to say of them.
std::vector<Status> ReadAll(const std::string& uri, std::weak_ptr<runtime::Session>* used) {
  std::vector<Status> failures;
  auto note = [&](const Status& status) {
    if (!status.ok()) failures.push_back(status);
  };
  auto opened = OpenSerially(uri, used);
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

// Searches the index of a data set of generate_mutation_indices.py in every way; returns every failure.
std::vector<Status> SearchAll(const std::string& uri, std::weak_ptr<runtime::Session>* used) {
  auto opened = OpenSerially(uri, used);
  if (!opened.ok()) return {opened.status()};
  const auto dataset = *opened;
  std::vector<Status> failures;
  auto search = [&](int queries, const std::string& filter, std::optional<int64_t> refine) -> Status {
    arrow::FixedSizeListBuilder lists(arrow::default_memory_pool(), std::make_shared<arrow::FloatBuilder>(),
                                      8);
    auto& values = static_cast<arrow::FloatBuilder&>(*lists.value_builder());
    for (int q = 0; q < queries; ++q) {
      ARROW_RETURN_NOT_OK(lists.Append());
      for (int d = 0; d < 8; ++d) ARROW_RETURN_NOT_OK(values.Append(static_cast<float>((q * 7 + d) % 5) - 2));
    }
    ScanOptions options;
    options.columns = std::vector<ScanOptions::Column>{{"id", ""}};
    options.filter = filter;
    options.prefilter = !filter.empty();
    options.with_row_id = true;
    options.nearest = NearestQuery{};
    options.nearest->column = "v";
    options.nearest->k = 12;
    options.nearest->minimum_nprobes = 1;
    options.nearest->maximum_nprobes = 2;
    options.nearest->refine_factor = refine;
    ARROW_ASSIGN_OR_RAISE(options.nearest->query, lists.Finish());
    ARROW_ASSIGN_OR_RAISE(auto scanner, dataset->Scan(options));
    ARROW_ASSIGN_OR_RAISE(auto table, scanner->ToTable());
    return table->Validate();
  };
  for (const Status& status : {search(1, "", std::nullopt), search(1, "", 3), search(5, "", 2),
                               search(1, "id < 40", std::nullopt), search(1, "id >= 40", 2)}) {
    if (!status.ok()) failures.push_back(status);
  }
  if (auto described = DescribeIndices(*dataset); !described.ok()) failures.push_back(described.status());
  return failures;
}

// Asks the BTREE of a data set of generate_mutation_indices.py in every way; returns every failure.
std::vector<Status> AskAll(const std::string& uri, std::weak_ptr<runtime::Session>* used) {
  auto opened = OpenSerially(uri, used);
  if (!opened.ok()) return {opened.status()};
  const auto dataset = *opened;
  std::vector<Status> failures;
  const auto note = [&](const Status& status) {
    if (!status.ok()) failures.push_back(status);
  };
  const bool text = dataset->schema()->GetFieldByName("k")->type()->id() == arrow::Type::STRING;
  const bool bytes = dataset->schema()->GetFieldByName("k")->type()->id() == arrow::Type::BINARY;
  const std::string some = text    ? "'key 7'"
                           : bytes ? "x'0701'"
                                   : "7",
                    other = text    ? "'key 8'"
                            : bytes ? "x'0801'"
                                    : "8";
  for (const std::string& filter :
       {"k = " + some, "k IN (" + some + ", " + other + ")", "k >= " + some + " AND k < " + other,
        std::string("k IS NULL"), std::string("k IS NOT NULL AND id < 9")}) {
    note(dataset->CountRows(filter).status());
    ScanOptions scan;
    scan.filter = filter;
    auto scanner = dataset->Scan(scan);
    note(scanner.ok() ? (*scanner)->ToTable().status() : scanner.status());
  }
  // The first rows again, as the source of a merge.
  ScanOptions few;
  few.limit = 30;
  few.use_scalar_index = false;
  auto scanner = dataset->Scan(few);
  auto rows = scanner.ok() ? (*scanner)->ToTable() : Result<std::shared_ptr<arrow::Table>>(scanner.status());
  note(rows.status());
  if (rows.ok()) {
    arrow::TableBatchReader source(**rows);
    MergeInsertOptions merge;
    merge.on = {"k"};
    merge.when_not_matched = WhenNotMatched::kInsertAll;
    note(MergeInsertUncommitted(*dataset, source, merge).status());
  }
  note(PrewarmIndex(*dataset, "k_idx"));
  CompactionOptions compact;
  auto compacted = Compact(*dataset, compact);
  note(compacted.status());
  OptimizeIndicesOptions optimize;
  optimize.num_indices_to_merge = 2;
  if (compacted.ok()) note(OptimizeIndices(*compacted->dataset, optimize).status());
  return failures;
}

int Mutations() {
  const char* asked = std::getenv("LANCE_MUTATIONS");
  return asked == nullptr ? 2400 : std::atoi(asked);
}

fs::path SetsIn(const char* folder) {
  const char* root = std::getenv("LANCE_TESTDATA");
  return fs::path(root == nullptr ? "LANCE_TESTDATA is not set" : root) / "pylance-14.0.2" / folder;
}

// Damages one file of one set of `folder` at a time, of those whose path contains `part`.
void ReadDamaged(const char* folder, const char* part,
                 const std::function<std::vector<Status>(const std::string&,
                                                         std::weak_ptr<runtime::Session>*)>& read_all) {
  std::vector<std::pair<std::string, Files>> sets;
  for (const auto& entry : fs::directory_iterator(SetsIn(folder))) {
    sets.emplace_back(entry.path().filename().string(), LoadFolder(entry.path()));
  }
  std::sort(sets.begin(), sets.end());
  ASSERT_GE(sets.size(), 4u);
  std::mt19937_64 random(20261120);
  int refused = 0;
  int read = 0;
  int slowest_turn = 0;
  double slowest = 0;
  for (int turn = 0; turn < Mutations(); ++turn) {
    const auto& [name, files] = sets[static_cast<size_t>(turn) % sets.size()];
    std::string uri = fmt::format("memory://{}/{}/{}", folder, turn, name);
    auto store = store::OpenStore(uri).ValueOrDie().store;
    size_t victim = 0;
    do {
      victim = static_cast<size_t>(random() % files.size());
    } while (files[victim].first.find(part) == std::string::npos);
    std::string what;
    for (size_t i = 0; i < files.size(); ++i) {
      const Bytes& bytes = files[i].second;
      ASSERT_TRUE(store->Put(files[i].first, i == victim ? Damage(bytes, &random, &what) : bytes).ok());
    }
    SCOPED_TRACE(fmt::format("turn {}: {} {} {}", turn, name, files[victim].first, what));
    const std::clock_t start = std::clock();  // of the processor: other programs do not count
    std::weak_ptr<runtime::Session> session;
    const std::vector<Status> failures = read_all(uri, &session);
    ASSERT_TRUE(session.expired()) << "what its cache holds must not hold the session";
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
  ::testing::Test::RecordProperty("refused", refused);
  ::testing::Test::RecordProperty("read", read);
  std::printf("%d mutations refused, %d read; the slowest, turn %d, took %.3f s\n", refused, read,
              slowest_turn, slowest);
  EXPECT_GT(refused, 0);
  EXPECT_GT(read, 0);
  // A tenth of a second is usual in the slowest build: more comes from work that the bytes do not justify.
  EXPECT_LT(slowest, 10) << "turn " << slowest_turn;
}

TEST(Mutation, DamagedDataSetsGiveErrorsOrRows) { ReadDamaged("mutation", "", ReadAll); }

TEST(Mutation, DamagedIndicesGiveErrorsOrRows) { ReadDamaged("mutation_indices", ".idx", SearchAll); }

TEST(Mutation, DamagedScalarIndicesGiveErrorsOrRows) { ReadDamaged("mutation_btree", "page_", AskAll); }

TEST(Mutation, UndamagedScalarIndicesAreAsked) {
  for (const auto& entry : fs::directory_iterator(SetsIn("mutation_btree"))) {
    std::string uri = "memory://asked/" + entry.path().filename().string();
    auto store = store::OpenStore(uri).ValueOrDie().store;
    for (const auto& [name, bytes] : LoadFolder(entry.path())) ASSERT_TRUE(store->Put(name, bytes).ok());
    std::weak_ptr<runtime::Session> session;
    for (const Status& status : AskAll(uri, &session)) {
      ADD_FAILURE() << entry.path() << ": " << status.ToString();
    }
    EXPECT_TRUE(session.expired()) << "what its cache holds must not hold the session";
  }
}

TEST(Mutation, UndamagedIndicesAreSearched) {
  for (const auto& entry : fs::directory_iterator(SetsIn("mutation_indices"))) {
    std::weak_ptr<runtime::Session> session;
    for (const Status& status : SearchAll(entry.path().string(), &session)) {
      ADD_FAILURE() << entry.path() << ": " << status.ToString();
    }
    EXPECT_TRUE(session.expired()) << "what its cache holds must not hold the session";
  }
}

TEST(Mutation, UndamagedDataSetsRead) {
  for (const auto& entry : fs::directory_iterator(SetsIn("mutation"))) {
    std::weak_ptr<runtime::Session> session;
    for (const Status& status : ReadAll(entry.path().string(), &session)) {
      ADD_FAILURE() << entry.path() << ": " << status.ToString();
    }
    EXPECT_TRUE(session.expired()) << "what its cache holds must not hold the session";
  }
}

}  // namespace
}  // namespace lance
