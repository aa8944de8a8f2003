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
