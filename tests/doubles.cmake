# doubles.cmake - texts of PARE_DOUBLES random doubles against the C library's, in four parts that
# ctest -j runs beside each other; `make doubles` builds it optimised.
set(PARE_DOUBLES 1000000 CACHE STRING "How many random doubles")
add_executable(soak_decimal soak_decimal.c support/doubles.c)
target_include_directories(soak_decimal PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(soak_decimal PRIVATE pare::static)
pare_target_defaults(soak_decimal)
math(EXPR part "${PARE_DOUBLES} / 4")
foreach(seed RANGE 1 4)
  add_test(NAME soak/decimal/${seed}
    COMMAND ${launcher} $<TARGET_FILE:soak_decimal> ${part} ${seed})
  set_tests_properties(soak/decimal/${seed} PROPERTIES TIMEOUT 86400)
endforeach()
