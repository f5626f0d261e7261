# variants.cmake - the suites under other compilers and flags. Each variant is one ctest test: a
# nested build in build/variants/<name>, and a ctest there.

find_program(PARE_GCC gcc)
find_program(PARE_CLANG clang)
find_program(PARE_CLANGXX clang++)

set(sanitize "-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined"
  "-fno-sanitize-recover=all -DPARE_CHECKED=1")
list(JOIN sanitize " " sanitize)

# pare_variant(name COMPILER cc SUITES suite... [FLAGS flags] [LAUNCHER command] [MODULES module...]
#   [OPTIONS -Doption...] [ENVIRONMENT name=value...])
# The suites, of these modules only or of all, each test program started by the launcher. Left out
# where the compiler or the launcher is not found.
function(pare_variant name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "COMPILER;FLAGS;LAUNCHER"
    "SUITES;MODULES;OPTIONS;ENVIRONMENT")
  foreach(tool IN ITEMS "${arg_COMPILER}" "${arg_LAUNCHER}")
    if(tool MATCHES "NOTFOUND")
      message(STATUS "pare: the tests of ${name} are left out: ${tool}")
      return()
    endif()
  endforeach()
  list(JOIN arg_SUITES " " suites)
  list(JOIN arg_MODULES " " modules)
  set(options "-DCMAKE_C_COMPILER=${arg_COMPILER}" "-DCMAKE_C_FLAGS=${arg_FLAGS}"
    "-DPARE_TEST_LAUNCHER=${arg_LAUNCHER}"
    "-DPARE_SUITES=${suites}" "-DPARE_TEST_MODULES=${modules}"
    -DPARE_WERROR=${PARE_WERROR} -DPARE_BUILD_EXAMPLES=OFF -DPARE_BUILD_BENCH=OFF
    -DPARE_JEMALLOC=OFF -DPARE_INSTALL=OFF ${arg_OPTIONS})
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
  # ctest -j already keeps all cores busy.
  set_tests_properties(variant/${name} PROPERTIES TIMEOUT 2400 COST 100
    ENVIRONMENT "CMAKE_BUILD_PARALLEL_LEVEL=1;${arg_ENVIRONMENT}")
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
  SUITES static dropin MODULES pool rack mtpool bufrack mtbufpool)
pare_variant(clang COMPILER "${PARE_CLANG}" SUITES static dropin cxx)
pare_variant(fortify COMPILER "${PARE_GCC}" FLAGS "-O2 -D_FORTIFY_SOURCE=3" SUITES dropin)
pare_variant(lto COMPILER "${PARE_GCC}" FLAGS "-O2 -D_FORTIFY_SOURCE=3 -flto" SUITES dropin)

# --- checkers ------------------------------------------------------------------------------------

# The modules that mark memory which is not in use, and those that live on them. memcheck looks for
# leaks at the end of each process: those that fork beside other threads have some.
set(marking base blocks guard arena rewind extend scratch mag pool mtpool bufpool bufrack buf str
  strpool)
find_program(PARE_VALGRIND valgrind)
pare_variant(valgrind COMPILER "${PARE_GCC}" FLAGS "-O1 -g" SUITES static planted
  MODULES ${marking}
  LAUNCHER "${PARE_VALGRIND} -q --error-exitcode=99 --leak-check=full")

# cmocka is not built for it, so what cmocka writes would pass for not written.
pare_variant(msan COMPILER "${PARE_CLANG}" FLAGS "-O1 -g -fsanitize=memory -DPARE_CHECKED=1"
  SUITES static planted MODULES ${marking} mtbufpool OPTIONS -DPARE_CMOCKA=OFF
  ENVIRONMENT MSAN_OPTIONS=allocator_may_return_null=1 PARE_TEST_SLOW=1)

# --- other machines ------------------------------------------------------------------------------

# cmocka is packaged for the machine that one sits at.
set(foreign -DPARE_CMOCKA=OFF)

# This machine's smaller half, whose system headers are those of the larger one.
set(PARE_GCC_M32 PARE_GCC_M32-NOTFOUND)
set(m32 -m32 -idirafter /usr/include/x86_64-linux-gnu)
if(PARE_GCC)
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/nothing.c "int main(void) { return 0; }\n")
  execute_process(COMMAND ${PARE_GCC} ${m32} nothing.c -o m32
    WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}
    RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
  if(status EQUAL 0)
    set(PARE_GCC_M32 ${PARE_GCC})
  endif()
endif()
list(JOIN m32 " " m32)
pare_variant(m32 COMPILER "${PARE_GCC_M32}" FLAGS "-O2 ${m32}" SUITES static dropin
  OPTIONS ${foreign})

# pare_linux(machine emulator): Debian's cross compiler for it, and the programs of qemu-user.
function(pare_linux machine emulator)
  set(gcc ${machine}-linux-gnu-gcc)
  find_program(PARE_GCC_${machine} NAMES ${gcc} ${gcc}-14 ${gcc}-13 ${gcc}-12)
  find_program(PARE_QEMU_${machine} NAMES ${emulator} ${emulator}-static)
  pare_variant(${machine} COMPILER "${PARE_GCC_${machine}}" LAUNCHER "${PARE_QEMU_${machine}}"
    SUITES static OPTIONS ${foreign} -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=${machine}
    ENVIRONMENT QEMU_LD_PREFIX=/usr/${machine}-linux-gnu)
endfunction()

pare_linux(s390x qemu-s390x)     # 64 bits, big endian
pare_linux(aarch64 qemu-aarch64) # loads and stores out of order

# Windows. Its first start makes a directory of its own, which no later one then looks after.
find_program(PARE_MINGW NAMES x86_64-w64-mingw32-gcc-posix x86_64-w64-mingw32-gcc)
find_program(PARE_WINE NAMES wine64 wine)
set(variants ${PROJECT_BINARY_DIR}/variants)
set(wine WINEPREFIX=${variants}/prefix WINEDEBUG=-all)
pare_variant(wine COMPILER "${PARE_MINGW}" LAUNCHER "${PARE_WINE}" SUITES static
  FLAGS -Wno-float-conversion # in macros of its math.h
  OPTIONS ${foreign} -DCMAKE_SYSTEM_NAME=Windows
    -DCMAKE_EXE_LINKER_FLAGS=-static -DCMAKE_SHARED_LINKER_FLAGS=-static
  ENVIRONMENT ${wine} WINEDLLOVERRIDES=wineboot.exe=)
if(TEST variant/wine)
  file(MAKE_DIRECTORY ${variants})
  add_test(NAME wine/prefix COMMAND ${PARE_WINE} wineboot -i)
  set_tests_properties(wine/prefix PROPERTIES FIXTURES_SETUP wine TIMEOUT 600 COST 200
    ENVIRONMENT "${wine};WINEDLLOVERRIDES=mscoree,mshtml=")
  set_tests_properties(variant/wine PROPERTIES FIXTURES_REQUIRED wine)
endif()
