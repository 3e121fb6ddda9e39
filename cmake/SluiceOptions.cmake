# SPDX-License-Identifier: Apache-2.0
# Options a user may set first, developer options after them; flags live on the interface
# target `sluice_flags`, so nothing leaks into a project that finds the installed package.
option(SLUICE_BUILD_TESTS "Build the tests" ON)
option(SLUICE_BUILD_FUZZERS "Build libFuzzer targets (Clang only)" OFF)
option(SLUICE_WERROR "Treat warnings as errors (set by the developer presets)" OFF)
option(SLUICE_COVERAGE "Instrument for gcov" OFF)
option(SLUICE_TEST_PCH "Precompile the test framework (instrumented presets: half the build time)" OFF)
option(SLUICE_UNITY "Compile several files as one (instrumented presets: a third of the build time)" OFF)
option(SLUICE_FAULT_POINTS "Compile fault points into everything (instrumented presets)" OFF)
set(SLUICE_HOT_OPTIONS "" CACHE STRING "More compile options for what runs per record (-O1 in builds that are -O0)")
set(SLUICE_SANITIZE "" CACHE STRING "Sanitizers: empty, 'address;undefined' or 'thread'")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
# The runtime looks for adapters in ../lib/sluice/plugins beside its executable, so the build tree
# has the same shape as an installation.
set(SLUICE_PLUGIN_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib/sluice/plugins")

if(SLUICE_SANITIZE MATCHES "thread" AND SLUICE_SANITIZE MATCHES "address")
  message(FATAL_ERROR "SLUICE_SANITIZE: 'thread' and 'address' cannot be combined; build twice")
endif()
if(SLUICE_SANITIZE AND SLUICE_COVERAGE)
  message(FATAL_ERROR "SLUICE_SANITIZE and SLUICE_COVERAGE cannot be combined; build twice")
endif()
if(SLUICE_BUILD_FUZZERS AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "SLUICE_BUILD_FUZZERS needs Clang: use the preset 'fuzz'")
endif()

add_library(sluice_flags INTERFACE)
target_compile_options(sluice_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -fno-omit-frame-pointer
  $<$<COMPILE_LANGUAGE:CXX>:-Wconversion -Wnon-virtual-dtor -Woverloaded-virtual>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:Clang>>:-Wthread-safety>)
# GCC 12 sees overlapping copies in std::string operator+ where there are none (GCC bug 105651).
target_compile_options(sluice_flags INTERFACE
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wno-restrict>)
if(SLUICE_UNITY)
  # A file's own name may hide one of the file before it; the release build warns where it matters.
  target_compile_options(sluice_flags INTERFACE -Wno-shadow)
endif()
if(SLUICE_WERROR)
  target_compile_options(sluice_flags INTERFACE -Werror)
endif()
if(SLUICE_FAULT_POINTS)
  target_compile_definitions(sluice_flags INTERFACE SLUICE_FAULT_POINTS)
endif()
if(SLUICE_COVERAGE)
  target_compile_options(sluice_flags INTERFACE --coverage)
  target_link_options(sluice_flags INTERFACE --coverage)
endif()
if(SLUICE_SANITIZE)
  list(JOIN SLUICE_SANITIZE "," _sluice_sanitize)
  add_compile_options(-fsanitize=${_sluice_sanitize} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${_sluice_sanitize})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # Findings that are not ours to mend, each with its reason. The option's older name, because ccache
    # 4.7 knows that one: it then looks at what the file holds and not at where the clone lies.
    add_compile_options("-fsanitize-blacklist=${PROJECT_SOURCE_DIR}/cmake/sanitizer-ignorelist.txt")
  elseif(SLUICE_SANITIZE MATCHES "undefined")
    # GCC has no such list; see the same file for why.
    add_compile_options(-fno-sanitize=pointer-overflow)
  endif()
  # GCC's -Wmaybe-uninitialized and friends misfire on instrumented code.
  target_compile_options(sluice_flags INTERFACE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-stringop-overflow>)
endif()

if(SLUICE_BUILD_FUZZERS)
  # Without it libFuzzer sees no branches and only throws dice.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_program(SLUICE_CCACHE ccache)
if(SLUICE_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER "${SLUICE_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${SLUICE_CCACHE}")
endif()
find_program(SLUICE_MOLD mold)
if(SLUICE_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
