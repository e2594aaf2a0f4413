# PROJECT, which holds the sources of TENON as a part of itself, is configured in FOLDER.
file(REMOVE_RECURSE "${FOLDER}")
execute_process(COMMAND "${CMAKE_COMMAND}" -S "${PROJECT}" -B "${FOLDER}" -G "${GENERATOR}"
                        "-DTENON_FOLDER=${TENON}" "-DCMAKE_CXX_COMPILER=${COMPILER}"
                        "-DTENON_WITH_ONEDNN=${ONEDNN}" "-DTENON_WITH_OPENMP=${OPENMP}"
                RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "configure failed (${status}):\n${output}")
endif()
