# variants.cmake - the suites under other compilers and flags. Each variant is one ctest test: a
# nested build in build/variants/<name>, and a ctest there.

find_program(PARE_GCC gcc)
find_program(PARE_CLANG clang)
find_program(PARE_CLANGXX clang++)

set(sanitize "-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined"
  "-fno-sanitize-recover=all -DPARE_CHECKED=1")
list(JOIN sanitize " " sanitize)

# pare_variant(name compiler flags suite...)
function(pare_variant name compiler flags)
  if(NOT compiler)
    message(STATUS "pare: the tests of ${name} are left out: no such compiler")
    return()
  endif()
  list(JOIN ARGN " " suites)
  set(options -DCMAKE_C_COMPILER=${compiler} "-DCMAKE_C_FLAGS=${flags}" "-DPARE_SUITES=${suites}"
    -DPARE_WERROR=${PARE_WERROR} -DPARE_BUILD_EXAMPLES=OFF -DPARE_BUILD_BENCH=OFF
    -DPARE_JEMALLOC=OFF -DPARE_INSTALL=OFF)
  if(compiler STREQUAL PARE_CLANG)
    list(APPEND options -DCMAKE_CXX_COMPILER=${PARE_CLANGXX})
  endif()
  if(flags MATCHES "-O")
    list(APPEND options -DCMAKE_BUILD_TYPE=None)
  endif()
  add_test(NAME variant/${name} COMMAND ${CMAKE_CTEST_COMMAND}
    --build-and-test ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/variants/${name}
    --build-noclean --build-generator ${CMAKE_GENERATOR} --build-options ${options}
    --test-command ${CMAKE_CTEST_COMMAND} --output-on-failure --no-tests=error)
  set_tests_properties(variant/${name} PROPERTIES TIMEOUT 900 COST 100
    ENVIRONMENT CMAKE_BUILD_PARALLEL_LEVEL=1) # ctest -j already keeps all cores busy
endfunction()

pare_variant(gcc-asan "${PARE_GCC}" "${sanitize}" static dropin planted)
pare_variant(clang-asan "${PARE_CLANG}" "${sanitize}" static dropin planted)
set(tsan "-O1 -g -fsanitize=thread")
pare_variant(gcc-tsan "${PARE_GCC}" "${tsan}" static soak)
pare_variant(clang-tsan "${PARE_CLANG}" "${tsan}" static soak)
pare_variant(clang "${PARE_CLANG}" "" static dropin cxx)
pare_variant(fortify "${PARE_GCC}" "-O2 -D_FORTIFY_SOURCE=3" dropin)
pare_variant(lto "${PARE_GCC}" "-O2 -D_FORTIFY_SOURCE=3 -flto" dropin)
