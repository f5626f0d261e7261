# tidy.cmake - checks how the sources look. Run from anywhere:
#
#   cmake -P tests/tidy.cmake            names every offence, fails if there is one
#   cmake -DFIX=ON -P tests/tidy.cmake   rewrites what clang-format can
cmake_minimum_required(VERSION 3.20)
include("${CMAKE_CURRENT_LIST_DIR}/../src/modules.cmake")

set(offences 0)
function(offence text)
  message(NOTICE "${text}")
  math(EXPR offences "${offences} + 1")
  set(offences ${offences} PARENT_SCOPE)
endfunction()

# --- clang-format: version 14, since others lay out some lines otherwise --------------------------

file(GLOB_RECURSE c_files RELATIVE "${PARE_ROOT}"
  "${PARE_ROOT}/include/*.h" "${PARE_ROOT}/src/*.[ch]" "${PARE_ROOT}/tests/*.[ch]"
  "${PARE_ROOT}/tests/*.cc" "${PARE_ROOT}/bench/*.[ch]" "${PARE_ROOT}/bench/*.cc"
  "${PARE_ROOT}/examples/*.[ch]")

find_program(clang_format NAMES clang-format-14 clang-format)
set(format_version "")
if(clang_format)
  execute_process(COMMAND ${clang_format} --version OUTPUT_VARIABLE format_version)
endif()
if(format_version MATCHES "version 14\\.")
  set(mode --dry-run -Werror)
  if(FIX)
    set(mode -i)
  endif()
  execute_process(COMMAND ${clang_format} ${mode} ${c_files}
    WORKING_DIRECTORY "${PARE_ROOT}" RESULT_VARIABLE status ERROR_VARIABLE complaint)
  if(NOT status EQUAL 0)
    offence("${complaint}`make format` repairs the layout.")
  endif()
elseif(FIX)
  message(FATAL_ERROR "make format needs clang-format 14")
else()
  message(STATUS "clang-format 14 is not here: the layout is not checked")
endif()
if(FIX)
  return()
endif()

# --- text ----------------------------------------------------------------------------------------

file(GLOB_RECURSE cmake_files RELATIVE "${PARE_ROOT}"
  "${PARE_ROOT}/src/*.cmake" "${PARE_ROOT}/src/*.txt" "${PARE_ROOT}/src/*.in"
  "${PARE_ROOT}/tests/*.cmake" "${PARE_ROOT}/tests/*.txt"
  "${PARE_ROOT}/bench/*.cmake" "${PARE_ROOT}/bench/*.txt" "${PARE_ROOT}/examples/*.txt")
string(REPEAT "." 101 too_long)
foreach(file IN LISTS c_files cmake_files ITEMS CMakeLists.txt Makefile .ci/need .ci/run)
  file(READ "${PARE_ROOT}/${file}" text)
  string(REGEX REPLACE "[][;\\]" "." plain "${text}") # these would upset CMake's lists
  if(text MATCHES "\t" AND NOT file STREQUAL "Makefile")
    offence("${file}: a tab")
  endif()
  if(text MATCHES "[ \t]\n")
    offence("${file}: a space at the end of a line")
  endif()
  if(NOT text MATCHES "\n$" OR text MATCHES "\n\n$")
    offence("${file}: has to end in one newline")
  endif()
  string(REGEX MATCHALL "[^\n]+" lines "${plain}")
  foreach(line IN LISTS lines)
    string(LENGTH "${line}" length)
    if(length GREATER 100)
      offence("${file}: ${length} columns: ${line}")
    endif()
  endforeach()
  if(file MATCHES "\\.(c|h|cc)$" AND NOT text MATCHES "\n \\* SPDX-License-Identifier: MIT \\*/\n")
    offence("${file}: the first comment has to end in the SPDX line")
  endif()
endforeach()

# --- the library ---------------------------------------------------------------------------------

# Calls that a library with checked sizes and no opinion about stdout does not make.
set(banned "v?sprintf|strn?cpy|strn?cat|gets|alloca|v?printf|puts|putchar|atoi|strtok")
foreach(file IN LISTS c_files)
  if(file MATCHES "^(src|include)/")
    file(READ "${PARE_ROOT}/${file}" text)
    if(text MATCHES "[^A-Za-z0-9_](${banned})\\(")
      offence("${file}: calls ${CMAKE_MATCH_1}")
    endif()
  endif()
endforeach()

# Who knows one path of a module knows the others; jemalloc is the one module apart.
foreach(module IN LISTS PARE_MODULES ITEMS jemalloc)
  set(header include/pare/${module}.h)
  if(module IN_LIST PARE_PRIVATE_MODULES)
    set(header src/internal/${module}.h)
  endif()
  foreach(file IN ITEMS ${header} src/${module}.c tests/test_${module}.c)
    if(NOT EXISTS "${PARE_ROOT}/${file}")
      offence("${file} is missing")
    endif()
  endforeach()
endforeach()
foreach(file IN LISTS c_files)
  get_filename_component(name "${file}" NAME_WE)
  if((file MATCHES "^include/pare/" AND NOT name IN_LIST PARE_PUBLIC_MODULES) OR
     (file MATCHES "^src/[^/]*\\.c$" AND NOT name IN_LIST PARE_MODULES) OR
     (file MATCHES "^src/internal/" AND NOT name IN_LIST PARE_INTERNAL_HEADERS))
    if(NOT name STREQUAL "jemalloc")
      offence("${file} is not in src/modules.cmake")
    endif()
  endif()
  if(file MATCHES "^tests/test_(.*)\\.c$" AND NOT CMAKE_MATCH_1 IN_LIST PARE_MODULES AND
     NOT CMAKE_MATCH_1 STREQUAL "jemalloc")
    offence("${file} tests no module")
  endif()
endforeach()

file(STRINGS "${PARE_ROOT}/include/pare.h" umbrella REGEX "^#include")
list(TRANSFORM PARE_PUBLIC_MODULES REPLACE "(.+)" "#include \"pare/\\1.h\""
  OUTPUT_VARIABLE expected)
if(NOT umbrella STREQUAL expected)
  offence("include/pare.h has to include exactly the modules of src/modules.cmake, in that order")
endif()
file(STRINGS "${PARE_ROOT}/include/pare/base.h" version REGEX "^#define PARE_VERSION \"")
if(NOT version STREQUAL "#define PARE_VERSION \"${PARE_VERSION}\"")
  offence("include/pare/base.h: PARE_VERSION is not made of its three numbers")
endif()

if(offences)
  message(FATAL_ERROR "tidy: ${offences} offences, named above")
endif()
