// SPDX-License-Identifier: MIT
#pragma once

#include "python/python.h"

namespace tracseq::python {

// Adds the type `Core` to the module:
//   Core(options: bytes)                             options is {"database_url", "artifact_root"?} as JSON
//   call(method, target, headers, body, source, sink, timeout_ms) -> (status, body, headers)
//   submit(method, target, headers, body, source, sink, timeout_ms, done) -> int
//   cancel(number)
//   close(patience_ms) -> bool
// `headers` is a dict of str, `body` bytes, `source` and `sink` paths or "". The GIL is given away in every
// call. `done(status, body, headers)` is called once, on a thread of the core. A Core of another process
// (after fork) is never touched: its calls answer `unavailable`, and dropping it leaks it.
int add_core_type(PyObject* module);

}  // namespace tracseq::python
