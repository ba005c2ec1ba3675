#pragma once

#include "app/configuration.h"

namespace millrace::app {

// Runs the broker until a signal asks it to stop; gives what the process ends with. To be called before any other
// thread is started, since threads inherit the signals that it blocks.
int serve(const Configuration& configuration);

}  // namespace millrace::app
