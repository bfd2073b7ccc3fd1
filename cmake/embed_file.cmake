file(READ ${IN} hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
file(WRITE ${OUT} "#include <string_view>
namespace ringcast {
extern const std::string_view ${NAME};
static const unsigned char bytes[] = {${bytes}0};
const std::string_view ${NAME}{reinterpret_cast<const char*>(bytes), ${size}};
}  // namespace ringcast
")
