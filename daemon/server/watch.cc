#include "server/watch.h"

namespace ringcast::server {

void Watch::want(Wanted wanted) {
  wants_refusals_.store(wanted.refusals, kRelaxed);
  wants_gaps_.store(wanted.gaps, kRelaxed);
  wants_readers_.store(wanted.readers, kRelaxed);
  const std::lock_guard lock(mutex_);
  // What nobody has taken is of a time before: it is not told to who comes later.
  if (!wanted.refusals) {
    refusals_ = {};
  }
  if (!wanted.gaps) {
    gaps_ = {};
  }
  if (!wanted.readers) {
    readers_ = {};
  }
}

void Watch::set_readers(ReaderPass pass) {
  const std::lock_guard lock(mutex_);
  readers_ = std::move(pass);
}

ReaderPass Watch::readers() {
  const std::lock_guard lock(mutex_);
  return readers_;
}

}  // namespace ringcast::server
