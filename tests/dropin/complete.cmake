# complete.cmake - USER mentions every inline function and every macro with parameters that the
# single header DROPIN offers.
cmake_minimum_required(VERSION 3.20)
file(READ "${DROPIN}" text)
file(READ "${USER}" user)
string(FIND "${text}" "#if defined(PARE_IMPLEMENTATION)" end)
string(SUBSTRING "${text}" 0 ${end} text)
string(REGEX REPLACE "[][;]" " " text "${text}") # these would upset CMake's lists

string(REGEX MATCHALL "\n#define PARE_[A-Z0-9_]+\\(" names "${text}")
string(REGEX MATCHALL "\n[A-Z_ ]*PAREI_INLINE[^({]+\\(" functions "${text}")
list(APPEND names ${functions})
set(missing "")
foreach(name IN LISTS names)
  if(name MATCHES "[ *](pare_[a-z0-9_]+|PARE_[A-Z0-9_]+)\\($")
    set(name ${CMAKE_MATCH_1})
    if(NOT user MATCHES "[^a-zA-Z0-9_]${name}\\(")
      string(APPEND missing " ${name}")
    endif()
  endif()
endforeach()
if(missing)
  message(FATAL_ERROR "${USER} does not use:${missing}")
endif()
