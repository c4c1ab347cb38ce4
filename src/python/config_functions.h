// SPDX-License-Identifier: MIT
#pragma once

#include "python/python.h"

namespace tracseq::python {

// load_config(path: str, environment: str, variables: dict, flags: dict) -> (status, Loaded as JSON)
PyObject* load_config(PyObject* self, PyObject* args);
// save_config(path: str, config: bytes) -> (status, {})
PyObject* save_config(PyObject* self, PyObject* args);
// validate_config(config: bytes) -> (status, {"faults": [text…]})
PyObject* validate_config(PyObject* self, PyObject* args);

}  // namespace tracseq::python
