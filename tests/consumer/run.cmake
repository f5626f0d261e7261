# run.cmake - builds the consumer in one way, runs it, and looks at what came with it.
#
#   cmake -DHOW=... -DSHARED=ON|OFF -DWORK=dir -DBUILD=pare's build -DCC=cc -DGENERATOR=... \
#         -DREADELF=readelf -P run.cmake
#
#   install           installs BUILD, then moves the tree, which the next four use
#   find_package      CMake's package
#   find_jemalloc     the same with COMPONENTS jemalloc
#   pkg_config        pare.pc
#   pkg_jemalloc      pare-jemalloc.pc
#   add_subdirectory  the source tree as a subproject
#   fetch_content     the same from an archive that has only the library in it
cmake_minimum_required(VERSION 3.20)
get_filename_component(source "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
include(${source}/src/modules.cmake)
set(installed ${WORK}/moved)
set(here ${WORK}/${HOW}-${SHARED})

# run(command...): stops the test unless it succeeds; what it printed is in `printed`.
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE err)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}: ${status}\n${out}${err}")
  endif()
  set(printed "${out}" PARENT_SCOPE)
endfunction()

# Runs the consumer and sees whether it needs the shared library just if it should.
function(run_consumer program)
  run(${CMAKE_COMMAND} -E env LD_LIBRARY_PATH=${ARGN} ${program})
  if(NOT printed STREQUAL "consumer of pare ${PARE_VERSION}: 999\n")
    message(FATAL_ERROR "the consumer printed: ${printed}")
  endif()
  run(${READELF} -d ${program})
  string(FIND "${printed}" "[libpare.so.${PARE_ABI}]" at)
  if((at LESS 0 AND SHARED) OR (NOT at LESS 0 AND NOT SHARED))
    message(FATAL_ERROR "SHARED is ${SHARED}, but the consumer needs\n${printed}")
  endif()
endfunction()

# The consumer by CMake.
function(build_consumer pare)
  run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${here} -G ${GENERATOR} -DHOW=${HOW}
    -DCMAKE_C_COMPILER=${CC} -DBUILD_SHARED_LIBS=${SHARED} -DPARE=${pare}
    -DVERSION=${PARE_VERSION} -DCMAKE_PREFIX_PATH=${installed}
    -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF)
  run(${CMAKE_COMMAND} --build ${here})
  run_consumer(${here}/consumer)
endfunction()

# As a subproject pare adds its library: no tests, benches, examples, generic targets, or files to
# install.
function(check_subproject)
  run(${CMAKE_COMMAND} --build ${here} --target help)
  foreach(name IN ITEMS test_ bench example dropin format tidy)
    if(printed MATCHES "(^|[ \n/])${name}[a-z0-9_-]*(:|\n)")
      message(FATAL_ERROR "a subproject has the target ${CMAKE_MATCH_0}")
    endif()
  endforeach()
  run(${CMAKE_COMMAND} --install ${here} --prefix ${here}/nothing)
  if(EXISTS ${here}/nothing)
    message(FATAL_ERROR "a subproject installs files")
  endif()
endfunction()

# The consumer by hand, with what pkg-config says of `package`.
function(build_by_pkg_config package)
  file(GLOB_RECURSE pc ${installed}/pare.pc)
  get_filename_component(pc_dir ${pc} DIRECTORY)
  get_filename_component(lib_dir ${pc_dir} DIRECTORY)
  set(static "")
  if(NOT SHARED)
    set(static --static)
  endif()
  run(${CMAKE_COMMAND} -E env PKG_CONFIG_PATH=${pc_dir} pkg-config ${static} --cflags --libs
    ${package})
  separate_arguments(flags UNIX_COMMAND "${printed}")
  file(MAKE_DIRECTORY ${here})
  run(${CC} ${CMAKE_CURRENT_LIST_DIR}/main.c -o ${here}/consumer ${ARGN} ${flags})
  run_consumer(${here}/consumer ${lib_dir})
endfunction()

file(REMOVE_RECURSE ${here})
if(HOW STREQUAL "install")
  file(REMOVE_RECURSE ${WORK}/staged ${installed})
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/staged)
  file(RENAME ${WORK}/staged ${installed})
elseif(HOW MATCHES "^find_")
  build_consumer("")
elseif(HOW STREQUAL "pkg_config")
  if(SHARED)
    build_by_pkg_config(pare)
  else()
    build_by_pkg_config(pare -static)
  endif()
elseif(HOW STREQUAL "pkg_jemalloc")
  build_by_pkg_config(pare-jemalloc -DWITH_JEMALLOC)
elseif(HOW STREQUAL "add_subdirectory")
  build_consumer(${source})
  check_subproject()
elseif(HOW STREQUAL "fetch_content")
  file(MAKE_DIRECTORY ${here})
  execute_process(COMMAND ${CMAKE_COMMAND} -E tar cf ${here}/pare.tar CMakeLists.txt include src
    WORKING_DIRECTORY ${source} RESULT_VARIABLE status)
  build_consumer(${here}/pare.tar)
  check_subproject()
else()
  message(FATAL_ERROR "HOW=${HOW} is unknown")
endif()
