# Components: `client` is what programs need to run, `client_dev` what it takes to build them.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(client_cmake ${CMAKE_INSTALL_LIBDIR}/cmake/ringcast)
install(FILES ${client_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ringcast COMPONENT client_dev)
install(TARGETS ringcast_client_shared EXPORT ringcast-targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT client NAMELINK_COMPONENT client_dev)
install(TARGETS ringcast_client_static EXPORT ringcast-static-targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT client_dev)
install(EXPORT ringcast-targets NAMESPACE ringcast:: DESTINATION ${client_cmake} COMPONENT client_dev)
install(EXPORT ringcast-static-targets NAMESPACE ringcast:: DESTINATION ${client_cmake}
  COMPONENT client_dev)

configure_package_config_file(ringcast-config.cmake.in ringcast-config.cmake
  INSTALL_DESTINATION ${client_cmake})
write_basic_package_version_file(ringcast-config-version.cmake COMPATIBILITY SameMinorVersion)
# The prefix is known when it is installed: `cmake --install --prefix`.
set(prefix_at_install "@CMAKE_INSTALL_PREFIX@")
configure_file(ringcast-client.pc.in ringcast-client.pc.in @ONLY)
install(CODE "configure_file(\"${CMAKE_CURRENT_BINARY_DIR}/ringcast-client.pc.in\"
  \"${CMAKE_CURRENT_BINARY_DIR}/ringcast-client.pc\" @ONLY)" COMPONENT client_dev)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/ringcast-config.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/ringcast-config-version.cmake
  DESTINATION ${client_cmake} COMPONENT client_dev)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/ringcast-client.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT client_dev)
