# SPDX-License-Identifier: Apache-2.0
# Installs both components to a fresh prefix, builds a C and a C++ plugin against that prefix alone,
# and lets the installed program probe them.
function(run what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output
    ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${what} failed (${result}):\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

set(prefix "${WORK_DIR}/prefix")
file(REMOVE_RECURSE "${WORK_DIR}")
run("installing the SDK" "${CMAKE_COMMAND}" --install "${BUILD_DIR}" --prefix "${prefix}"
  --component sdk)
foreach(file IN ITEMS include/sluice/plugin.h include/sluice/plugin.hpp
    lib/cmake/sluice/sluiceConfig.cmake lib/cmake/sluice/SluicePlugin.cmake)
  if(NOT EXISTS "${prefix}/${file}")
    message(FATAL_ERROR "the component sdk does not install ${file}")
  endif()
endforeach()
if(HAVE_PROGRAM)
  run("installing the runtime" "${CMAKE_COMMAND}" --install "${BUILD_DIR}" --prefix "${prefix}"
    --component runtime)
endif()

if(SANITIZE)
  # A plugin and its host agree on the sanitizer.
  string(REPLACE ";" "," sanitize "${SANITIZE}")
  set(C_FLAGS "${C_FLAGS} -fsanitize=${sanitize}")
  set(CXX_FLAGS "${CXX_FLAGS} -fsanitize=${sanitize}")
endif()
foreach(language IN ITEMS c cpp)
  set(build "${WORK_DIR}/${language}")
  run("configuring the ${language} plugin" "${CMAKE_COMMAND}" -S "${SOURCE_DIR}/${language}_plugin"
    -B "${build}" -G "${GENERATOR}" "-DCMAKE_PREFIX_PATH=${prefix}"
    "-DCMAKE_C_COMPILER=${C_COMPILER}" "-DCMAKE_CXX_COMPILER=${CXX_COMPILER}"
    "-DCMAKE_C_FLAGS=${C_FLAGS}" "-DCMAKE_CXX_FLAGS=${CXX_FLAGS}")
  run("building the ${language} plugin" "${CMAKE_COMMAND}" --build "${build}")
  run("its symbol test" "${CMAKE_CTEST_COMMAND}" --test-dir "${build}" --output-on-failure
    --no-tests=error)
  if(HAVE_PROGRAM)
    run("probing it with the installed program" "${prefix}/bin/sluice" plugins probe
      "${build}/sink-outside_${language}.so")
    if(NOT output MATCHES "outside_${language}")
      message(FATAL_ERROR "the probe does not name the component:\n${output}")
    endif()
  endif()
endforeach()
if(NOT HAVE_PROGRAM)
  message(STATUS "this build has no program `sluice`: built both plugins, loaded none")
endif()
