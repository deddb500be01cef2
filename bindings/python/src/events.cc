// Events of the native layers, handed to Python through a queue: whoever emits never waits for Python.
#include <condition_variable>
#include <deque>
#include <mutex>

#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings.h"
#include "convert.h"
#include "lance/base/event.h"

namespace lance::python {
namespace {

// Events beyond this many that nobody fetched are dropped, oldest first.
constexpr size_t kMostWaiting = 1 << 20;

class EventQueue {
 public:
  void Add(const Event& event) {
    std::lock_guard lock(mutex_);
    if (waiting_.size() == kMostWaiting) waiting_.pop_front();
    waiting_.push_back(event);
    arrived_.notify_one();
  }

  // Waits for events; after Close it gives what is left, then nothing.
  std::deque<Event> Next() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
    return std::exchange(waiting_, {});
  }

  void Close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    arrived_.notify_all();
  }

  bool closed() {
    std::lock_guard lock(mutex_);
    return closed_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Event> waiting_;
  bool closed_ = false;
};

int64_t Nanoseconds(std::chrono::system_clock::time_point at) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
}

}  // namespace

void BindEvents(nb::module_& module) {
  StartEventLog();
  nb::class_<EventQueue>(module, "EventQueue")
      .def("next",
           [](EventQueue& queue) {
             std::deque<Event> events = Unlocked([&] { return queue.Next(); });
             nb::list out;
             for (const Event& event : events) {
               nb::dict values;
               for (const auto& [name, value] : event.values) values[name.c_str()] = value;
               out.append(nb::make_tuple(event.target, values, Nanoseconds(event.at)));
             }
             return out;
           })
      .def("close", &EventQueue::Close);
  module.def("capture_events", [] {
    auto queue = std::make_shared<EventQueue>();
    AddEventSink([queue](const Event& event) {
      if (!queue->closed()) queue->Add(event);
    });
    return queue;
  });
}

}  // namespace lance::python
