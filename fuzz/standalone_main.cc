// A seeded mutation driver for fuzz targets where libFuzzer is absent: `target -runs=N [-seed=S] [seed files
// or folders]`. It flips, zeroes, cuts, repeats and splices the seeds (or random bytes when there are none).
// Same input for a seed.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {
using Bytes = std::vector<uint8_t>;

void Load(const std::filesystem::path& path, std::vector<Bytes>* seeds) {
  if (std::filesystem::is_directory(path)) {
    for (const auto& entry : std::filesystem::directory_iterator(path)) Load(entry.path(), seeds);
    return;
  }
  std::ifstream in(path, std::ios::binary);
  if (in) seeds->emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

Bytes Mutate(const std::vector<Bytes>& seeds, std::mt19937_64* random) {
  auto below = [&](size_t n) { return static_cast<size_t>((*random)() % n); };
  Bytes out = seeds[below(seeds.size())];
  size_t steps = 1 + below(4);
  for (size_t step = 0; step < steps; ++step) {
    if (out.empty()) out.push_back(static_cast<uint8_t>(below(256)));
    size_t at = below(out.size());
    switch (below(7)) {
      case 0:
        out[at] ^= static_cast<uint8_t>(1u << below(8));
        break;
      case 1:
        out[at] = static_cast<uint8_t>(below(256));
        break;
      case 2:
        std::memset(out.data() + at, 0, std::min<size_t>(out.size() - at, 1 + below(16)));
        break;
      case 3:
        out.resize(at);
        break;
      case 4:
        std::memset(out.data() + at, 0xff, std::min<size_t>(out.size() - at, 1 + below(8)));
        break;
      case 5:
        out.insert(out.begin() + static_cast<int64_t>(at), 1 + below(8), static_cast<uint8_t>(below(256)));
        break;
      default: {
        const Bytes& other = seeds[below(seeds.size())];
        if (!other.empty()) {
          size_t from = below(other.size());
          size_t count = std::min(other.size() - from, out.size() - at);
          std::memcpy(out.data() + at, other.data() + from, count);
        }
      }
    }
  }
  return out;
}
}  // namespace

int main(int argc, char** argv) {
  uint64_t runs = 1000;
  uint64_t seed = 42;
  std::vector<Bytes> seeds;
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], "-runs=", 6) == 0) {
      runs = std::stoull(argv[i] + 6);
    } else if (std::strncmp(argv[i], "-seed=", 6) == 0) {
      seed = std::stoull(argv[i] + 6);
    } else if (std::filesystem::exists(argv[i])) {
      Load(argv[i], &seeds);
    }
  }
  for (const Bytes& bytes : seeds) LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  size_t loaded = seeds.size();
  if (seeds.empty()) seeds.push_back(Bytes(64, 0));
  std::mt19937_64 random(seed);
  for (uint64_t run = 0; run < runs; ++run) {
    Bytes input = Mutate(seeds, &random);
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("%llu mutated runs over %zu seeds: no crash\n", static_cast<unsigned long long>(runs), loaded);
  return 0;
}
