# stillreel_room(NAME [PRECOMPILED kind] USES rooms... LIBS third-party... SOURCES files...)
# One room = one static library stillreel_NAME. USES is the list of rooms it may include: what is not linked
# here has no include path beyond src/, and tests/layers checks the includes themselves. PRECOMPILED: the kind of
# cmake/Precompiled.cmake where it is not `standard`.
add_library(stillreel_flags INTERFACE)
target_compile_options(stillreel_flags INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wshadow;-Wconversion;-Wno-sign-conversion;-Werror=return-type>)
if(STILLREEL_SANITIZE)
  target_compile_options(stillreel_flags INTERFACE
      $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${STILLREEL_SANITIZE};-fno-omit-frame-pointer;-fno-sanitize-recover=undefined>)
  target_link_options(stillreel_flags INTERFACE -fsanitize=${STILLREEL_SANITIZE})
endif()

include(cmake/Precompiled.cmake)

function(stillreel_room name)
  cmake_parse_arguments(ROOM "" "PRECOMPILED" "USES;LIBS;SOURCES" ${ARGN})
  if(NOT ROOM_PRECOMPILED)
    set(ROOM_PRECOMPILED standard)
  endif()
  add_library(stillreel_${name} STATIC ${ROOM_SOURCES})
  target_include_directories(stillreel_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  foreach(room ${ROOM_USES})
    target_link_libraries(stillreel_${name} PUBLIC stillreel_${room})
  endforeach()
  target_link_libraries(stillreel_${name} PRIVATE ${ROOM_LIBS} stillreel_flags)
  stillreel_precompiled(stillreel_${name} ${ROOM_PRECOMPILED})
endfunction()

# stillreel_test(NAME USES rooms... SOURCES files...): one GoogleTest program per room, each of its tests
# known to ctest by name. LABELS as ctest knows them; WORKING data is found through STILLREEL_SOURCE_DIR.
function(stillreel_test name)
  cmake_parse_arguments(T "" "TIMEOUT" "USES;LIBS;LABELS;SOURCES" ${ARGN})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 120)
  endif()
  add_executable(test_${name} ${T_SOURCES})
  target_link_libraries(test_${name} PRIVATE test_support)
  foreach(room ${T_USES})
    target_link_libraries(test_${name} PRIVATE stillreel_${room})
  endforeach()
  target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(test_${name} PRIVATE STILLREEL_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
      STILLREEL_BINARY_DIR="${PROJECT_BINARY_DIR}")
  target_link_libraries(test_${name} PRIVATE ${T_LIBS} GTest::gtest_main stillreel_flags stillreel_quickly_compiled)
  stillreel_precompiled(test_${name} test)
  gtest_discover_tests(test_${name} TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60
      PROPERTIES TIMEOUT ${T_TIMEOUT} LABELS "${T_LABELS}")
endfunction()
