# find_package(lance) and pkg-config for outside projects.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
install(TARGETS liblance LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/lance DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
