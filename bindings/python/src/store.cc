// Object stores for Python: LanceFileSession and lazy blobs are built on these.
#include <arrow/buffer.h>
#include <nanobind/stl/unique_ptr.h>

#include "bindings.h"
#include "convert.h"
#include "lance/store/counted.h"
#include "lance/store/object_store.h"

namespace lance::python {
namespace {

nb::list List(store::ObjectStore& self, const std::string& prefix, bool recursive) {
  auto objects = Unwrap(Unlocked([&] { return self.List(prefix, recursive); }));
  nb::list out;
  for (const auto& object : objects) {
    auto modified = std::chrono::duration_cast<std::chrono::microseconds>(object.modified.time_since_epoch());
    out.append(nb::make_tuple(object.path, object.size, modified.count()));
  }
  return out;
}

nb::bytes ReadRange(store::ReadableObject& self, uint64_t offset, uint64_t length) {
  return ToBytes(*Unwrap(Unlocked([&] { return self.Read({offset, length}); })));
}

nb::list ReadRanges(store::ReadableObject& self, const std::vector<std::pair<uint64_t, uint64_t>>& ranges) {
  std::vector<ByteRange> wanted;
  for (auto [offset, length] : ranges) wanted.push_back({offset, length});
  auto buffers = Unwrap(Unlocked([&] { return self.ReadMany(wanted); }));
  nb::list out;
  for (const auto& buffer : buffers) out.append(ToBytes(*buffer));
  return out;
}

}  // namespace

void BindStore(nb::module_& module) {
  module.def("process_io_counters", [] {
    auto counters = store::AtomicCounters::OfProcess().Get();
    return nb::make_tuple(counters.read_requests, counters.read_bytes, counters.write_requests,
                          counters.written_bytes);
  });
  nb::class_<store::ReadableObject>(module, "ReadableObject")
      .def("size", &store::ReadableObject::size)
      .def("read_range", &ReadRange, nb::arg("offset"), nb::arg("length"))
      .def("read_ranges", &ReadRanges, nb::arg("ranges"));

  nb::class_<store::WritableObject>(module, "WritableObject")
      .def(
          "write",
          [](store::WritableObject& self, nb::bytes bytes) {
            auto* data = reinterpret_cast<const uint8_t*>(bytes.c_str());
            size_t size = bytes.size();
            Check(Unlocked([&] { return self.Write({data, size}); }), PyExc_OSError);
          },
          nb::arg("bytes"))
      .def("close",
           [](store::WritableObject& self) { Check(Unlocked([&] { return self.Close(); }), PyExc_OSError); })
      .def("abort", &store::WritableObject::Abort);

  nb::class_<store::ObjectStore>(module, "ObjectStore")
      .def_static(
          "open",
          [](const std::string& uri, const store::Options& options) {
            return Unwrap(Unlocked([&] { return store::OpenStore(uri, options); })).store;
          },
          nb::arg("uri"), nb::arg("options"))
      .def(
          "open_object",
          [](store::ObjectStore& self, const std::string& path) {
            return Unwrap(Unlocked([&] { return self.Open(path); }));
          },
          nb::arg("path"))
      .def(
          "exists",
          [](store::ObjectStore& self, const std::string& path) {
            return Unwrap(Unlocked([&] { return self.Exists(path); }));
          },
          nb::arg("path"))
      .def("list", &List, nb::arg("prefix"), nb::arg("recursive"))
      .def(
          "list_folders",
          [](store::ObjectStore& self, const std::string& prefix) {
            return Unwrap(Unlocked([&] { return self.ListFolders(prefix); }));
          },
          nb::arg("prefix"))
      .def(
          "delete",
          [](store::ObjectStore& self, const std::string& path) {
            Check(Unlocked([&] { return self.Delete(path); }), PyExc_OSError);
          },
          nb::arg("path"))
      .def(
          "copy",
          [](store::ObjectStore& self, const std::string& from, const std::string& to) {
            Check(Unlocked([&] { return self.Copy(from, to); }), PyExc_OSError);
          },
          nb::arg("from"), nb::arg("to"))
      .def(
          "create",
          [](store::ObjectStore& self, const std::string& path) {
            return Unwrap(Unlocked([&] { return self.Create(path); }), PyExc_OSError);
          },
          nb::arg("path"))
      .def("full_path", &store::ObjectStore::FullPath, nb::arg("path"))
      .def("counters", [](const store::ObjectStore& self) {
        auto counters = self.counters();
        return nb::make_tuple(counters.read_requests, counters.read_bytes, counters.write_requests,
                              counters.written_bytes);
      });
}

}  // namespace lance::python
