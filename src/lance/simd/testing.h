#pragma once

// For tests only.

#include <functional>

#include <hwy/targets.h>

#include "lance/base/testing.h"

namespace lance::simd {

/// Runs `test` with each instruction set that this CPU has.
inline void ForEachLevel(const std::function<void()>& test) {
  for (int64_t left = hwy::SupportedTargets(); left != 0; left &= left - 1) {
    const int64_t target = left & -left;
    SCOPED_TRACE(hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    test();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace lance::simd
