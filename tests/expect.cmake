# expect.cmake - runs a program and compares what it does with what was expected.
#
#   cmake -DPROGRAM=path [-DLAUNCHER=command] [-DARGS="a b"] [-DINPUT=file] ... -P expect.cmake,
#
# with LAUNCHER before the program, and one of
#
#   -DSOURCE=x.c      must exit with 0 and print what x.c's first comment says: the lines after
#                     " * Prints:", each behind " *   "
#   -DEXPECTED=file   must exit with 0 and print that file
#   -DDIES=regex      must fail and say something that matches
cmake_minimum_required(VERSION 3.20)

separate_arguments(LAUNCHER UNIX_COMMAND "${LAUNCHER}")
separate_arguments(ARGS UNIX_COMMAND "${ARGS}")
if(NOT INPUT)
  set(INPUT /dev/null)
endif()
execute_process(COMMAND ${LAUNCHER} "${PROGRAM}" ${ARGS} INPUT_FILE "${INPUT}"
  RESULT_VARIABLE status OUTPUT_VARIABLE printed ERROR_VARIABLE complaint)

if(DEFINED DIES)
  if(status EQUAL 0 OR NOT "${printed}${complaint}" MATCHES "${DIES}")
    message(FATAL_ERROR "expected a failure with \"${DIES}\"; status ${status}, and\n"
      "${printed}${complaint}")
  endif()
  return()
endif()

if(EXPECTED)
  file(READ "${EXPECTED}" expected)
else()
  file(READ "${SOURCE}" text)
  if(NOT text MATCHES "^/\\*[^/]*\n \\* Prints:\n(( \\*   [^\n]*\n)+)")
    message(FATAL_ERROR "${SOURCE}: the first comment has no \" * Prints:\" and lines after it")
  endif()
  string(REPLACE "\n *   " "\n" expected "\n${CMAKE_MATCH_1}")
  string(SUBSTRING "${expected}" 1 -1 expected)
endif()
if(NOT status EQUAL 0 OR NOT printed STREQUAL expected)
  message(FATAL_ERROR "expected:\n${expected}\nstatus ${status}, and printed:\n${printed}"
    "${complaint}")
endif()
