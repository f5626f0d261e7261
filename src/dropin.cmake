# dropin.cmake - writes the single header.
#
#   cmake [-DOUT=build/dropin/pare.h] [-DPARTS="arena str"] -P src/dropin.cmake
#
# The output is the public headers in teaching order and, behind PARE_IMPLEMENTATION, the internal
# headers and sources: each file as it is, without its includes of our own files, between marks.
# PARTS picks modules; what they include, and so on down, comes with them. Without it all are in but
# PARE_EXTRA_MODULES; PARTS="all" is all. Nothing but the files' text goes in, so the same tree
# gives the same bytes.
cmake_minimum_required(VERSION 3.20)
include("${CMAKE_CURRENT_LIST_DIR}/modules.cmake")
if(NOT OUT)
  set(OUT "${PARE_ROOT}/build/dropin/pare.h")
endif()

# --- which modules ---------------------------------------------------------------------------

# The files of ours that one text includes, as module or internal header names, into `result`.
function(includes_of file result)
  file(READ "${file}" text)
  string(REGEX MATCHALL "#include \"(pare|internal)/[a-z0-9_]+" lines "${text}")
  list(TRANSFORM lines REPLACE ".*/" "")
  set(${result} ${lines} PARENT_SCOPE)
endfunction()

string(REGEX REPLACE "[ ,]+" ";" wanted "${PARTS}")
list(REMOVE_ITEM wanted "")
if(NOT wanted OR wanted STREQUAL "all")
  set(all ${wanted})
  set(wanted ${PARE_PUBLIC_MODULES})
  if(NOT all)
    list(REMOVE_ITEM wanted ${PARE_EXTRA_MODULES})
  endif()
endif()
foreach(part IN LISTS wanted)
  if(NOT part IN_LIST PARE_PUBLIC_MODULES)
    list(JOIN PARE_PUBLIC_MODULES " " known)
    message(FATAL_ERROR "There is no part \"${part}\". The parts are: ${known}")
  endif()
endforeach()

# Everything reachable. The heap is what a zeroed allocator stands for, so it always comes along.
set(queue ${wanted} heap)
set(reached "")
while(queue)
  list(POP_FRONT queue name)
  if(name IN_LIST reached)
    continue()
  endif()
  list(APPEND reached ${name})
  foreach(file IN ITEMS include/pare/${name}.h src/internal/${name}.h src/${name}.c)
    if(EXISTS "${PARE_ROOT}/${file}")
      includes_of("${PARE_ROOT}/${file}" more)
      list(APPEND queue ${more})
    endif()
  endforeach()
endwhile()

set(headers "")
set(internals "")
set(sources "")
foreach(name IN LISTS PARE_MODULES)
  if(name IN_LIST reached)
    list(APPEND sources src/${name}.c)
    if(name IN_LIST PARE_PUBLIC_MODULES)
      list(APPEND headers include/pare/${name}.h)
    endif()
  endif()
endforeach()
foreach(name IN LISTS PARE_INTERNAL_HEADERS)
  if(name IN_LIST reached)
    list(APPEND internals src/internal/${name}.h)
  endif()
endforeach()

# --- one file's text -------------------------------------------------------------------------

# Appends `file` to `output` between marks, without what the whole has only once.
macro(append_file file)
  file(READ "${PARE_ROOT}/${file}" text)
  string(REGEX REPLACE "\n#include \"(pare|internal)/[^\n]*" "" text "\n${text}")
  string(REPLACE "\n * SPDX-License-Identifier: MIT */" " */" text "${text}")
  if(text MATCHES "SPDX" OR text MATCHES "#include \"")
    message(FATAL_ERROR "${file}: its SPDX line must end its first comment, and it may include "
      "only \"pare/x.h\" and \"internal/x.h\"")
  endif()
  string(APPEND output "\n/* ==== begin ${file} ==== */${text}/* ==== end ${file} ==== */\n")
endmacro()

