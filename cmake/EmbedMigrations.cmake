# SPDX-License-Identifier: MIT
# cmake -DOUTPUT=<file.cpp> -DFILES=<a.sql|b.sql|…> -P EmbedMigrations.cmake
# Writes the migrations, in order of their numbers, as string literals.
string(REPLACE "|" ";" files "${FILES}")
list(SORT files)
set(entries "")
foreach(file ${files})
  get_filename_component(stem ${file} NAME_WE)
  if(NOT stem MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)$")
    message(FATAL_ERROR "${file}: a migration is named NNNN_name.sql")
  endif()
  set(number ${CMAKE_MATCH_1})
  string(REGEX REPLACE "^0+" "" version ${number})
  file(READ ${file} text)
  string(APPEND entries "    {${version}, \"${stem}\", R\"migration(${text})migration\"},\n")
endforeach()
file(WRITE ${OUTPUT}.new "// Written by EmbedMigrations.cmake.
#include \"storage/sql/migrations.h\"

namespace tracseq::sql {
namespace {
constexpr Migration kMigrations[] = {
${entries}};
}  // namespace

std::span<const Migration> embedded_migrations() { return kMigrations; }

}  // namespace tracseq::sql
")
file(RENAME ${OUTPUT}.new ${OUTPUT})
