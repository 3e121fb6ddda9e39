# SPDX-License-Identifier: Apache-2.0
# Compiles several files of a target as one (SLUICE_UNITY): headers and templates are then paid once
# a group, which makes an instrumented build of everything several times faster. Only instrumented
# presets do so: the release build and clang-tidy see every file alone, so a forgotten include shows.
#
# scripts/unity_groups.py keeps files apart that define the same name in an unnamed namespace.

# sluice_unity(): for every target that exists when it is called.
function(sluice_unity)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  sluice_targets_below("${PROJECT_SOURCE_DIR}" targets)
  set(list "")
  set(all "")
  foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    if(NOT type MATCHES "STATIC_LIBRARY|MODULE_LIBRARY|EXECUTABLE")
      continue()
    endif()
    get_target_property(folder ${target} SOURCE_DIR)
    get_target_property(sources ${target} SOURCES)
    foreach(source IN LISTS sources)
      if(source MATCHES "\\.cc$")
        cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY "${folder}" NORMALIZE)
        string(APPEND list "${target}\t${source}\n")
        list(APPEND all "${source}")
      endif()
    endforeach()
  endforeach()
  set_property(DIRECTORY "${PROJECT_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
    ${all} "${PROJECT_SOURCE_DIR}/scripts/unity_groups.py")

  file(WRITE "${PROJECT_BINARY_DIR}/unity_sources.txt" "${list}")
  execute_process(
    COMMAND "${Python3_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/scripts/unity_groups.py"
      "${PROJECT_BINARY_DIR}/unity_sources.txt"
    OUTPUT_VARIABLE lines OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "\n" ";" lines "${lines}")
  foreach(line IN LISTS lines)
    string(REPLACE "\t" ";" line "${line}")
    list(GET line 0 target)
    list(GET line 1 source)
    list(GET line 2 group)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
    set_source_files_properties("${source}" TARGET_DIRECTORY ${target} PROPERTIES
      UNITY_GROUP ${group})
  endforeach()
endfunction()