# The external names that `file` declares, appended to `names`. Functions that inline code calls
# are left out: their names carry the namespace already.
macro(append_names file)
  file(READ "${PARE_ROOT}/${file}" text)
  string(REGEX REPLACE "\\[[^]\n]*\\]" "" text "${text}") # brackets would upset CMake's lists
  string(REGEX MATCHALL "\n(PARE_NODISCARD )?PARE_API[^;]*" declarations "${text}")
  string(REPLACE "#define PARE_API" "" uses "${text}")
  string(REGEX MATCHALL "PARE_API" uses "${uses}")
  list(LENGTH uses use_count)
  list(LENGTH declarations declaration_count)
  if(NOT use_count EQUAL declaration_count)
    message(FATAL_ERROR "${file}: PARE_API has to begin each declaration, after at most "
      "PARE_NODISCARD; otherwise PARE_NAMESPACE would miss it")
  endif()
  foreach(declaration IN LISTS declarations)
    if(NOT declaration MATCHES "[ *](parei?_[a-z0-9_]+)(\\(|$)")
      message(FATAL_ERROR "${file}: no name found in:${declaration}")
    endif()
    set(name ${CMAKE_MATCH_1})
    if(NOT text MATCHES "#define ${name} PAREI_ABI_NAME")
      list(APPEND names ${name})
    endif()
  endforeach()
endmacro()

# --- the whole -------------------------------------------------------------------------------

set(names "")
foreach(file IN LISTS headers internals)
  append_names(${file})
endforeach()
set(renames "")
foreach(name IN LISTS names)
  string(APPEND renames "#define ${name} PAREI_NAME(${name})\n")
endforeach()

file(READ "${PARE_ROOT}/LICENSE" license)
string(STRIP "${license}" license)
string(REPLACE "\n" "\n * " license "${license}")
string(REPLACE " * \n" " *\n" license "${license}")
list(TRANSFORM headers REPLACE ".*/(.*)\\.h" "\\1" OUTPUT_VARIABLE parts)
list(JOIN parts " " parts)

set(output "/* pare.h - allocation discipline for C, version ${PARE_VERSION}, in a single header.
 *
 * Use      Include it where it is needed, in C11 or C++17. One C file of the program, which
 *          should hold nothing else, is:
 *              #define PARE_IMPLEMENTATION
 *              #include \"pare.h\"
 * Options  Macros, defined before the include and alike in all files of a program; the compiler's
 *          command line is the best place.
 *          PARE_STATIC     Everything is static: no external name at all. Each file that uses
 *                          pare then defines PARE_IMPLEMENTATION too, and has a copy of its own.
 *          PARE_NAMESPACE  A word that is put before every external name, so that copies of pare
 *                          can live side by side in one program: -DPARE_NAMESPACE=mylib.
 *          PARE_MIN_ALIGN  8 or 16: see base.h. Files that disagree do not link.
 *          PARE_NO_LIBC    Needs memcpy, memmove, memset and memcmp only; there is no heap then.
 *          PARE_NO_THREADS Nothing is locked: one thread at a time may use mt types.
 *          PARE_CHECKED    Turns on pare's checks of itself.
 * Symbols  are hidden: a shared object that contains pare does not export it.
 * Holds    ${parts}
 *
 * Written by src/dropin.cmake from the files named below: change those instead.
 * SPDX-License-Identifier: MIT
 *
 * ${license} */
#ifndef PAREI_DROPIN
#define PAREI_DROPIN 1
#ifdef PARE_BASE_H
#error \"this file has included an installed pare already: use either, not both\"
#endif
#ifdef PARE_NAMESPACE
${renames}#endif
#endif
")
foreach(file IN LISTS headers)
  append_file(${file})
endforeach()
string(APPEND output "
#if defined(PARE_IMPLEMENTATION) && !defined(PAREI_IMPLEMENTED)
#define PAREI_IMPLEMENTED 1
#ifdef __cplusplus
#error \"pare's implementation is C11: define PARE_IMPLEMENTATION in a C file\"
#endif
")
foreach(file IN LISTS internals sources)
  append_file(${file})
endforeach()
string(APPEND output "\n#endif /* PARE_IMPLEMENTATION */\n")
file(WRITE "${OUT}" "${output}")
