# SPDX-License-Identifier: Apache-2.0
# One function per kind of target, so that module files stay short and lists explicit.
include(GoogleTest OPTIONAL)

# sluice_add_modules(<parent> <name>...): adds each folder in the given order.
function(sluice_add_modules parent)
  foreach(name IN LISTS ARGN)
    if(EXISTS "${PROJECT_SOURCE_DIR}/${parent}/${name}/CMakeLists.txt")
      add_subdirectory("${PROJECT_SOURCE_DIR}/${parent}/${name}" "${PROJECT_BINARY_DIR}/${parent}/${name}")
    else()
      message(FATAL_ERROR "module ${parent}/${name} has no CMakeLists.txt")
    endif()
  endforeach()
endfunction()

# sluice_library(<name> [HOT] SOURCES a.cc... [DEPS targets...] [PRIVATE_DEPS targets...]
#   [FAULT_POINTS a.cc...])
# A static library `sluice_<name>`; includes are written from the project root.
# HOT: it runs for every record. FAULT_POINTS: those of the sources that hold fault points.
function(sluice_library name)
  cmake_parse_arguments(ARG "HOT" "" "SOURCES;DEPS;PRIVATE_DEPS;FAULT_POINTS" ${ARGN})
  add_library(sluice_${name} STATIC ${ARG_SOURCES})
  target_include_directories(sluice_${name} PUBLIC "${PROJECT_SOURCE_DIR}")
  target_link_libraries(sluice_${name} PUBLIC ${ARG_DEPS} PRIVATE sluice_flags ${ARG_PRIVATE_DEPS})
  if(ARG_HOT)
    target_compile_options(sluice_${name} PRIVATE ${SLUICE_HOT_OPTIONS})
  endif()
  list(TRANSFORM ARG_FAULT_POINTS PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
  set_property(GLOBAL APPEND PROPERTY SLUICE_FAULT_SOURCES ${ARG_FAULT_POINTS})
endfunction()

# sluice_fault_program(<name> <program> [DEPS targets...]): the program once more, with fault points
# (runtime/base/fault.h). Where the build has them anyway it is a link to the program. Else only the
# sources that hold points are compiled again: their objects come before the libraries that hold the
# same symbols, so the linker never looks at those, and the program itself stays free of them.
function(sluice_fault_program name program)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  if(SLUICE_FAULT_POINTS)
    add_custom_target(${name} ALL
      COMMAND "${CMAKE_COMMAND}" -E create_symlink ${program} "$<TARGET_FILE_DIR:${program}>/${name}"
      DEPENDS ${program})
    return()
  endif()
  get_property(sources GLOBAL PROPERTY SLUICE_FAULT_SOURCES)
  get_target_property(libraries ${program} LINK_LIBRARIES)
  add_executable(${name} ${sources} "$<TARGET_OBJECTS:${program}>")
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_compile_definitions(${name} PRIVATE SLUICE_FAULT_POINTS)
  target_link_libraries(${name} PRIVATE ${libraries} ${ARG_DEPS})
endfunction()

# The precompiled headers of all tests. Only where asked for: a build without them shows a test that
# forgot an include.
function(sluice_use_test_pch name)
  if(NOT TARGET sluice_test_pch)
    file(WRITE "${PROJECT_BINARY_DIR}/test_pch.cc" "int main() { return 0; }\n")
    # A program, not a library: its position independence has to be that of the tests.
    add_executable(sluice_test_pch "${PROJECT_BINARY_DIR}/test_pch.cc")
    target_link_libraries(sluice_test_pch PRIVATE sluice_flags GTest::gmock)
    target_precompile_headers(sluice_test_pch PRIVATE <gtest/gtest.h> <gmock/gmock.h> <algorithm>
      <chrono> <filesystem> <fstream> <functional> <map> <memory> <string> <thread> <vector>)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # What ccache needs to look through a precompiled header.
      target_compile_options(sluice_test_pch PRIVATE -fpch-preprocess)
    else()
      target_compile_options(sluice_test_pch PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
    endif()
  endif()
  target_precompile_headers(${name} REUSE_FROM sluice_test_pch)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${name} PRIVATE -fpch-preprocess)
  else()
    target_compile_options(${name} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endfunction()

# sluice_test(<name> [REPLACES_NEW] SOURCES a_test.cc... [DEPS targets...] [LABELS l...] [TIMEOUT s])
# A GoogleTest program; every test case becomes a ctest entry, or, under sanitizers, where a process
# takes a second to start, the program as a whole. REPLACES_NEW: it counts allocations, for which the
# thread sanitizer leaves no room: it brings its own operator new, and such a test has one thread.
function(sluice_test name)
  cmake_parse_arguments(ARG "REPLACES_NEW" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  if(ARG_REPLACES_NEW AND SLUICE_SANITIZE MATCHES "thread")
    return()
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE sluice_flags ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  if(SLUICE_TEST_PCH)
    sluice_use_test_pch(${name})
  endif()
  target_compile_definitions(${name} PRIVATE
    SLUICE_SOURCE_DIR="${PROJECT_SOURCE_DIR}" SLUICE_BINARY_DIR="${PROJECT_BINARY_DIR}")
  if(SLUICE_SANITIZE)
    math(EXPR whole "${ARG_TIMEOUT} * 10")
    add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
    set_tests_properties(${name} PROPERTIES TIMEOUT ${whole} LABELS "${ARG_LABELS}")
    return()
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()

# sluice_fuzzer(<name> SOURCES a_fuzz.cc DEPS targets... [CORPUS dir])
# A libFuzzer program with Clang; elsewhere the same source replays its corpus as a test.
function(sluice_fuzzer name)
  cmake_parse_arguments(ARG "" "CORPUS" "SOURCES;DEPS" ${ARGN})
  if(SLUICE_BUILD_FUZZERS)
    add_executable(${name} ${ARG_SOURCES})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${name} ${ARG_SOURCES} "${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cc")
  endif()
  target_link_libraries(${name} PRIVATE sluice_flags ${ARG_DEPS})
  if(ARG_CORPUS)
    if(SLUICE_BUILD_FUZZERS)
      add_test(NAME ${name}.corpus COMMAND ${name} -runs=0 "${ARG_CORPUS}")
    else()
      add_test(NAME ${name}.corpus COMMAND ${name} "${ARG_CORPUS}")
    endif()
  endif()
endfunction()

# sluice_plugins_without_vptr(): Clang's check of virtual calls opens a pipe to see whether an object's
# memory can be read, and takes the object for a bad one when there is no descriptor left: which is
# what the conformance kit has plugins meet. Unit tests compile the same sources with the check.
function(sluice_plugins_without_vptr)
  if(NOT SLUICE_SANITIZE MATCHES "undefined" OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    return()
  endif()
  sluice_targets_below("${PROJECT_SOURCE_DIR}" targets)
  foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    get_target_property(folder ${target} SOURCE_DIR)
    if(type MATCHES "STATIC_LIBRARY|MODULE_LIBRARY" AND folder MATCHES "^${PROJECT_SOURCE_DIR}/plugins/")
      target_compile_options(${target} PRIVATE -fno-sanitize=vptr)
    endif()
  endforeach()
endfunction()

function(sluice_targets_below folder out)
  get_property(found DIRECTORY "${folder}" PROPERTY BUILDSYSTEM_TARGETS)
  get_property(below DIRECTORY "${folder}" PROPERTY SUBDIRECTORIES)
  foreach(next IN LISTS below)
    sluice_targets_below("${next}" more)
    list(APPEND found ${more})
  endforeach()
  set(${out} "${found}" PARENT_SCOPE)
endfunction()

function(sluice_print_summary)
  message(STATUS "sluice ${PROJECT_VERSION}: ${CMAKE_BUILD_TYPE}, ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
  message(STATUS "  tests ${SLUICE_BUILD_TESTS}, fuzzers ${SLUICE_BUILD_FUZZERS}, sanitizers '${SLUICE_SANITIZE}', "
    "ccache '${SLUICE_CCACHE}', mold '${SLUICE_MOLD}'")
endfunction()
