#include "app/read_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>

namespace ringcast::app {

Result<std::string> read_file(const std::string& path, size_t max_bytes) {
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  std::string text(max_bytes + 1, '\0');
  if (stream) {
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  }
  // A directory opens and cannot be read.
  if (!stream.is_open() || stream.bad()) {
    const std::string why = errno != 0 ? std::strerror(errno) : "cannot be read";
    return fail(Errc::kIo, path + ": " + why);
  }
  text.resize(static_cast<size_t>(stream.gcount()));
  if (text.size() > max_bytes) {
    return fail(Errc::kInvalid, path + ": larger than " + std::to_string(max_bytes) + " bytes");
  }
  return text;
}

}  // namespace ringcast::app
