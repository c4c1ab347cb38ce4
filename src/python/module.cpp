// SPDX-License-Identifier: MIT
#include "base/identifier.h"
#include "base/log.h"
#include "python/config_functions.h"
#include "python/core_type.h"
#include "python/python.h"

namespace tracseq::python {
namespace {

// Raised whenever a function here changes its meaning or mlops needs a new one; mlops/_native.py has the same
// number.
constexpr int kBinding = 2;

PyObject* abandon(PyObject* /*self*/, PyObject* /*none*/) {
  leave_threads_behind();
  Py_RETURN_NONE;
}

// check_identifier(field: str, text: str) -> (status, {})
PyObject* check_identifier_of(PyObject* /*self*/, PyObject* args) {
  PyObject *field = nullptr, *text = nullptr;
  if (!PyArg_ParseTuple(args, "OO:check_identifier", &field, &text)) return nullptr;
  std::string name, value;
  if (!text_of(field, name) || !text_of(text, value)) return nullptr;
  Result<void> checked;
  {
    const WithoutGil released;
    checked = check_identifier(name, value);
  }
  return checked ? reply(200, "{}") : reply_error(checked.error());
}

PyMethodDef functions[] = {
    {"abandon", abandon, METH_NOARGS, "At the end of the program: calls under way never come back."},
    {"check_identifier", check_identifier_of, METH_VARARGS,
     "Whether a text can name what an address reaches."},
    {"load_config", load_config, METH_VARARGS, "Reads the settings from all their sources."},
    {"save_config", save_config, METH_VARARGS, "Writes the settings of one environment."},
    {"validate_config", validate_config, METH_VARARGS, "Lists every fault of the settings."},
    {nullptr, nullptr, 0, nullptr}};

int fill(PyObject* module) {
  // A library is quiet: what a caller must know comes back as an error.
  log::set_level(log::Level::error);
  if (add_core_type(module) != 0) return -1;
  if (PyModule_AddStringConstant(module, "__version__", TRACSEQ_VERSION) != 0) return -1;
  return PyModule_AddIntConstant(module, "BINDING", kBinding);
}

PyModuleDef_Slot slots[] = {{Py_mod_exec, reinterpret_cast<void*>(&fill)}, {0, nullptr}};

PyModuleDef definition = {PyModuleDef_HEAD_INIT,
                          "_tracseq",
                          "The core of TracSeq MLOps in this process.",
                          0,
                          functions,
                          slots,
                          nullptr,
                          nullptr,
                          nullptr};

}  // namespace
}  // namespace tracseq::python

PyMODINIT_FUNC PyInit__tracseq() { return PyModuleDef_Init(&tracseq::python::definition); }
