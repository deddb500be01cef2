#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "lance/store/object_store.h"

namespace lance::store {

/// What happens to a request that changes the store, or reads it.
enum class Fault {
  kNone,
  kFail,           ///< nothing is done, an IOError
  kFailAfter,      ///< done, but the answer is lost: an IOError
  kUnknownBefore,  ///< nothing is done, and the store says that it cannot tell
  kUnknownAfter,   ///< done, and the store says that it cannot tell
  kTruncate,       ///< a write that is not atomic leaves half of its bytes, and fails
  kDelay,          ///< done, a millisecond later
  kCrash,          ///< nothing is done, and nothing more will be: every request from now on fails
};

/// Decides by request: `number` counts from 0 over all requests, `name` is "Put", "PutIfAbsent", "Get", ...
/// Called by the requesting thread.
using FaultPlan = std::function<Fault(uint64_t number, const char* name, const std::string& key)>;

/// A store that passes requests to `inner`, except where `plan` says otherwise. For tests. Streamed writes
/// count as one request when they begin and one when they end.
std::shared_ptr<ObjectStore> MakeFaultStore(std::shared_ptr<ObjectStore> inner, FaultPlan plan);

}  // namespace lance::store
