# `cmake --install`: the library with its headers, find_package(lance) and pkg-config for outside projects, the
# program `lance`.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set_target_properties(liblance PROPERTIES INSTALL_RPATH "$ORIGIN;${LANCE_ARROW_LIB_DIR}")
install(TARGETS liblance LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/lance DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

set(LANCE_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/lance)
configure_package_config_file(cmake/lance-config.cmake.in ${CMAKE_BINARY_DIR}/lance-config.cmake
  INSTALL_DESTINATION ${LANCE_CMAKE_DIR} PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/lance-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/lance-config.cmake ${CMAKE_BINARY_DIR}/lance-config-version.cmake
  DESTINATION ${LANCE_CMAKE_DIR})

if(LANCE_ARROW_LIB_DIR)
  set(LANCE_PC_REQUIRES "")
  set(LANCE_PC_CFLAGS "-I${LANCE_PYARROW}/include")
  set(LANCE_PC_LIBS "-L${LANCE_PYARROW} -Wl,-rpath,${LANCE_PYARROW} -l:libarrow.so.${LANCE_ARROW_ABI} -l:libarrow_compute.so.${LANCE_ARROW_ABI}")
else()
  set(LANCE_PC_REQUIRES "arrow >= 26 arrow-compute >= 26")
endif()
# Relative to the file itself, so that `cmake --install --prefix` and moved folders work.
file(RELATIVE_PATH LANCE_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/lance.pc.in ${CMAKE_BINARY_DIR}/lance.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/lance.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(TARGET lance_program)
  set_target_properties(lance_program PROPERTIES
    INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR};${LANCE_ARROW_LIB_DIR}")
  install(TARGETS lance_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
if(TARGET lance_sql)
  set_target_properties(lance_sql PROPERTIES INSTALL_RPATH "$ORIGIN;${LANCE_ARROW_LIB_DIR}")
  install(TARGETS lance_sql LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(FILES ${DUCKDB_LIB} DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
