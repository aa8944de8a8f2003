# Every third-party library, found once. tools/packages.txt names the Debian packages that hold them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(restinio REQUIRED)
# RESTinio runs on the stand-alone Asio, which is headers only.
find_path(ASIO_INCLUDE asio.hpp REQUIRED)
add_library(asio::asio INTERFACE IMPORTED)
set_target_properties(asio::asio PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${ASIO_INCLUDE}
    INTERFACE_LINK_LIBRARIES Threads::Threads)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
pkg_check_modules(webp REQUIRED IMPORTED_TARGET libwebp libwebpdemux)
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(lcms2 REQUIRED IMPORTED_TARGET lcms2)
pkg_check_modules(crypto REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(curl REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(sqlite3 REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(hwy REQUIRED IMPORTED_TARGET libhwy)
pkg_check_modules(ffmpeg REQUIRED IMPORTED_TARGET
    libavformat libavcodec libavfilter libswscale libswresample libavutil)

# Debian keeps OpenCV's CMake files in the 673 MB libopencv-dev; the four modules that we use need no more than
# a header path and a library each.
find_path(OPENCV_INCLUDE opencv2/core.hpp PATH_SUFFIXES opencv4 REQUIRED)
foreach(module core imgproc video photo)
  find_library(OPENCV_${module} opencv_${module} REQUIRED)
  add_library(opencv::${module} UNKNOWN IMPORTED)
  set_target_properties(opencv::${module} PROPERTIES IMPORTED_LOCATION ${OPENCV_${module}}
      INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${OPENCV_INCLUDE} INTERFACE_INCLUDE_DIRECTORIES ${OPENCV_INCLUDE})
endforeach()

# oneDNN's own CMake files ask for OpenCL, which we do not use; libgomp is the OpenMP that it runs on.
find_library(DNNL_LIBRARY dnnl REQUIRED)
find_path(DNNL_INCLUDE oneapi/dnnl/dnnl.hpp REQUIRED)
add_library(dnnl::dnnl UNKNOWN IMPORTED)
set_target_properties(dnnl::dnnl PROPERTIES IMPORTED_LOCATION ${DNNL_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${DNNL_INCLUDE} INTERFACE_LINK_LIBRARIES gomp)

# A developer's second build is faster with ccache; nobody needs it. It keeps files that read precompiled headers
# only when told that neither __TIME__ nor a macro defined before them matters.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE_PROGRAM})
endif()

# The JSON library is templates alone: its parser and writer are compiled once, in here, and not in each of the
# hundred files that use them (a fifth of the whole build).
add_library(compiled_json STATIC cmake/json/json.cpp)
target_include_directories(compiled_json PRIVATE cmake/json)
target_link_libraries(compiled_json PRIVATE stillreel_flags)
target_include_directories(nlohmann_json::nlohmann_json BEFORE INTERFACE ${PROJECT_SOURCE_DIR}/cmake/json)
target_link_libraries(nlohmann_json::nlohmann_json INTERFACE compiled_json)
