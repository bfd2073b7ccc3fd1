#pragma once

namespace ringcast::cli {

// What the command tells the shell; documented in --help and in the README.
enum class ExitCode {
  kOk = 0,
  kRefused = 1,        // The broker said no, or is not well; or our output cannot be written; or a
                       // journal has faults, is in use, or was given a wrong line.
  kUsage = 2,          // The command line or the input is wrong, or a journal cannot be read.
  kCannotConnect = 3,  // No broker within the time that retries may take.
  kTimedOut = 4,       // --timeout passed before --count events came.
};

}  // namespace ringcast::cli
