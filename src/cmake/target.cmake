# target.cmake - how our own targets are made. Nothing here reaches a user's targets.

# C11 without extensions, and the warnings that the code is kept free of.
function(pare_target_defaults target)
  set_target_properties(${target} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF)
  if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion -Wshadow -Wpedantic
      $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes> $<$<BOOL:${PARE_WERROR}>:-Werror>)
  endif()
endfunction()

# A target that writes the single header, with all modules, to directory/pare.h, and beside it a
# pare/<module>.h for each module, so that sources include what they always include.
function(pare_add_dropin target directory)
  set(inputs LICENSE src/dropin.cmake src/modules.cmake)
  foreach(name IN LISTS PARE_MODULES PARE_INTERNAL_HEADERS)
    foreach(file IN ITEMS include/pare/${name}.h src/internal/${name}.h src/${name}.c)
      if(EXISTS ${PROJECT_SOURCE_DIR}/${file})
        list(APPEND inputs ${file})
      endif()
    endforeach()
  endforeach()
  list(TRANSFORM inputs PREPEND ${PROJECT_SOURCE_DIR}/)
  add_custom_command(OUTPUT ${directory}/pare.h
    COMMAND ${CMAKE_COMMAND} -DOUT=${directory}/pare.h -DPARTS=all
      -P ${PROJECT_SOURCE_DIR}/src/dropin.cmake
    DEPENDS ${inputs} VERBATIM)
  add_custom_target(${target} DEPENDS ${directory}/pare.h)
  foreach(module IN LISTS PARE_PUBLIC_MODULES)
    file(WRITE ${directory}/pare/${module}.h "#include \"../pare.h\"\n")
  endforeach()
endfunction()
