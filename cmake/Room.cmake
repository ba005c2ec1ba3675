# millrace_room(<name> LAYER <n> SOURCES ... [DEPS room ...] [EXTERNAL target ...] [TESTS x_test.cc ...] [TEST_DEPS room ...])
#
# Declares one room of the house as the static library millrace_<name>, and its unit tests as <name>_test. A room may
# depend on rooms of a lower layer only; an upward or sideways DEPS stops the configuration. Headers are included as
# "room/file.h"; the tidy test holds the includes themselves to the same rule.
function(millrace_room name)
  cmake_parse_arguments(ROOM "" "LAYER" "SOURCES;DEPS;EXTERNAL;TESTS;TEST_DEPS" ${ARGN})
  foreach(dep IN LISTS ROOM_DEPS)
    get_property(dep_layer TARGET millrace_${dep} PROPERTY MILLRACE_LAYER)
    if(NOT dep_layer LESS ROOM_LAYER)
      message(FATAL_ERROR "room ${name} (layer ${ROOM_LAYER}) must not depend on ${dep} (layer ${dep_layer})")
    endif()
  endforeach()

  add_library(millrace_${name} STATIC ${ROOM_SOURCES})
  set_property(TARGET millrace_${name} PROPERTY MILLRACE_LAYER ${ROOM_LAYER})
  target_include_directories(millrace_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  list(TRANSFORM ROOM_DEPS PREPEND millrace_)
  target_link_libraries(millrace_${name} PUBLIC ${ROOM_DEPS} ${ROOM_EXTERNAL})

  if(MILLRACE_TESTS AND ROOM_TESTS)
    add_executable(${name}_test ${ROOM_TESTS})
    list(TRANSFORM ROOM_TEST_DEPS PREPEND millrace_)
    target_link_libraries(${name}_test PRIVATE millrace_${name} ${ROOM_TEST_DEPS} GTest::gmock GTest::gtest_main)
    add_test(NAME ${name}_test COMMAND ${name}_test)
    set_tests_properties(${name}_test PROPERTIES LABELS unit TIMEOUT 300)
  endif()
endfunction()
