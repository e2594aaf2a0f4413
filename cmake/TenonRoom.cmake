# tenon_room(NAME DEPENDS room... [LIBRARIES lib...] [SOURCES file...] [APART file...])
# One room of the house: the static library tenon_NAME made of the .cpp files beside its CMakeLists.txt
# (or of SOURCES where a room chooses its files), linked to the rooms that its door opens on.
# APART names files that are compiled by themselves in a unity build (TENON_UNITY), because they have
# names inside of the file that a neighbour has too.
# A room that DEPENDS does not name cannot be linked, so a wrong include does not link either.
function(tenon_room NAME)
  cmake_parse_arguments(ROOM "" "" "DEPENDS;LIBRARIES;SOURCES;APART" ${ARGN})
  if(NOT ROOM_SOURCES)
    file(GLOB ROOM_SOURCES CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp"
         "${CMAKE_CURRENT_SOURCE_DIR}/layers/*.cpp" "${CMAKE_CURRENT_SOURCE_DIR}/stages/*.cpp"
         "${CMAKE_CURRENT_SOURCE_DIR}/sources/*.cpp" "${CMAKE_CURRENT_SOURCE_DIR}/kernels/*.cpp"
         "${CMAKE_CURRENT_SOURCE_DIR}/cache/*.cpp")
  endif()
  add_library(tenon_${NAME} STATIC ${ROOM_SOURCES})
  add_library(tenon::${NAME} ALIAS tenon_${NAME})
  set_target_properties(tenon_${NAME} PROPERTIES EXPORT_NAME ${NAME})
  target_include_directories(tenon_${NAME}
    PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:include>"
    PRIVATE "${PROJECT_SOURCE_DIR}/src")
  set_target_properties(tenon_${NAME} PROPERTIES UNITY_BUILD ${TENON_UNITY} UNITY_BUILD_BATCH_SIZE 8)
  foreach(file IN LISTS ROOM_APART)
    set_source_files_properties("${CMAKE_CURRENT_SOURCE_DIR}/${file}" PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endforeach()
  foreach(room IN LISTS ROOM_DEPENDS)
    target_link_libraries(tenon_${NAME} PUBLIC tenon_${room})
  endforeach()
  target_link_libraries(tenon_${NAME} PRIVATE "$<BUILD_INTERFACE:tenon_settings>" ${ROOM_LIBRARIES})
  set_property(GLOBAL APPEND PROPERTY TENON_ROOMS tenon_${NAME})
endfunction()
