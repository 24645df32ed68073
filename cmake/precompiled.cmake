# attune_precompile(TARGET [TESTS]): the headers that nearly every source reads are read once for all targets, TESTS with
# GoogleTest's. With g++ alone: what a source forgets to include, the builds with clang find. Tests themselves are compiled
# in less than half of the time without what makes them fast, and unwatched by UBSan; what they call is built as everywhere.
option(ATTUNE_PRECOMPILE "Read common headers once, with g++" ON)
set(ATTUNE_PRECOMPILED OFF)
if(ATTUNE_PRECOMPILE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(ATTUNE_PRECOMPILED ON)
  set(headers <algorithm> <array> <atomic> <charconv> <chrono> <cmath> <cstdint> <functional> <limits> <map> <memory>
      <mutex> <optional> <set> <span> <string> <string_view> <thread> <unordered_map> <utility> <variant> <vector>
      <fmt/format.h>)
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/precompiled.cc CONTENT "")
  add_library(attune_precompiled OBJECT EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/precompiled.cc)
  target_link_libraries(attune_precompiled PRIVATE fmt::fmt)
  target_precompile_headers(attune_precompiled PRIVATE ${headers})
  if(ATTUNE_TESTS)
    set(ATTUNE_TEST_OPTIONS -O1)
    if(ATTUNE_SANITIZE MATCHES undefined)
      list(APPEND ATTUNE_TEST_OPTIONS -fno-sanitize=undefined)
    endif()
    add_library(attune_precompiled_tests OBJECT EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/precompiled.cc)
    target_link_libraries(attune_precompiled_tests PRIVATE fmt::fmt GTest::gmock GTest::gtest)
    target_compile_options(attune_precompiled_tests PRIVATE ${ATTUNE_TEST_OPTIONS})
    target_precompile_headers(attune_precompiled_tests PRIVATE ${headers} <gmock/gmock.h> <gtest/gtest.h>)
  endif()
endif()

function(attune_precompile target)
  cmake_parse_arguments(PRECOMPILE "TESTS" "" "" ${ARGN})
  if(NOT ATTUNE_PRECOMPILED)
    return()
  endif()
  # Of what it inlines from there GCC 12 forgets that it is the system's, and warns of std::string.
  target_compile_options(${target} PRIVATE -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
  if(CCACHE_PROGRAM)
    target_compile_options(${target} PRIVATE -fpch-preprocess)  # Without it ccache cannot tell what was read.
  endif()
  if(PRECOMPILE_TESTS)
    target_compile_options(${target} PRIVATE ${ATTUNE_TEST_OPTIONS})
    target_precompile_headers(${target} REUSE_FROM attune_precompiled_tests)
  else()
    target_precompile_headers(${target} REUSE_FROM attune_precompiled)
  endif()
endfunction()
