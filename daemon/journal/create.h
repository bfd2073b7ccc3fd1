#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace ringcast::journal {

// Makes an empty journal in `directory`, which exists and has none; its lock is held. There is a
// whole database afterwards, or none: it is made beside its place. There is no mark, so that a
// daemon starts a new epoch. kStorage, kStorageFull.
Status create(const std::string& directory, std::string_view epoch);

}  // namespace ringcast::journal
