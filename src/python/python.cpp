// SPDX-License-Identifier: MIT
#include "python/python.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "base/json.h"

namespace tracseq::python {
namespace {

// The thread that ends the interpreter; none as long as nothing is left behind.
std::atomic<std::thread::id>& ending_thread() noexcept {
  static std::atomic<std::thread::id> id{std::thread::id{}};
  return id;
}

// The status is kept, what was printed is written, and nothing is destroyed under the threads left behind.
void end_at_once(int status, void* /*none*/) {
  const bool written = std::fflush(nullptr) == 0;
  ::_exit(written || status != 0 ? status : 1);
}

}  // namespace

void leave_threads_behind() {
  // What is registered last runs first: before the destructors of static objects, which those threads use.
  if (!threads_are_left_behind()) ::on_exit(end_at_once, nullptr);
  ending_thread().store(std::this_thread::get_id());
}

bool threads_are_left_behind() noexcept { return ending_thread().load() != std::thread::id{}; }

void stay_if_left_behind() noexcept {
  const std::thread::id ending = ending_thread().load();
  if (ending == std::thread::id{} || ending == std::this_thread::get_id()) return;
  for (;;) ::pause();
}

bool text_of(PyObject* object, std::string& out) {
  if (!PyUnicode_Check(object)) {
    PyErr_SetString(PyExc_TypeError, "a str is expected");
    return false;
  }
  const Ref encoded(PyUnicode_AsUTF8String(object));
  return encoded && bytes_of(encoded.get(), out);
}

bool bytes_of(PyObject* object, std::string& out) {
  char* data = nullptr;
  Py_ssize_t size = 0;
  if (PyBytes_AsStringAndSize(object, &data, &size) != 0) return false;
  out.assign(data, static_cast<std::size_t>(size));
  return true;
}

bool texts_of(PyObject* dict, std::map<std::string, std::string>& out) {
  if (!PyDict_Check(dict)) {
    PyErr_SetString(PyExc_TypeError, "a dict is expected");
    return false;
  }
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(dict, &position, &key, &value) != 0) {
    std::string name;
    if (!text_of(key, name)) return false;
    if (!text_of(value, out[name])) return false;
  }
  return true;
}

PyObject* reply(int status, std::string_view body) {
  return Py_BuildValue("(iy#)", status, body.data(), static_cast<Py_ssize_t>(body.size()));
}

PyObject* reply_error(const Error& error) {
  Json inner = Json::object();
  inner.set("code", code_name(error.code));
  inner.set("message", error.message);
  if (!error.field.empty()) inner.set("field", error.field);
  Json outer = Json::object();
  outer.set("error", std::move(inner));
  return reply(http_status(error.code), dump_json(outer));
}

}  // namespace tracseq::python
