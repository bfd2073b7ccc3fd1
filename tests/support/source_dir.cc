#include "support/source_dir.h"

namespace ringcast {

std::string source_dir() {
  return RINGCAST_SOURCE_DIR;
}

}  // namespace ringcast
