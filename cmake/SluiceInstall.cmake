# SPDX-License-Identifier: Apache-2.0
# Two components: `runtime` (the program and our plugins; those are added by sluice_add_plugin) and
# `sdk` (headers and CMake package, all that is needed to build a plugin elsewhere).
include(CMakePackageConfigHelpers)

if(TARGET sluice)
  install(TARGETS sluice RUNTIME DESTINATION bin COMPONENT runtime)
  # One program under two names: it looks at the name it was called by.
  foreach(name dlqtriage)
    install(CODE "
      set(link \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/bin/${name}\")
      file(REMOVE \"\${link}\")
      file(CREATE_LINK sluice \"\${link}\" SYMBOLIC)
      message(STATUS \"Installing: \${link} -> sluice\")"
      COMPONENT runtime)
  endforeach()
endif()
# The folder is there even without a plugin, so that the runtime's default search path exists.
install(DIRECTORY DESTINATION lib/sluice/plugins COMPONENT runtime
  DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
    WORLD_READ WORLD_EXECUTE)
# Annotations of the transformers' library, to be copied beside somebody's transformers.
install(FILES "${PROJECT_SOURCE_DIR}/transformers/.sluice/sluice.lua"
  "${PROJECT_SOURCE_DIR}/transformers/.sluice/README.md"
  DESTINATION share/sluice/transformers/.sluice COMPONENT runtime)
install(FILES "${PROJECT_SOURCE_DIR}/transformers/.luarc.json"
  DESTINATION share/sluice/transformers COMPONENT runtime)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION share/doc/sluice COMPONENT runtime)

set(_sluice_package lib/cmake/sluice)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/plugins/sdk/include/" DESTINATION include COMPONENT sdk
  FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(TARGETS sluice_sdk EXPORT sluiceTargets COMPONENT sdk)
install(EXPORT sluiceTargets NAMESPACE sluice:: DESTINATION ${_sluice_package} COMPONENT sdk)
configure_package_config_file("${PROJECT_SOURCE_DIR}/plugins/sdk/cmake/sluiceConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/sluiceConfig.cmake" INSTALL_DESTINATION ${_sluice_package}
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/sluiceConfigVersion.cmake"
  COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
install(FILES
  "${PROJECT_BINARY_DIR}/sluiceConfig.cmake"
  "${PROJECT_BINARY_DIR}/sluiceConfigVersion.cmake"
  "${PROJECT_SOURCE_DIR}/plugins/sdk/cmake/SluicePlugin.cmake"
  "${PROJECT_SOURCE_DIR}/plugins/sdk/cmake/SluiceCheckSymbols.cmake"
  DESTINATION ${_sluice_package} COMPONENT sdk)
