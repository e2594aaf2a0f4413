# The umbrella target tenon::tenon and the installed package.
get_property(TENON_ROOMS GLOBAL PROPERTY TENON_ROOMS)
add_library(tenon_tenon INTERFACE)
add_library(tenon::tenon ALIAS tenon_tenon)
set_target_properties(tenon_tenon PROPERTIES EXPORT_NAME tenon)
set(TENON_LIBRARY_ROOMS ${TENON_ROOMS})
list(REMOVE_ITEM TENON_LIBRARY_ROOMS tenon_cli)
target_link_libraries(tenon_tenon INTERFACE ${TENON_LIBRARY_ROOMS})
target_compile_features(tenon_tenon INTERFACE cxx_std_20)

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(TARGETS ${TENON_LIBRARY_ROOMS} tenon_tenon EXPORT tenon_targets
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(EXPORT tenon_targets FILE tenon-targets.cmake NAMESPACE tenon:: DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/tenon")
install(TARGETS tenon RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")

include(CMakePackageConfigHelpers)
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/tenon-config.cmake.in"
  "${PROJECT_BINARY_DIR}/tenon-config.cmake" INSTALL_DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/tenon")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/tenon-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/tenon-config.cmake" "${PROJECT_BINARY_DIR}/tenon-config-version.cmake"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/tenon")
