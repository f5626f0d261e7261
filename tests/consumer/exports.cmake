# exports.cmake - the shared library exports our names only, and its soname is the ABI's number.
#
#   cmake -DLIBRARY=libpare.so -DNM=nm -DREADELF=readelf -P exports.cmake
cmake_minimum_required(VERSION 3.20)
include(${CMAKE_CURRENT_LIST_DIR}/../../src/modules.cmake)

execute_process(COMMAND ${NM} -D --defined-only ${LIBRARY}
  OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n ]+\n" names "${symbols}")
if(NOT names)
  message(FATAL_ERROR "${LIBRARY} exports nothing")
endif()
foreach(name IN LISTS names)
  if(NOT name MATCHES "^parei?_")
    message(FATAL_ERROR "${LIBRARY} exports ${name}")
  endif()
endforeach()

execute_process(COMMAND ${READELF} -d ${LIBRARY}
  OUTPUT_VARIABLE dynamic COMMAND_ERROR_IS_FATAL ANY)
string(FIND "${dynamic}" "soname: [libpare.so.${PARE_ABI}]" at)
if(at LESS 0)
  message(FATAL_ERROR "the soname is not libpare.so.${PARE_ABI}:\n${dynamic}")
endif()
