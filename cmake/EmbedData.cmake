# stillreel_embed(TARGET SYMBOL FILE): puts the bytes of FILE into TARGET. In C++:
#   extern "C" const unsigned char SYMBOL[], SYMBOL_end[];
function(stillreel_embed target symbol file)
  get_filename_component(path ${file} ABSOLUTE)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.S)
  file(CONFIGURE OUTPUT ${source} CONTENT "\
.section .rodata
.global @symbol@
.global @symbol@_end
.balign 16
@symbol@:
.incbin \"@path@\"
@symbol@_end:
.byte 0
.section .note.GNU-stack,\"\",@progbits
" @ONLY)
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS ${path})
  target_sources(${target} PRIVATE ${source})
endfunction()

# stillreel_embed_folder(TARGET SYMBOL FOLDER): puts every file below FOLDER into TARGET, as a table that
# src/server/page.h describes. A folder that is not there is an empty table.
function(stillreel_embed_folder target symbol folder)
  file(GLOB_RECURSE paths CONFIGURE_DEPENDS RELATIVE ${folder} ${folder}/*)
  list(SORT paths)
  set(declarations "")
  set(rows "")
  set(number 0)
  foreach(path ${paths})
    stillreel_embed(${target} ${symbol}_${number} ${folder}/${path})
    string(APPEND declarations "extern \"C\" const unsigned char ${symbol}_${number}[], ${symbol}_${number}_end[];\n")
    string(APPEND rows "        {\"${path}\", {reinterpret_cast<const char*>(${symbol}_${number}),\n"
        "            static_cast<std::size_t>(${symbol}_${number}_end - ${symbol}_${number})}},\n")
    math(EXPR number "${number} + 1")
  endforeach()
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "\
#include \"server/page.h\"

@declarations@
namespace stillreel::server {

const std::vector<PageFile>& page_files() {
    static const std::vector<PageFile> files = {
@rows@    };
    return files;
}

}  // namespace stillreel::server
" @ONLY)
  target_sources(${target} PRIVATE ${source})
endfunction()
