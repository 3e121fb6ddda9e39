# SPDX-License-Identifier: Apache-2.0
# cmake -DCOMPILER= -DINCLUDE= -DCASE= -DMESSAGE= -DSOURCE= -P must_not_compile.cmake
# With the case's mistake the source does not compile and says MESSAGE; with case `none` it compiles.
execute_process(
  COMMAND "${COMPILER}" -x c++ -std=c++20 -fsyntax-only -I "${INCLUDE}" "-DMISUSE_${CASE}" "${SOURCE}"
  RESULT_VARIABLE result ERROR_VARIABLE errors)
if(CASE STREQUAL "none")
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "without a mistake it must compile:\n${errors}")
  endif()
  return()
endif()
if(result EQUAL 0)
  message(FATAL_ERROR "${CASE}: compiled, but must not")
endif()
string(FIND "${errors}" "${MESSAGE}" at)
if(at EQUAL -1)
  message(FATAL_ERROR "${CASE}: the message does not say \"${MESSAGE}\":\n${errors}")
endif()
