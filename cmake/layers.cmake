# One static library a layer. A layer links only the layers below it that it names, so an include that points
# upwards fails to link; tools/lint_layers.py reads the same order and says so earlier and better.

# A target that exists only to own the precompiled header.
file(WRITE ${CMAKE_BINARY_DIR}/pch.cc "")
add_library(lance_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cc)
target_link_libraries(lance_pch PUBLIC lance_arrow fmt::fmt)
target_include_directories(lance_pch PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
target_precompile_headers(lance_pch PRIVATE
  <algorithm> <array> <atomic> <cstdint> <cstring> <functional> <memory> <mutex> <optional> <span> <string>
  <string_view> <unordered_map> <utility> <variant> <vector> <fmt/format.h>
  <arrow/api.h> <arrow/compute/api.h> <arrow/util/bit_util.h> <arrow/util/bitmap_ops.h>)

function(lance_use_pch target)
  target_precompile_headers(${target} REUSE_FROM lance_pch)
endfunction()

# Sanitizers see no overflow of memory that an allocator of Arrow's own hands out.
set(LANCE_TEST_ENVIRONMENT "LANCE_TESTDATA=${CMAKE_SOURCE_DIR}/testdata")
if(LANCE_SANITIZE)
  list(APPEND LANCE_TEST_ENVIRONMENT ARROW_DEFAULT_MEMORY_POOL=system)
endif()
if(LANCE_SANITIZE STREQUAL "thread")
  # A test forks on purpose, and its child starts threads.
  # Damaged data sets are read on one thread: nothing for this sanitizer to find.
  list(APPEND LANCE_TEST_ENVIRONMENT LANCE_MUTATIONS=70
       TSAN_OPTIONS=die_after_fork=0:suppressions=${CMAKE_SOURCE_DIR}/tests/tsan.supp)
endif()

# lance_layer(name [DEPS layer...] [LINK lib...]): sources by suffix, tests and fuzz targets beside them.
function(lance_layer name)
  cmake_parse_arguments(L "" "" "DEPS;LINK" ${ARGN})
  set(dir ${CMAKE_SOURCE_DIR}/src/lance/${name})
  file(GLOB_RECURSE all CONFIGURE_DEPENDS ${dir}/*.cc)
  set(tests ${all})
  set(fuzzers ${all})
  set(benches ${all})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  list(FILTER all EXCLUDE REGEX "(_test|_fuzz|_bench)\\.cc$")
  if(NOT all)
    file(WRITE ${CMAKE_BINARY_DIR}/empty_${name}.cc "")
    set(all ${CMAKE_BINARY_DIR}/empty_${name}.cc)
  endif()
  add_library(lance_${name} STATIC ${all})
  target_include_directories(lance_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
  target_link_libraries(lance_${name} PUBLIC lance_arrow fmt::fmt ${L_LINK})
  foreach(dep ${L_DEPS})
    target_link_libraries(lance_${name} PUBLIC lance_${dep})
  endforeach()
  if(NOT name STREQUAL "proto")
    lance_use_pch(lance_${name})
  endif()
  set_property(GLOBAL APPEND PROPERTY LANCE_LAYERS lance_${name})

  if(LANCE_BUILD_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE lance_${name} GTest::gmock GTest::gtest_main)
    lance_use_pch(${name}_test)
    add_test(NAME ${name} COMMAND ${name}_test)
    # A hang fails the test; slow sanitizer builds on a busy machine do not.
    set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 600 ENVIRONMENT "${LANCE_TEST_ENVIRONMENT}")
    set_property(GLOBAL APPEND PROPERTY LANCE_UNIT_TESTS ${name}_test)
  endif()
  if(LANCE_BUILD_FUZZ)
    foreach(source ${fuzzers})
      get_filename_component(fuzz ${source} NAME_WE)
      add_executable(${fuzz} ${source})
      target_link_libraries(${fuzz} PRIVATE lance_${name})
      if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
        target_link_options(${fuzz} PRIVATE -fsanitize=fuzzer)
      else()
        target_sources(${fuzz} PRIVATE ${CMAKE_SOURCE_DIR}/fuzz/standalone_main.cc)
      endif()
      lance_use_pch(${fuzz})
      add_test(NAME ${fuzz} COMMAND ${fuzz} -runs=2000 ${CMAKE_SOURCE_DIR}/fuzz/seeds/${fuzz})
      set_tests_properties(${fuzz} PROPERTIES LABELS fuzz TIMEOUT 120 ENVIRONMENT "${LANCE_TEST_ENVIRONMENT}")
      set_property(GLOBAL APPEND PROPERTY LANCE_FUZZERS ${fuzz})
    endforeach()
  endif()
  if(LANCE_BUILD_BENCH AND benches)
    find_package(benchmark REQUIRED)
    add_executable(${name}_bench ${benches})
    target_link_libraries(${name}_bench PRIVATE lance_${name} benchmark::benchmark_main)
    lance_use_pch(${name}_bench)
  endif()
endfunction()
