// Which way to read a warm local file: pread, mmap (fresh and populated), io_uring; sequential 1 MiB and
// random 4 KiB.
//
//     g++ -O2 -std=c++20 bench/local_read.cc -luring -o build/local_read && build/local_read FILE
//
// Every way copies or touches all bytes once (a sum over words), as a decoder would. One thread. Prints the
// best of 7 rounds.
#include <fcntl.h>
#include <liburing.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <random>
#include <vector>

namespace {

uint64_t Sum(const uint8_t* data, size_t size) {
  uint64_t total = 0;
  for (size_t i = 0; i + 8 <= size; i += 8) {
    uint64_t word;
    std::memcpy(&word, data + i, 8);
    total += word;
  }
  return total;
}

volatile uint64_t sink;

double Best(const std::function<void()>& run) {
  double best = 1e9;
  for (int round = 0; round < 7; ++round) {
    auto start = std::chrono::steady_clock::now();
    run();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  int fd = open(argv[1], O_RDONLY);
  struct stat info;
  if (fd < 0 || fstat(fd, &info) != 0) return 1;
  const size_t size = static_cast<size_t>(info.st_size) & ~((size_t{1} << 20) - 1);
  std::vector<uint8_t> buffer(1 << 20);
  std::mt19937_64 random(1);
  std::vector<off_t> offsets(20000);
  for (off_t& offset : offsets) offset = static_cast<off_t>(random() % (size / 4096) * 4096);

  auto report = [&](const char* name, double seconds, double bytes, double reads) {
    std::printf("%-34s %7.2f GB/s  %8.3f us a read\n", name, bytes / seconds / 1e9, seconds / reads * 1e6);
  };
  auto map = [&](int flags, const std::function<void(const uint8_t*)>& use) {
    auto* mapped = static_cast<uint8_t*>(mmap(nullptr, size, PROT_READ, MAP_SHARED | flags, fd, 0));
    use(mapped);
    munmap(mapped, size);
  };
  const double blocks = static_cast<double>(size >> 20);
  const double total = static_cast<double>(size);
  const double points = static_cast<double>(offsets.size());

  report("sequential pread 1 MiB", Best([&] {
           for (size_t at = 0; at < size; at += buffer.size()) {
             if (pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(at)) < 0) return;
             sink = Sum(buffer.data(), buffer.size());
           }
         }),
         total, blocks);
  report("sequential mmap, fresh",
         Best([&] { map(0, [&](const uint8_t* data) { sink = Sum(data, size); }); }), total, blocks);
  report("sequential mmap, populated",
         Best([&] { map(MAP_POPULATE, [&](const uint8_t* data) { sink = Sum(data, size); }); }), total,
         blocks);
  report("random pread 4 KiB", Best([&] {
           for (off_t offset : offsets) {
             if (pread(fd, buffer.data(), 4096, offset) < 0) return;
             sink = Sum(buffer.data(), 4096);
           }
         }),
         points * 4096, points);
  report("random mmap 4 KiB, fresh", Best([&] {
           map(0, [&](const uint8_t* data) {
             for (off_t offset : offsets) sink = Sum(data + offset, 4096);
           });
         }),
         points * 4096, points);
  io_uring ring;
  if (io_uring_queue_init(64, &ring, 0) == 0) {
    report("random io_uring 4 KiB, depth 64", Best([&] {
             for (size_t at = 0; at < offsets.size(); at += 64) {
               const size_t count = std::min<size_t>(64, offsets.size() - at);
               for (size_t i = 0; i < count; ++i) {
                 io_uring_prep_read(io_uring_get_sqe(&ring), fd, buffer.data() + i * 4096, 4096,
                                    static_cast<uint64_t>(offsets[at + i]));
               }
               io_uring_submit_and_wait(&ring, static_cast<unsigned>(count));
               io_uring_cqe* done;
               for (size_t i = 0; i < count && io_uring_peek_cqe(&ring, &done) == 0; ++i)
                 io_uring_cqe_seen(&ring, done);
               sink = Sum(buffer.data(), count * 4096);
             }
           }),
           points * 4096, points);
  } else {
    std::printf("io_uring is not available here\n");
  }
  return 0;
}
