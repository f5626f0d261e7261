# test_headers.cmake - each public header compiles alone, and twice, as C11 and as C++17, without
# a warning.
#
#   cmake -DCC="gcc clang" -DCXX="g++ clang++" -DHEADERS="pare.h pare/base.h ..." -DINCLUDE=include
#         -P tests/test_headers.cmake
cmake_minimum_required(VERSION 3.20)
separate_arguments(CC)
separate_arguments(CXX)
separate_arguments(HEADERS)

set(warnings -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
set(failures 0)
macro(compile compiler)
  execute_process(COMMAND ${compiler} ${ARGN} ${warnings} -fsyntax-only -I "${INCLUDE}"
    -include "${header}" -include "${header}" /dev/null
    RESULT_VARIABLE status ERROR_VARIABLE complaint)
  if(NOT status EQUAL 0)
    message(NOTICE "${header} alone, by ${compiler}:\n${complaint}")
    math(EXPR failures "${failures} + 1")
  endif()
endmacro()

foreach(header IN LISTS HEADERS)
  foreach(compiler IN LISTS CC)
    compile(${compiler} -x c -std=c11 -Wstrict-prototypes)
  endforeach()
  foreach(compiler IN LISTS CXX)
    compile(${compiler} -x c++ -std=c++17)
  endforeach()
endforeach()
if(failures)
  message(FATAL_ERROR "${failures} failures, named above")
endif()
