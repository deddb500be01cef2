#pragma once

// For tests only.

#include <gtest/gtest.h>

#include "lance/base/status.h"

#define LANCE_TESTING_CONCAT_(a, b) a##b
#define LANCE_TESTING_CONCAT(a, b) LANCE_TESTING_CONCAT_(a, b)

#define LANCE_ASSERT_OK_AND_ASSIGN_(result, left, expression) \
  auto result = (expression);                                 \
  ASSERT_TRUE(result.ok()) << result.status().ToString();     \
  left = std::move(result).ValueUnsafe()

/// Ends the test when `expression` fails, else assigns its value.
#ifndef ASSERT_OK_AND_ASSIGN
#define ASSERT_OK_AND_ASSIGN(left, expression) \
  LANCE_ASSERT_OK_AND_ASSIGN_(LANCE_TESTING_CONCAT(result_, __COUNTER__), left, expression)
#endif

/// Ends the test when `expression` is a failed Status.
#ifndef ASSERT_OK
#define ASSERT_OK(expression)                        \
  do {                                               \
    const ::lance::Status status_ = (expression);    \
    ASSERT_TRUE(status_.ok()) << status_.ToString(); \
  } while (false)
#endif

/// Expects a failed Status of `kind` whose message contains `text`.
#define EXPECT_ERROR(kind, text, expression)                                          \
  do {                                                                                \
    const ::lance::Status status_ = (expression);                                     \
    EXPECT_TRUE(::lance::Is(status_, kind)) << status_.ToString();                    \
    EXPECT_NE(status_.message().find(text), std::string::npos) << status_.ToString(); \
  } while (false)
