# Options, compiler settings and the warnings that every target of the project is built with.
# As a part of another project (add_subdirectory, FetchContent) only what that project links is built.
option(TENON_BUILD_TESTS "Build the tests and the examples" ${PROJECT_IS_TOP_LEVEL})
option(TENON_BUILD_BENCH "Build the benchmarks" OFF)
option(TENON_WITH_ONEDNN "Build the oneDNN engine (the default engine)" ON)
option(TENON_WITH_OPENMP "Let engines use OpenMP threads" ON)
option(TENON_WITH_MPI "Train over several processes where MPI is installed" ON)
option(TENON_FUZZ "Build the fuzz targets of the readers, with clang, and nothing else" OFF)
set(TENON_SANITIZE "" CACHE STRING "Sanitizers to build with, as -fsanitize= takes them")
option(TENON_UNITY "Compile several files of a room at once: a clean build takes a third of the time" ON)
option(TENON_WARNINGS_AS_ERRORS "Treat warnings of the project's own code as errors"
       ${PROJECT_IS_TOP_LEVEL})

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(TENON_CCACHE ccache)
if(TENON_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${TENON_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${TENON_CCACHE}")
endif()

# What the rooms link must be known wherever they are linked, also above this folder.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(LibArchive REQUIRED)
if(TENON_WITH_OPENMP)
  find_package(OpenMP REQUIRED COMPONENTS CXX)
endif()

add_library(tenon_settings INTERFACE)
target_compile_features(tenon_settings INTERFACE cxx_std_20)
target_compile_options(tenon_settings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees overlaps in std::string that are not there (GCC bug 105651).
  target_compile_options(tenon_settings INTERFACE -Wno-restrict)
endif()
if(TENON_WARNINGS_AS_ERRORS)
  target_compile_options(tenon_settings INTERFACE -Werror)
endif()
if(TENON_SANITIZE)
  # Under a sanitizer g++ takes moved-from variants for uninitialised ones (the second option).
  target_compile_options(tenon_settings INTERFACE -fsanitize=${TENON_SANITIZE}
                         -fno-omit-frame-pointer -fno-sanitize-recover=all)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(tenon_settings INTERFACE -Wno-maybe-uninitialized)
  endif()
  target_link_options(tenon_settings INTERFACE -fsanitize=${TENON_SANITIZE})
endif()
