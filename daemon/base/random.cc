#include "base/random.h"

#include <random>

namespace ringcast {

uint64_t random_bits() {
  thread_local std::mt19937_64 engine = [] {
    std::random_device seed;
    std::seed_seq seeds{seed(), seed(), seed(), seed()};
    return std::mt19937_64(seeds);
  }();
  return engine();
}

}  // namespace ringcast
