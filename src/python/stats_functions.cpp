// SPDX-License-Identifier: MIT
#include "python/stats_functions.h"

#include <cstring>

#include "base/json.h"
#include "stats/call.h"

namespace tracseq::python {
namespace {

bool arrays_of(PyObject* dict, stats::Arrays& out) {
  if (!PyDict_Check(dict)) {
    PyErr_SetString(PyExc_TypeError, "a dict of str to bytes is expected");
    return false;
  }
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(dict, &position, &key, &value) != 0) {
    std::string name;
    char* data = nullptr;
    Py_ssize_t size = 0;
    if (!text_of(key, name) || PyBytes_AsStringAndSize(value, &data, &size) != 0) return false;
    if (static_cast<std::size_t>(size) % sizeof(double) != 0) {
      PyErr_SetString(PyExc_ValueError, "an array of float64 is expected");
      return false;
    }
    std::vector<double>& numbers = out[name];
    numbers.resize(static_cast<std::size_t>(size) / sizeof(double));
    if (size > 0) std::memcpy(numbers.data(), data, static_cast<std::size_t>(size));
  }
  return true;
}

}  // namespace

PyObject* call_stats(PyObject* /*self*/, PyObject* args) {
  PyObject *name = nullptr, *arrays = nullptr, *options = nullptr;
  if (!PyArg_ParseTuple(args, "OOO:stats", &name, &arrays, &options)) return nullptr;
  std::string function, text;
  stats::Arrays numbers;
  if (!text_of(name, function) || !arrays_of(arrays, numbers) || !bytes_of(options, text)) return nullptr;
  Result<std::string> body = std::string();
  {
    const WithoutGil without;
    body = [&]() -> Result<std::string> {
      TRACSEQ_TRY(const Json given, parse_json(text));
      TRACSEQ_TRY(const Json answer, stats::call(function, numbers, given));
      return dump_json(answer);
    }();
  }
  return body ? reply(200, *body) : reply_error(body.error());
}

}  // namespace tracseq::python
