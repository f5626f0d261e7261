# model.cmake - the trade of magazines under all interleavings, by relacy (Debian: relacy-dev).
enable_language(CXX)
find_path(PARE_RELACY relacy/relacy.hpp)
if(NOT PARE_RELACY)
  message(STATUS "pare: relacy not found: its models are left out")
  return()
endif()
add_executable(model_stock model/stock.cc)
target_include_directories(model_stock PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_include_directories(model_stock SYSTEM PRIVATE ${PARE_RELACY})
set_target_properties(model_stock PROPERTIES CXX_STANDARD 17)
target_compile_options(model_stock PRIVATE -w) # relacy's own headers, by gcc of today
add_test(NAME model/stock COMMAND model_stock)
