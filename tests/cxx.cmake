# cxx.cmake - the declarations half of the single header in a C++17 program.
enable_language(CXX)
add_executable(cxx dropin/cxx.cc)
target_link_libraries(cxx PRIVATE pare_test_dropin)
pare_target_defaults(cxx)
set_target_properties(cxx PROPERTIES CXX_STANDARD 17 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF)
add_test(NAME cxx COMMAND cxx)

# Every inline function and every macro with parameters that users may call has to occur in cxx.cc.
add_test(NAME cxx/complete COMMAND ${CMAKE_COMMAND} -DDROPIN=${dropin}
  -DUSER=${CMAKE_CURRENT_SOURCE_DIR}/dropin/cxx.cc
  -P ${CMAKE_CURRENT_SOURCE_DIR}/dropin/complete.cmake)
