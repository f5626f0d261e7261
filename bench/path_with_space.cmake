# path_with_space.cmake - runs pare-bench from a directory with a space in its name, which may not
# keep it from the libraries beside it.
set(place "${WORK}/with space")
file(MAKE_DIRECTORY "${place}")
file(COPY "${PROGRAM}" "${COUNTER}" "${SHARED}" DESTINATION "${place}")
get_filename_component(program "${PROGRAM}" NAME)
execute_process(
  COMMAND "${place}/${program}" --quick --filter "^arena/alloc-32/(floor|libc)$" --out "${place}"
  RESULT_VARIABLE status OUTPUT_VARIABLE printed ERROR_VARIABLE complaint)
file(REMOVE_RECURSE "${place}")
if(NOT status EQUAL 0 OR NOT printed MATCHES "libc +[0-9.]+ +32.0 +1.00")
  message(FATAL_ERROR "status ${status}, and printed:\n${printed}${complaint}")
endif()
