# variants.cmake - the suites under other compilers and flags. Each variant is one ctest test: a
# nested build in build/variants/<name>, and a ctest there.

find_program(PARE_GCC gcc)
find_program(PARE_CLANG clang)
find_program(PARE_CLANGXX clang++)

set(sanitize "-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined"
  "-fno-sanitize-recover=all -DPARE_CHECKED=1")
list(JOIN sanitize " " sanitize)

# pare_variant(name COMPILER cc [FLAGS flags] SUITES suite... [MODULES module...]): the suites, of
# these modules only or of all.
function(pare_variant name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "COMPILER;FLAGS" "SUITES;MODULES")
  if(NOT arg_COMPILER)
    message(STATUS "pare: the tests of ${name} are left out: no such compiler")
    return()
  endif()
  list(JOIN arg_SUITES " " suites)
  list(JOIN arg_MODULES " " modules)
  set(options "-DCMAKE_C_COMPILER=${arg_COMPILER}" "-DCMAKE_C_FLAGS=${arg_FLAGS}"
    "-DPARE_SUITES=${suites}" "-DPARE_TEST_MODULES=${modules}"
    -DPARE_WERROR=${PARE_WERROR} -DPARE_BUILD_EXAMPLES=OFF -DPARE_BUILD_BENCH=OFF
    -DPARE_JEMALLOC=OFF -DPARE_INSTALL=OFF)
  if(arg_COMPILER STREQUAL PARE_CLANG)
    list(APPEND options "-DCMAKE_CXX_COMPILER=${PARE_CLANGXX}")
  endif()
  if(arg_FLAGS MATCHES "-O")
    list(APPEND options -DCMAKE_BUILD_TYPE=None)
  endif()
  add_test(NAME variant/${name} COMMAND ${CMAKE_CTEST_COMMAND}
    --build-and-test ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/variants/${name}
    --build-noclean --build-generator ${CMAKE_GENERATOR} --build-options ${options}
    --test-command ${CMAKE_CTEST_COMMAND} --output-on-failure --no-tests=error)
  set_tests_properties(variant/${name} PROPERTIES TIMEOUT 900 COST 100
    ENVIRONMENT CMAKE_BUILD_PARALLEL_LEVEL=1) # ctest -j already keeps all cores busy
endfunction()

# The modules whose tests make threads, here or in support/traffic.h: all else TSan only slows down.
set(threaded "")
foreach(module IN LISTS PARE_MODULES)
  file(STRINGS ${CMAKE_CURRENT_SOURCE_DIR}/test_${module}.c makes_threads
    REGEX "pthread_create|support/traffic.h")
  if(makes_threads)
    list(APPEND threaded ${module})
  endif()
endforeach()

pare_variant(gcc-asan COMPILER "${PARE_GCC}" FLAGS "${sanitize}" SUITES static dropin planted)
pare_variant(clang-asan COMPILER "${PARE_CLANG}" FLAGS "${sanitize}" SUITES static dropin planted)
set(tsan "-O1 -g -fsanitize=thread")
pare_variant(gcc-tsan COMPILER "${PARE_GCC}" FLAGS "${tsan}"
  SUITES static soak MODULES ${threaded})
pare_variant(clang-tsan COMPILER "${PARE_CLANG}" FLAGS "${tsan}"
  SUITES static soak MODULES ${threaded})
# The same calls, and nothing is locked.
pare_variant(no-threads COMPILER "${PARE_GCC}" FLAGS "-DPARE_NO_THREADS"
  SUITES static dropin MODULES pool rack mtpool)
pare_variant(clang COMPILER "${PARE_CLANG}" SUITES static dropin cxx)
pare_variant(fortify COMPILER "${PARE_GCC}" FLAGS "-O2 -D_FORTIFY_SOURCE=3" SUITES dropin)
pare_variant(lto COMPILER "${PARE_GCC}" FLAGS "-O2 -D_FORTIFY_SOURCE=3 -flto" SUITES dropin)
