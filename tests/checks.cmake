# checks.cmake - what is checked by looking at or building something, not by a suite.

enable_language(CXX)
set(scripts ${CMAKE_CURRENT_SOURCE_DIR})

# The compilers of this kind that are here, this build's first: for the headers, and for linking.
set(c_compilers ${CMAKE_C_COMPILER})
set(cxx_compilers ${CMAKE_CXX_COMPILER})
find_program(PARE_CLANG clang)
find_program(PARE_CLANGXX clang++)
if(PARE_CLANG AND PARE_CLANGXX)
  list(APPEND c_compilers ${PARE_CLANG})
  list(APPEND cxx_compilers ${PARE_CLANGXX})
endif()
list(REMOVE_DUPLICATES c_compilers)
list(REMOVE_DUPLICATES cxx_compilers)

add_test(NAME tidy COMMAND ${CMAKE_COMMAND} -P ${scripts}/tidy.cmake)

set(headers ${PARE_PUBLIC_MODULES})
if(TARGET pare_jemalloc)
  list(APPEND headers jemalloc)
endif()
list(TRANSFORM headers REPLACE "(.+)" "pare/\\1.h")
list(APPEND headers pare.h)
list(JOIN headers " " headers)
list(JOIN c_compilers " " ccs)
list(JOIN cxx_compilers " " cxxs)
add_test(NAME headers COMMAND ${CMAKE_COMMAND} "-DCC=${ccs}" "-DCXX=${cxxs}"
  "-DHEADERS=${headers}" -DINCLUDE=${PROJECT_SOURCE_DIR}/include
  -P ${scripts}/test_headers.cmake)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$" AND CMAKE_SIZEOF_VOID_P EQUAL 8)
  foreach(cc IN LISTS c_compilers)
    get_filename_component(compiler ${cc} NAME)
    add_test(NAME hits/${compiler} COMMAND ${CMAKE_COMMAND} -DCC=${cc} -DOBJDUMP=${CMAKE_OBJDUMP}
      -DINCLUDE=${PROJECT_SOURCE_DIR}/include -DWORK=${CMAKE_CURRENT_BINARY_DIR}/hits
      -P ${scripts}/hits.cmake)
  endforeach()
endif()

# Escapes and formats, by random inputs, as Python's libraries know them.
find_program(PARE_PYTHON python3)
if(PARE_PYTHON)
  add_executable(reference reference.c)
  target_link_libraries(reference PRIVATE pare::static)
  pare_target_defaults(reference)
  add_test(NAME reference
    COMMAND ${PARE_PYTHON} ${scripts}/reference.py $<TARGET_FILE:reference>)
else()
  message(STATUS "pare: python3 not found: escapes are not compared with its libraries")
endif()

# --- the single header in whole programs ---------------------------------------------------------

function(pare_link_test case cc cxx)
  get_filename_component(compiler ${cc} NAME)
  add_test(NAME dropin/${case}/${compiler} COMMAND ${CMAKE_COMMAND} -DCASE=${case}
    -DDROPIN=${dropin} -DWORK=${CMAKE_CURRENT_BINARY_DIR}/link/${case}-${compiler}
    -DCC=${cc} -DCXX=${cxx} -DNM=${CMAKE_NM} -P ${scripts}/dropin/link.cmake)
endfunction()
foreach(cc cxx IN ZIP_LISTS c_compilers cxx_compilers)
  foreach(case IN ITEMS several_files included_again static_copies namespaces mismatch_refused
      two_shared_objects freestanding cxx_implementation_refused any_order)
    pare_link_test(${case} ${cc} ${cxx})
  endforeach()
endforeach()
pare_link_test(same_bytes ${CMAKE_C_COMPILER} ${CMAKE_CXX_COMPILER})
pare_link_test(parts ${CMAKE_C_COMPILER} ${CMAKE_CXX_COMPILER})

# --- the library in other people's programs ------------------------------------------------------

add_test(NAME exports COMMAND ${CMAKE_COMMAND} -DLIBRARY=$<TARGET_FILE:pare_shared>
  -DNM=${CMAKE_NM} -DREADELF=${CMAKE_READELF} -P ${scripts}/consumer/exports.cmake)

function(pare_consumer_test how shared)
  set(name consumer/${how})
  if(NOT how STREQUAL "install")
    set(kind static)
    if(shared)
      set(kind shared)
    endif()
    string(APPEND name /${kind})
  endif()
  add_test(NAME ${name} COMMAND ${CMAKE_COMMAND} -DHOW=${how} -DSHARED=${shared}
    -DWORK=${CMAKE_CURRENT_BINARY_DIR}/consumer -DBUILD=${PROJECT_BINARY_DIR}
    -DCC=${CMAKE_C_COMPILER} -DGENERATOR=${CMAKE_GENERATOR} -DREADELF=${CMAKE_READELF}
    -P ${scripts}/consumer/run.cmake)
  if(how STREQUAL "install")
    set_tests_properties(${name} PROPERTIES FIXTURES_SETUP pare_installed)
  elseif(how MATCHES "^(find|pkg)_")
    set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED pare_installed)
  endif()
endfunction()
if(PARE_INSTALL)
  pare_consumer_test(install OFF)
  foreach(shared IN ITEMS OFF ON)
    foreach(how IN ITEMS find_package pkg_config)
      pare_consumer_test(${how} ${shared})
    endforeach()
  endforeach()
  if(TARGET pare_jemalloc)
    pare_consumer_test(find_jemalloc OFF)
    pare_consumer_test(pkg_jemalloc ON)
  endif()
endif()
foreach(shared IN ITEMS OFF ON)
  foreach(how IN ITEMS add_subdirectory fetch_content)
    pare_consumer_test(${how} ${shared})
  endforeach()
endforeach()
