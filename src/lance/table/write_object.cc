#include "lance/table/write_object.h"

namespace lance::table {

Status WriteNewObject(store::ObjectStore& store, const std::string& key, std::span<const uint8_t> bytes,
                      store::Durability durability) {
  if (!store.capabilities().is_local) return store.Put(key, bytes, durability);
  ARROW_ASSIGN_OR_RAISE(auto out, store.Create(key, durability));
  ARROW_RETURN_NOT_OK(out->Write(bytes));
  return out->Close();
}

}  // namespace lance::table
