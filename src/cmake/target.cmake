# target.cmake - how our own targets are compiled. Nothing here reaches a user's targets.

# C11 without extensions, and the warnings that the code is kept free of.
function(pare_target_defaults target)
  set_target_properties(${target} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF)
  if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion -Wshadow -Wpedantic
      $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes> $<$<BOOL:${PARE_WERROR}>:-Werror>)
  endif()
endfunction()
