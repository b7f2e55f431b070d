# cmake --install: the program, the library for C++ (find_package(isodb) gives isodb::isodb,
# pkg-config gives isodb), its headers, the manual page and the completions of shells.
if(NOT TARGET isodb_sync)
  return()
endif()
include(CMakePackageConfigHelpers)

# The library is the layers up to sync; the order is that of a static link, users first.
set(isodb_layers sync repo merge script refs net wire objects core)

add_library(isodb_library INTERFACE)
add_library(isodb::isodb ALIAS isodb_library)
set_target_properties(isodb_library PROPERTIES EXPORT_NAME isodb)
target_link_libraries(isodb_library INTERFACE isodb_sync)

set(isodb_targets isodb_library)
set(ISODB_PC_LIBS "")
foreach(layer ${isodb_layers})
  if(TARGET isodb_${layer})
    list(APPEND isodb_targets isodb_${layer})
    string(APPEND ISODB_PC_LIBS " -lisodb_${layer}")
  endif()
  if(IS_DIRECTORY ${PROJECT_SOURCE_DIR}/${layer}/isodb)
    install(DIRECTORY ${layer}/isodb/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/isodb
            FILES_MATCHING PATTERN "*.h")
  endif()
endforeach()

set(config_folder ${CMAKE_INSTALL_LIBDIR}/cmake/isodb)
install(TARGETS ${isodb_targets} EXPORT isodbTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT isodbTargets NAMESPACE isodb:: DESTINATION ${config_folder})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/isodbConfig.cmake.in isodbConfig.cmake
                              INSTALL_DESTINATION ${config_folder})
write_basic_package_version_file(isodbConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/isodbConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/isodbConfigVersion.cmake
        DESTINATION ${config_folder})

# Where the prefix is not the one of configuration (cmake --install --prefix), the file still finds
# itself: pkg-config gives its own folder.
file(RELATIVE_PATH ISODB_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${CMAKE_CURRENT_LIST_DIR}/isodb.pc.in isodb.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/isodb.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(TARGET isodb)
  install(TARGETS isodb RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
# The program itself knows how shells complete its words.
if(TARGET isodb AND EXISTS ${PROJECT_SOURCE_DIR}/cli/commands/completion.cc)
  set(completions)
  foreach(place bash:bash-completion/completions/isodb zsh:zsh/site-functions/_isodb
                fish:fish/vendor_completions.d/isodb.fish)
    string(REGEX MATCH "^[^:]*" shell ${place})
    string(REGEX REPLACE ".*:" "${CMAKE_INSTALL_DATADIR}/" installed ${place})
    cmake_path(GET installed PARENT_PATH folder)
    cmake_path(GET installed FILENAME name)
    set(script ${PROJECT_BINARY_DIR}/completion/${shell})
    add_custom_command(OUTPUT ${script} COMMAND isodb completion ${shell} > ${script}
                       DEPENDS isodb COMMENT "Writing the completion for ${shell}" VERBATIM)
    list(APPEND completions ${script})
    install(FILES ${script} DESTINATION ${folder} RENAME ${name})
  endforeach()
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/completion)
  add_custom_target(isodb_completions ALL DEPENDS ${completions})
endif()
if(EXISTS ${PROJECT_SOURCE_DIR}/docs/isodb.1)
  install(FILES docs/isodb.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()
