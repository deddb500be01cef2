#pragma once

#include <span>

#include "lance/expr/functions/function.h"

namespace lance::expr {

/// The functions of each file in this folder; registry.cc joins them.
std::span<const FunctionInfo> TextFunctions();
std::span<const FunctionInfo> TextPieceFunctions();
std::span<const FunctionInfo> RegexFunctions();
std::span<const FunctionInfo> MathFunctions();
std::span<const FunctionInfo> ConditionalFunctions();
std::span<const FunctionInfo> ListFunctions();
std::span<const FunctionInfo> ListBuildingFunctions();
std::span<const FunctionInfo> ListReducingFunctions();
std::span<const FunctionInfo> DigestFunctions();
std::span<const FunctionInfo> DateFunctions();
std::span<const FunctionInfo> JsonFunctions();
std::span<const FunctionInfo> IntrospectionFunctions();

}  // namespace lance::expr
