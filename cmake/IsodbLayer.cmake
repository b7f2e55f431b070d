# isodb_layer(NAME [DEPENDS layer...] [LIBRARIES target...])
# One static library a folder, isodb_NAME, from every .cc file in it. Headers are included by folder
# ("core/hash.h"); the public ones stand in NAME/isodb/ and are included as they are installed
# ("isodb/id.h").
function(isodb_layer name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  if(NOT sources)
    message(FATAL_ERROR "${CMAKE_CURRENT_SOURCE_DIR} has no .cc file")
  endif()
  add_library(isodb_${name} STATIC ${sources})
  add_library(isodb::${name} ALIAS isodb_${name})
  isodb_compile_options(isodb_${name})
  set_target_properties(isodb_${name} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON)
  target_include_directories(isodb_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
    $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  foreach(layer ${ARG_DEPENDS})
    target_link_libraries(isodb_${name} PUBLIC isodb_${layer})
  endforeach()
  target_link_libraries(isodb_${name} PRIVATE ${ARG_LIBRARIES})
endfunction()

function(isodb_compile_options target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  # Designated initialisers leave out what has a default, on purpose. g++ 12 takes std::string's own
  # replace() for a copy that overlaps (GCC bug 105651). -ffp-contract=off: a fused multiply-add
  # would round differently on another machine.
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wno-missing-field-initializers
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> -ffp-contract=off
    $<$<BOOL:${ISODB_DEVELOPER}>:-Werror>)
endfunction()
