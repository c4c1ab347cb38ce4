// SPDX-License-Identifier: MIT
#pragma once

// CPython's limited API and the little that the extension needs around it. The buffer protocol is not part of
// the limited API of 3.9, so bytes cross as `bytes`.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace tracseq::python {

// An owned reference. Needs the GIL whenever it drops one.
class Ref {
 public:
  Ref() = default;
  explicit Ref(PyObject* owned) : object_(owned) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref&& other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  Ref(const Ref&) = delete;
  Ref& operator=(const Ref&) = delete;
  ~Ref() { Py_XDECREF(object_); }
  static Ref borrow(PyObject* object) {
    Py_XINCREF(object);
    return Ref(object);
  }
  [[nodiscard]] PyObject* get() const { return object_; }
  PyObject* release() { return std::exchange(object_, nullptr); }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  PyObject* object_ = nullptr;
};

// The interpreter ends and calls are under way that cannot be waited for. From now on every thread but the
// caller's that comes out of the core is held for good: one that asked an interpreter that is being taken
// apart for the GIL would be unwound through C++ and end the program with an abort.
void leave_threads_behind();
[[nodiscard]] bool threads_are_left_behind() noexcept;
// Does not return on such a thread.
void stay_if_left_behind() noexcept;

// Gives the GIL away for the life of the object.
class WithoutGil {
 public:
  WithoutGil() : state_(PyEval_SaveThread()) {}
  ~WithoutGil() {
    stay_if_left_behind();
    PyEval_RestoreThread(state_);
  }
  WithoutGil(const WithoutGil&) = delete;
  WithoutGil& operator=(const WithoutGil&) = delete;

 private:
  PyThreadState* state_;
};

// Takes the GIL on a thread that Python may not know.
class WithGil {
 public:
  WithGil() : state_(ensure()) {}
  ~WithGil() { PyGILState_Release(state_); }
  WithGil(const WithGil&) = delete;
  WithGil& operator=(const WithGil&) = delete;

 private:
  static PyGILState_STATE ensure() {
    stay_if_left_behind();
    return PyGILState_Ensure();
  }
  PyGILState_STATE state_;
};

// The text of a str; false with a Python error set if it is none.
bool text_of(PyObject* object, std::string& out);
// The bytes of a bytes object; false with a Python error set if it is none.
bool bytes_of(PyObject* object, std::string& out);
// A dict of str to str.
bool texts_of(PyObject* dict, std::map<std::string, std::string>& out);

// (status, body): how every function of the extension answers; an error has the wire's error shape.
PyObject* reply(int status, std::string_view body);
PyObject* reply_error(const Error& error);

}  // namespace tracseq::python
