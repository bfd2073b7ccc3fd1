#pragma once

#include "base/result.h"
#include "journal/folder.h"
#include "journal/sqlite.h"

namespace ringcast::journal {

// Makes an empty journal where there is none: complete, or not there at all.
Status create_when_missing(const Folder& folder);

// A connection to what is proven to be a journal of ours. Nothing was changed when it fails.
Result<Database> open_checked(const Folder& folder);

}  // namespace ringcast::journal
