# modules.cmake - the one list of modules. The library, the single header, the header checks, the
# test suites and the check of include/pare.h all derive from it.
#
# A module m is include/pare/m.h, src/m.c and tests/test_m.c. To add one: write these three, name
# it here, include it in include/pare.h.

get_filename_component(PARE_ROOT "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)

# In teaching order: each module uses only modules before it.
set(PARE_MODULES
  base alloc heap fixed pages counting budget must layout blocks guard line arena rewind extend
  scratch mag harden serve pool thread rack mtpool bufpool bufrack mtbufpool buf io decimal str
  escape strpool text)

# Modules without a public header: theirs is src/internal/m.h.
set(PARE_PRIVATE_MODULES blocks guard line rewind extend mag harden serve rack bufrack decimal
  escape)

# Modules that the single header leaves out unless PARTS names them.
set(PARE_EXTRA_MODULES text)

# src/internal/*.h, each after those it includes.
set(PARE_INTERNAL_HEADERS bits check order classes blocks guard rewind extend line grow digits
  mag harden trims serve os slots stock rack bufrack decimal utf8 plain escape)

set(PARE_PUBLIC_MODULES ${PARE_MODULES})
list(REMOVE_ITEM PARE_PUBLIC_MODULES ${PARE_PRIVATE_MODULES})

# The version and the number of the binary interface stand in base.h and nowhere else. The second
# is the soname's: it counts changes of struct layout or of inline code, whatever the version.
file(READ "${PARE_ROOT}/include/pare/base.h" base_h)
foreach(number IN ITEMS VERSION_MAJOR VERSION_MINOR VERSION_PATCH ABI)
  if(NOT base_h MATCHES "#define PARE_${number} ([0-9]+)")
    message(FATAL_ERROR "include/pare/base.h does not define PARE_${number} as a number")
  endif()
  set(PARE_${number} ${CMAKE_MATCH_1})
endforeach()
set(PARE_VERSION ${PARE_VERSION_MAJOR}.${PARE_VERSION_MINOR}.${PARE_VERSION_PATCH})
unset(base_h)
