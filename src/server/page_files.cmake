# SPDX-License-Identifier: MIT
# Embeds the built page (web/dist, gzip files only) into the program: an assembler file with .incbin, which costs the
# compiler nothing, and a table of what is where. Without a built page the table is empty and the server says so.
file(GLOB_RECURSE page_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/web/dist/*.gz)
set(assembly "# made by page_files.cmake\n    .section .rodata\n")
set(declarations "")
set(rows "")
set(index 0)
foreach(file ${page_files})
  file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR}/web/dist ${file})
  string(REGEX REPLACE "[.]gz$" "" path ${path})
  file(SHA256 ${file} digest)
  string(SUBSTRING ${digest} 0 32 digest)
  string(APPEND assembly "    .global tracseq_page_${index}\n    .global tracseq_page_${index}_end\n    .balign 16\n"
    "tracseq_page_${index}:\n    .incbin \"${file}\"\ntracseq_page_${index}_end:\n    .byte 0\n")
  file(SIZE ${file} size)
  string(APPEND declarations "extern \"C\" const unsigned char tracseq_page_${index}[];\n")
  string(APPEND rows "    {\"${path}\", tracseq_page_${index}, ${size}, \"\\\"${digest}\\\"\"},\n")
  math(EXPR index "${index} + 1")
endforeach()
string(APPEND assembly "    .section .note.GNU-stack,\"\",%progbits\n")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${page_files})
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/page_files.S CONTENT "${assembly}" @ONLY)
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/page_files.cpp @ONLY CONTENT "// made by page_files.cmake
#include \"server/page.h\"

${declarations}
namespace tracseq::server {
extern const PageFile kPageFiles[];
extern const std::size_t kPageFileCount;
const PageFile kPageFiles[] = {
${rows}    {nullptr, nullptr, 0, nullptr},
};
const std::size_t kPageFileCount = ${index};
}  // namespace tracseq::server
")
set_source_files_properties(${CMAKE_CURRENT_BINARY_DIR}/page_files.S PROPERTIES OBJECT_DEPENDS "${page_files}")
target_sources(tracseq_server PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/page_files.S ${CMAKE_CURRENT_BINARY_DIR}/page_files.cpp)
