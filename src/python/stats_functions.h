// SPDX-License-Identifier: MIT
#pragma once

#include "python/python.h"

namespace tracseq::python {

// stats(name: str, arrays: dict of str to bytes (float64 in the machine's order), options: bytes (a JSON
// object))
// -> (status, the answer as JSON). src/stats/call.h has the names.
PyObject* call_stats(PyObject* self, PyObject* args);

}  // namespace tracseq::python
