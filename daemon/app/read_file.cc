#include "app/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ringcast::app {

namespace {

struct File {
  explicit File(int opened) : descriptor(opened) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor >= 0) {
      ::close(descriptor);
    }
  }

  const int descriptor;
};

}  // namespace

Result<std::string> read_file(const std::string& path, size_t max_bytes) {
  const auto refuse = [&path](int error) {
    return fail(Errc::kIo, path + ": " + std::strerror(error));
  };
  // Not blocking: to open a pipe would wait for who writes it.
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));  // NOLINT
  struct stat about {};
  if (file.descriptor < 0 || ::fstat(file.descriptor, &about) != 0) {
    return refuse(errno);
  }
  if (S_ISDIR(about.st_mode)) {
    return refuse(EISDIR);
  }
  if (!S_ISREG(about.st_mode)) {
    return fail(Errc::kInvalid, path + ": is not a regular file");
  }
  std::string text(max_bytes + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.descriptor, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return refuse(errno);
    }
    if (got == 0) {
      break;
    }
    size += static_cast<size_t>(got);
  }
  if (size > max_bytes) {
    return fail(Errc::kInvalid, path + ": larger than " + std::to_string(max_bytes) + " bytes");
  }
  text.resize(size);
  return text;
}

}  // namespace ringcast::app
