// SPDX-License-Identifier: MIT
#include "python/core_type.h"

#include <unistd.h>

#include "api/settings.h"
#include "python/embedded.h"

namespace tracseq::python {
namespace {

struct CoreOptionsIn {
  std::string database_url;
  std::string artifact_root;  // empty: Core's own choice
  std::string config_path;    // the settings file; one that does not exist means defaults
  std::string environment;    // empty: what MLOPS_ENVIRONMENT says
};
TRACSEQ_DESCRIBE(CoreOptionsIn, (database_url, artifact_root, config_path, environment))
TRACSEQ_DEFINE_TYPE(CoreOptionsIn)

struct CoreObject {
  PyObject_HEAD std::shared_ptr<Embedded>* core;  // null: opening failed
  pid_t owner;
};

CoreObject* core_object(PyObject* self) { return reinterpret_cast<CoreObject*>(self); }

// The core, if it is of this process.
std::shared_ptr<Embedded> core_of(PyObject* self) {
  const CoreObject* object = core_object(self);
  if (object->core == nullptr || object->owner != ::getpid()) return nullptr;
  return *object->core;
}

PyObject* headers_of(const Answer& answer) {
  Ref dict(PyDict_New());
  if (!dict) return nullptr;
  for (const auto& [name, value] : answer.headers) {
    std::string lower = name;
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const Ref text(PyUnicode_DecodeUTF8(value.data(), static_cast<Py_ssize_t>(value.size()), "replace"));
    if (!text || PyDict_SetItemString(dict.get(), lower.c_str(), text.get()) != 0) return nullptr;
  }
  return dict.release();
}

PyObject* answer_tuple(const Answer& answer) {
  Ref headers(headers_of(answer));
  if (!headers) return nullptr;
  return Py_BuildValue("(iy#N)", answer.status, answer.body.data(),
                       static_cast<Py_ssize_t>(answer.body.size()), headers.release());
}

Answer gone() {
  const api::Response response = api::error_response(
      {Code::unavailable, "this core belongs to another process or is closed", {}, {}}, "");
  return {response.status, response.body, response.headers};
}

bool read_call(PyObject* args, const char* format, Call& call, PyObject** done) {
  PyObject *method = nullptr, *target = nullptr, *headers = nullptr, *body = nullptr, *source = nullptr,
           *sink = nullptr;
  long long timeout_ms = 0;
  const int parsed = done == nullptr ? PyArg_ParseTuple(args, format, &method, &target, &headers, &body,
                                                        &source, &sink, &timeout_ms)
                                     : PyArg_ParseTuple(args, format, &method, &target, &headers, &body,
                                                        &source, &sink, &timeout_ms, done);
  call.timeout_ms = timeout_ms;
  return parsed != 0 && text_of(method, call.method) && text_of(target, call.target) &&
         texts_of(headers, call.headers) && bytes_of(body, call.body) && text_of(source, call.source_path) &&
         text_of(sink, call.sink_path);
}

PyObject* core_call(PyObject* self, PyObject* args) {
  Call call;
  if (!read_call(args, "OOOOOOL:call", call, nullptr)) return nullptr;
  Answer answer;
  {
    const WithoutGil released;
    const auto core = core_of(self);
    answer = core ? core->call(call) : gone();
  }
  return answer_tuple(answer);
}

// Hands the answer to Python and drops the callable. Its own errors are reported, never lost and never
// thrown.
void call_done(PyObject* done, const Answer& answer) {
  const WithGil held;
  const Ref callable(done);
  const Ref arguments(answer_tuple(answer));
  const Ref result(arguments ? PyObject_CallObject(callable.get(), arguments.get()) : nullptr);
  if (!result) PyErr_WriteUnraisable(callable.get());
}

PyObject* core_submit(PyObject* self, PyObject* args) {
  Call call;
  PyObject* done = nullptr;
  if (!read_call(args, "OOOOOOLO:submit", call, &done)) return nullptr;
  Py_INCREF(done);  // dropped by call_done
  std::uint64_t number = 0;
  {
    const WithoutGil released;
    if (const auto core = core_of(self))
      number = core->submit(std::move(call), [done](const Answer& answer) { call_done(done, answer); });
    else
      call_done(done, gone());
  }
  return PyLong_FromUnsignedLongLong(number);
}

PyObject* core_cancel(PyObject* self, PyObject* argument) {
  const unsigned long long number = PyLong_AsUnsignedLongLong(argument);
  if (PyErr_Occurred() != nullptr) return nullptr;
  {
    const WithoutGil released;
    if (const auto core = core_of(self)) core->cancel(number);
  }
  Py_RETURN_NONE;
}

PyObject* core_close(PyObject* self, PyObject* argument) {
  const long long patience_ms = PyLong_AsLongLong(argument);
  if (PyErr_Occurred() != nullptr) return nullptr;
  bool closed = true;
  {
    const WithoutGil released;
    if (const auto core = core_of(self)) closed = core->close(std::chrono::milliseconds(patience_ms));
  }
  return PyBool_FromLong(closed ? 1 : 0);
}

PyObject* core_new(PyTypeObject* type, PyObject* args, PyObject* /*keywords*/) {
  PyObject* document = nullptr;
  std::string text;
  if (!PyArg_ParseTuple(args, "O:Core", &document) || !bytes_of(document, text)) return nullptr;
  auto allocate = reinterpret_cast<allocfunc>(PyType_GetSlot(type, Py_tp_alloc));
  Ref self(allocate(type, 0));
  if (!self) return nullptr;
  core_object(self.get())->owner = ::getpid();
  Result<std::unique_ptr<Embedded>> opened = fail(Code::internal, "");
  {
    const WithoutGil released;
    opened = [&]() -> Result<std::unique_ptr<Embedded>> {
      TRACSEQ_TRY(const CoreOptionsIn in, from_json<CoreOptionsIn>(text));
      TRACSEQ_TRY(const config::Loaded settings, api::load_settings(in.config_path, in.environment));
      api::CoreOptions options = api::core_options(settings.config);
      options.database_url = in.database_url;
      options.artifact_root = in.artifact_root;
      return Embedded::open(options);
    }();
  }
  if (!opened) {  // an error with the wire's shape as its text; mlops makes its own error of it
    const api::Response response = api::error_response(opened.error(), "");
    PyErr_SetString(PyExc_RuntimeError, response.body.c_str());
    return nullptr;
  }
  core_object(self.get())->core = new std::shared_ptr<Embedded>(std::move(*opened));
  return self.release();
}

void core_dealloc(PyObject* self) {
  CoreObject* object = core_object(self);
  PyTypeObject* type = Py_TYPE(self);
  // Calls that are left behind still use their core.
  if (object->core != nullptr && object->owner == ::getpid() && !threads_are_left_behind()) {
    const WithoutGil released;
    delete object->core;
  }
  auto release = reinterpret_cast<freefunc>(PyType_GetSlot(type, Py_tp_free));
  release(self);
  Py_DECREF(reinterpret_cast<PyObject*>(type));
}

PyMethodDef methods[] = {
    {"call", core_call, METH_VARARGS, "Runs a call here and returns its answer."},
    {"submit", core_submit, METH_VARARGS, "Runs a call on the pool; its answer goes to `done`."},
    {"cancel", core_cancel, METH_O, "Asks a submitted call to stop."},
    {"close", core_close, METH_O, "Waits for calls under way and closes the database."},
    {nullptr, nullptr, 0, nullptr}};

PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(&core_new)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(&core_dealloc)},
                       {Py_tp_methods, methods},
                       {0, nullptr}};

PyType_Spec spec = {"_tracseq.Core", sizeof(CoreObject), 0, Py_TPFLAGS_DEFAULT, slots};

}  // namespace

int add_core_type(PyObject* module) {
  Ref type(PyType_FromSpec(&spec));
  if (!type || PyModule_AddObject(module, "Core", type.get()) != 0) return -1;
  type.release();
  return 0;
}

}  // namespace tracseq::python
