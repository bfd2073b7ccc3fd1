# What makes a mistake in memory hard to use, in the builds that users run. The others have the
# sanitizers, which say more and do not go with _FORTIFY_SOURCE. tests/system/test_binary.py looks
# whether it reached the programs.
include(CheckCXXCompilerFlag)

set(released $<CONFIG:Release,RelWithDebInfo,MinSizeRel>)

# The last ones exist for some processors only.
set(hardening -fstack-protector-strong)
foreach(flag -fstack-clash-protection -fcf-protection=full -mbranch-protection=standard)
  string(MAKE_C_IDENTIFIER "takes${flag}" takes)
  check_cxx_compiler_flag(${flag} ${takes})
  if(${takes})
    list(APPEND hardening ${flag})
  endif()
endforeach()
add_compile_options("$<${released}:${hardening}>")

# -U: some compilers define it by themselves, and then warn.
add_compile_options("$<${released}:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=3>")
add_compile_definitions($<${released}:_GLIBCXX_ASSERTIONS>)

# Not CMAKE_POSITION_INDEPENDENT_CODE, which makes static libraries -fPIC: that forbids to inline
# what a shared library could replace.
set(is_shared $<STREQUAL:$<TARGET_PROPERTY:TYPE>,SHARED_LIBRARY>)
set(is_program $<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>)
add_compile_options($<$<AND:${released},$<NOT:${is_shared}>>:-fPIE>)
add_link_options("$<${released}:LINKER:-z,relro;LINKER:-z,now;LINKER:-z,noexecstack>"
  $<$<AND:${released},${is_program}>:-pie>)
