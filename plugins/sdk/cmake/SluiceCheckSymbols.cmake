# SPDX-License-Identifier: Apache-2.0
# cmake -DFILE=<plugin.so> -DNM=<nm> -P SluiceCheckSymbols.cmake
# Fails unless the file exports exactly one symbol, the plugin's entry, as data.
if(NOT FILE OR NOT NM)
  message(FATAL_ERROR "usage: cmake -DFILE=<plugin.so> -DNM=<nm> -P SluiceCheckSymbols.cmake")
endif()
execute_process(COMMAND "${NM}" -D --defined-only "${FILE}"
  OUTPUT_VARIABLE output ERROR_VARIABLE errors RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${FILE}: ${NM} failed (${result}): ${errors}")
endif()
string(REGEX MATCHALL "[^\n]+" lines "${output}")
set(found "")
foreach(line IN LISTS lines)
  string(REGEX REPLACE "^[0-9a-fA-F]* *([A-Za-z]) ([^ @]+).*$" "\\1 \\2" symbol "${line}")
  list(APPEND found "${symbol}")
endforeach()
if(NOT found MATCHES "^[DRB] sluice_plugin_v1$")
  list(LENGTH found count)
  list(JOIN found "\n  " text)
  message(FATAL_ERROR "${FILE}: exports ${count} symbols, expected exactly one, the data object "
    "sluice_plugin_v1:\n  ${text}\nUse SLUICE_EXPORT_PLUGIN once, build with sluice_add_plugin().")
endif()
message(STATUS "${FILE}: exports sluice_plugin_v1 and nothing else")
