# planted.cmake - the checkers' own test: each bug of planted.c has to be reported by those that can
# see it. Only sense in a build with -fsanitize=address,undefined or -fsanitize=memory, or one whose
# tests run under valgrind.
add_executable(planted planted.c)
target_link_libraries(planted PRIVATE pare::static)
pare_target_defaults(planted)

if(CMAKE_C_FLAGS MATCHES "-fsanitize=memory")
  set(checker msan)
elseif(launcher MATCHES "valgrind")
  set(checker memcheck)
else()
  set(checker asan)
endif()

# What the report of a kind of bug says.
set(poisoned_asan "use-after-poison|heap-buffer-overflow")
set(poisoned_memcheck "Invalid (read|write) of size")
set(stale_memcheck "depends on uninitialised value")
set(stale_msan "use-of-uninitialized-value")
set(undefined_asan "signed integer overflow")

# planted(bug kind...): each kind is how one checker or another sees it.
function(pare_planted bug)
  foreach(kind IN LISTS ARGN)
    if(NOT DEFINED ${kind}_${checker})
      continue()
    endif()
    add_test(NAME planted/${bug} COMMAND ${CMAKE_COMMAND} "-DLAUNCHER=${PARE_TEST_LAUNCHER}"
      -DPROGRAM=$<TARGET_FILE:planted> -DARGS=${bug} "-DDIES=${${kind}_${checker}}"
      -P ${CMAKE_CURRENT_SOURCE_DIR}/expect.cmake)
    set_tests_properties(planted/${bug} PROPERTIES ENVIRONMENT ASAN_OPTIONS=detect_leaks=0)
    return()
  endforeach()
endfunction()

# Reads of what is not in use are both; writes MSan does not look at, and ASan sees no difference
# between an object that was never written and one that was.
pare_planted(arena_use_after_reset poisoned stale)
pare_planted(arena_use_after_rewind poisoned stale)
pare_planted(arena_overflow_by_one poisoned)
pare_planted(arena_read_before_write stale)
pare_planted(pool_read_after_put poisoned stale)
pare_planted(pool_write_after_put poisoned)
pare_planted(pool_read_before_write stale)
pare_planted(pool_overflow_by_one poisoned)
pare_planted(mtpool_read_after_put poisoned stale)
pare_planted(bufpool_read_after_put poisoned stale)
pare_planted(mtbufpool_read_after_put poisoned stale)
pare_planted(bufpool_read_before_write stale)
pare_planted(str_read_past_end poisoned stale)
pare_planted(memcpy_overflow poisoned)
pare_planted(signed_overflow undefined)
