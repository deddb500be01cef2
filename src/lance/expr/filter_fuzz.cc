// Any text may be a filter: it parses, binds and runs, or is refused. No crash, no unbounded time or memory.
#include <arrow/api.h>

#include "lance/expr/bounds.h"
#include "lance/expr/expr.h"

namespace {

std::shared_ptr<arrow::RecordBatch> SmallBatch() {
  arrow::Int64Builder i;
  arrow::DoubleBuilder f;
  arrow::StringBuilder s;
  arrow::BooleanBuilder b;
  arrow::Date32Builder d;
  for (int row = 0; row < 3; ++row) {
    bool ok = row == 1 ? i.AppendNull().ok() && f.AppendNull().ok() && s.AppendNull().ok() &&
                             b.AppendNull().ok() && d.AppendNull().ok()
                       : i.Append(row).ok() && f.Append(row * 1.5).ok() && s.Append("a\xC3\xA9").ok() &&
                             b.Append(row == 0).ok() && d.Append(row * 10000).ok();
    if (!ok) std::abort();
  }
  auto schema = arrow::schema({arrow::field("i", arrow::int64()), arrow::field("f", arrow::float64()),
                               arrow::field("s", arrow::utf8()), arrow::field("b", arrow::boolean()),
                               arrow::field("d", arrow::date32())});
  return arrow::RecordBatch::Make(schema, 3,
                                  {i.Finish().ValueOrDie(), f.Finish().ValueOrDie(), s.Finish().ValueOrDie(),
                                   b.Finish().ValueOrDie(), d.Finish().ValueOrDie()});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::shared_ptr<arrow::RecordBatch> batch = SmallBatch();
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto filter = lance::expr::ParseFilter(text, batch->schema());
  if (filter.ok()) {
    (void)(*filter)->ToString();
    (void)(*filter)->ToPhysicalString();
    (void)lance::expr::ExtractBounds(**filter);
    auto mask = (*filter)->Evaluate(*batch);
    if (mask.ok() && (*mask)->length() != batch->num_rows()) std::abort();
    if (mask.ok() && !lance::expr::TrueIndices(**mask).ok()) std::abort();
  }
  return 0;
}
