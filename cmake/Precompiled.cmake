# What makes a first build short: headers that nearly every file reads are compiled once, and code without loops over
# pixels or numbers is optimised less (docs/performance.md, "Building and testing", has the figures).
#
# A precompiled header hides a forgotten #include: the presets dev, tsan and fuzz build without, and would tell.
# Only GCC takes one whose users define further macros (FMT_SHARED, HWY_SHARED_DEFINE). Files that compile themselves
# for several instruction sets (Highway's foreach_target) go without: behind one, GCC 12 forgets there that ISO C++ does
# not contract a * b + c into one rounding, and numbers change.
string(COMPARE EQUAL "${CMAKE_CXX_COMPILER_ID}" GNU with_gcc)
option(STILLREEL_PRECOMPILED "Precompile the headers that most files read" ${with_gcc})

# By default the compiler walks all of a precompiled header again and again to find memory to give back: 8 % of
# its time. Behind one, GCC 12 also takes its own std::string for our code and warns of it.
if(STILLREEL_PRECOMPILED)
  target_compile_options(stillreel_flags INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:--param=ggc-min-heapsize=400000;
      -Wno-array-bounds;-Wno-restrict;-Wno-stringop-overflow;-Wno-stringop-overread>)
endif()

# For programs that spend their time elsewhere: -O1 compiles them in two thirds of the time.
add_library(stillreel_quickly_compiled INTERFACE)
target_compile_options(stillreel_quickly_compiled INTERFACE $<$<CONFIG:Release>:-O1>)

# stillreel_headers(KIND HEADERS names... LIBS libraries...): the precompiled header of a kind. Only what any room may
# include (tests/layers) goes into a kind that rooms share.
function(stillreel_headers kind)
  if(NOT STILLREEL_PRECOMPILED)
    return()
  endif()
  cmake_parse_arguments(H "" "" "HEADERS;LIBS" ${ARGN})
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/precompiled_${kind}.cpp CONTENT "")
  add_library(precompiled_${kind} STATIC ${PROJECT_BINARY_DIR}/precompiled_${kind}.cpp)
  target_link_libraries(precompiled_${kind} PRIVATE stillreel_flags ${H_LIBS})
  list(TRANSFORM H_HEADERS REPLACE "(.+)" "<\\1>")
  target_precompile_headers(precompiled_${kind} PRIVATE ${H_HEADERS})
endfunction()

# stillreel_precompiled(TARGET KIND): the sources of TARGET read it first. Same options as the kind's own. KIND none:
# nothing happens.
function(stillreel_precompiled target kind)
  if(STILLREEL_PRECOMPILED AND NOT kind STREQUAL none)
    target_precompile_headers(${target} REUSE_FROM precompiled_${kind})
  endif()
endfunction()

set(standard_headers algorithm array chrono cmath cstdint filesystem functional map memory optional set span sstream
    string string_view unordered_map utility vector)
stillreel_headers(standard HEADERS ${standard_headers})
stillreel_headers(json HEADERS ${standard_headers} nlohmann/json.hpp LIBS nlohmann_json::nlohmann_json)
stillreel_headers(app HEADERS ${standard_headers} nlohmann/json.hpp CLI/CLI.hpp
    LIBS nlohmann_json::nlohmann_json CLI11::CLI11 stillreel_quickly_compiled)
stillreel_headers(test HEADERS ${standard_headers} gtest/gtest.h LIBS GTest::gtest stillreel_quickly_compiled)
