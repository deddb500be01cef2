#pragma once

namespace lance::simd {

/// Whether LANCE_SIMD_LEVEL asks for plain loops; the first call applies the variable. Thread-safe.
bool UseScalar();

}  // namespace lance::simd
