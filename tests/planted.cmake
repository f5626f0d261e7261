# planted.cmake - the sanitizers' own test: each bug of planted.c has to be reported. Only sense in
# a build with -fsanitize=address,undefined.
add_executable(planted planted.c)
target_link_libraries(planted PRIVATE pare::static)
pare_target_defaults(planted)

# name, and what the report has to say
set(bugs
  arena_use_after_reset use-after-poison
  arena_use_after_rewind use-after-poison
  arena_overflow_by_one "use-after-poison|heap-buffer-overflow"
  pool_use_after_put use-after-poison
  bufpool_use_after_put use-after-poison
  str_read_past_end "use-after-poison|heap-buffer-overflow"
  memcpy_overflow "use-after-poison|heap-buffer-overflow"
  signed_overflow "signed integer overflow")
while(bugs)
  list(POP_FRONT bugs bug report)
  add_test(NAME planted/${bug} COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:planted>
    -DARGS=${bug} "-DDIES=${report}" -P ${CMAKE_CURRENT_SOURCE_DIR}/expect.cmake)
  set_tests_properties(planted/${bug} PROPERTIES ENVIRONMENT ASAN_OPTIONS=detect_leaks=0)
endwhile()
