# moorgate_folder(<name> [SERIAL] [USES <folders…>] [LIBRARIES <private libraries…>])
#
# One static library per folder of src/, made of its *.cpp. Its *_test.cpp become <name>_test and
# its *_bench.cpp (in bench/) are not its business. Libraries stay private: what a header of the
# folder needs from outside is only Boost.Asio's awaitable, which every folder has through base.
# SERIAL: the tests look at the clock, and run alone.
function(moorgate_folder name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL" "" "USES;LIBRARIES")
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")

  add_library(moorgate_${name} STATIC ${sources})
  target_include_directories(moorgate_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  list(TRANSFORM arg_USES PREPEND moorgate_)
  target_link_libraries(moorgate_${name} PUBLIC moorgate_options ${arg_USES} PRIVATE ${arg_LIBRARIES})

  if(tests AND MOORGATE_TESTS)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE moorgate_${name} ${arg_LIBRARIES} GTest::gmock_main)
    add_test(NAME unit.${name} COMMAND ${name}_test --gtest_brief=1)
    set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT 300
                         RUN_SERIAL "${arg_SERIAL}")
  endif()
endfunction()
