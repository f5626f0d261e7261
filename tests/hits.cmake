# hits.cmake - counts the instructions of hit paths in what the compiler made of hits.c: time is
# noisy, this is not. Run by ctest with -DCC= -DOBJDUMP= -DINCLUDE= -DWORK=.
get_filename_component(name ${CC} NAME)
file(MAKE_DIRECTORY ${WORK})
set(object ${WORK}/hits-${name}.o)
execute_process(
  COMMAND ${CC} -std=c11 -O2 -I${INCLUDE} -c ${CMAKE_CURRENT_LIST_DIR}/hits.c -o ${object}
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${OBJDUMP} -d --no-show-raw-insn ${object} OUTPUT_VARIABLE code
  COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE ";" "," code "${code}")

# hit_<path> and the most instructions it may have, its return included. Both compilers lay the hit
# out in front of the slow call.
set(failed FALSE)
foreach(limit IN ITEMS arena_constant=6 arena_tested=9 arena_run_time=12 pool_get=9 pool_put=14
    cache_get=9 cache_put=14 mtpool_get=13 mtpool_put=17 str_char=10)
  string(REGEX MATCH "^(.*)=(.*)$" limit ${limit})
  set(path ${CMAKE_MATCH_1})
  set(most ${CMAKE_MATCH_2})
  string(FIND "${code}" "<hit_${path}>:\n" start)
  if(start LESS 0)
    message(FATAL_ERROR "hit_${path} is not in the object")
  endif()
  string(SUBSTRING "${code}" ${start} -1 body)
  string(REGEX MATCHALL "\n +[0-9a-f]+:[ \t]+[a-z][^\n]*" lines "${body}")
  set(count 0)
  foreach(line IN LISTS lines)
    math(EXPR count "${count} + 1")
    if(line MATCHES ":[ \t]+retq?")
      break()
    endif()
  endforeach()
  message(STATUS "${name}: hit_${path}: ${count} instructions, at most ${most}")
  if(count GREATER most)
    set(failed TRUE)
  endif()
endforeach()
if(failed)
  message(FATAL_ERROR "a hit path has grown")
endif()
