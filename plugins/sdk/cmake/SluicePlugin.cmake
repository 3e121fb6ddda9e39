# SPDX-License-Identifier: Apache-2.0
# sluice_add_plugin(<name> SOURCES a.cc... [DEPS targets...] [FIXTURE fixture.json])
#
# Builds <name>.so, a plugin the runtime can load. Call it `source-<id>` or `sink-<id>`: that is
# where the runtime looks first for component <id>. Works in Sluice's own tree and, after
# find_package(sluice), in any other project.
#
# Tests (when testing is enabled): <name>.symbols: exactly one exported symbol;
# <name>.conformance: `sluice plugins conform`, with option SLUICE_PLUGIN_CONFORMANCE_TESTS.
set(SLUICE_PLUGIN_CMAKE_DIR "${CMAKE_CURRENT_LIST_DIR}")

if(DEFINED SLUICE_PLUGIN_OUTPUT_DIRECTORY)
  set(_sluice_conformance_default ON)
else()
  set(_sluice_conformance_default OFF)
endif()
option(SLUICE_PLUGIN_CONFORMANCE_TESTS "Run `sluice plugins conform` on each plugin as a test"
  ${_sluice_conformance_default})

function(sluice_add_plugin name)
  cmake_parse_arguments(ARG "" "FIXTURE" "SOURCES;DEPS" ${ARGN})
  if(NOT ARG_SOURCES)
    message(FATAL_ERROR "sluice_add_plugin(${name}): SOURCES is missing")
  endif()
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "sluice_add_plugin(${name}): unknown arguments ${ARG_UNPARSED_ARGUMENTS}; "
      "known are SOURCES, DEPS, FIXTURE")
  endif()
  set(target "${name}")
  add_library(${target} MODULE ${ARG_SOURCES})
  set_target_properties(${target} PROPERTIES PREFIX "" SUFFIX ".so")
  sluice_plugin_properties(${target})
  target_link_libraries(${target} PRIVATE ${ARG_DEPS})

  if(TARGET sluice_sdk)
    target_link_libraries(${target} PRIVATE sluice_sdk sluice_flags)
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}")
    set_target_properties(${target} PROPERTIES
      LIBRARY_OUTPUT_DIRECTORY "${SLUICE_PLUGIN_OUTPUT_DIRECTORY}")
    install(TARGETS ${target} LIBRARY DESTINATION lib/sluice/plugins COMPONENT runtime
      PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
        WORLD_EXECUTE)
  else()
    target_link_libraries(${target} PRIVATE sluice::sdk)
  endif()
  sluice_plugin_tests(${target} "${name}" "${ARG_FIXTURE}")
endfunction()

# What makes a shared library a good guest: one exported symbol, nothing shared by name with other
# plugins, no missing symbol left to be found at run time.
function(sluice_plugin_properties target)
  set_target_properties(${target} PROPERTIES
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON
    BUILD_RPATH "$ORIGIN" INSTALL_RPATH "$ORIGIN" BUILD_WITH_INSTALL_RPATH ON)
  # A unique symbol (GCC's default for inline statics) would be shared among all plugins.
  target_compile_options(${target} PRIVATE
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-fno-gnu-unique>)

  set(script "${CMAKE_CURRENT_BINARY_DIR}/${target}.map")
  file(CONFIGURE OUTPUT "${script}" CONTENT "{ global: sluice_plugin_v1; local: *; };\n")
  target_link_options(${target} PRIVATE
    "LINKER:--version-script=${script}" "LINKER:--exclude-libs,ALL" "LINKER:-z,noexecstack"
    "LINKER:-z,relro" "LINKER:-z,now")
  set_target_properties(${target} PROPERTIES LINK_DEPENDS "${script}")

  # Clang links sanitizer runtimes into the program only, so a plugin has undefined symbols then.
  sluice_plugin_sanitized(${target} sanitized)
  if(NOT sanitized)
    target_link_options(${target} PRIVATE "LINKER:-z,defs")
  endif()
endfunction()

function(sluice_plugin_sanitized target out)
  set(${out} OFF PARENT_SCOPE)
  if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang" AND NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    return()
  endif()
  get_property(directory_options DIRECTORY PROPERTY COMPILE_OPTIONS)
  if("${directory_options} ${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS}" MATCHES "-fsanitize=")
    set(${out} ON PARENT_SCOPE)
  endif()
endfunction()

function(sluice_plugin_tests target name fixture)
  if(TARGET sluice_sdk AND NOT SLUICE_BUILD_TESTS)
    return()
  endif()
  add_test(NAME "${name}.symbols"
    COMMAND "${CMAKE_COMMAND}" "-DFILE=$<TARGET_FILE:${target}>" "-DNM=${CMAKE_NM}"
      -P "${SLUICE_PLUGIN_CMAKE_DIR}/SluiceCheckSymbols.cmake")
  if(NOT SLUICE_PLUGIN_CONFORMANCE_TESTS)
    return()
  endif()
  if(TARGET sluice)
    set(program "$<TARGET_FILE:sluice>")
  elseif(TARGET sluice::sluice)
    set(program "$<TARGET_FILE:sluice::sluice>")
  else()
    return()
  endif()
  set(arguments plugins conform "$<TARGET_FILE:${target}>")
  if(fixture)
    get_filename_component(fixture "${fixture}" ABSOLUTE)
    list(APPEND arguments --fixture "${fixture}")
  endif()
  add_test(NAME "${name}.conformance" COMMAND "${program}" ${arguments})
  set_tests_properties("${name}.conformance" PROPERTIES LABELS conformance TIMEOUT 300)
endfunction()
