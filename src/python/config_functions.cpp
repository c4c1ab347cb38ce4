// SPDX-License-Identifier: MIT
#include "python/config_functions.h"

#include "base/config/config.h"

namespace tracseq::python {
namespace {

// What the work says, as a reply. The work runs without the GIL: it reads and writes files.
template <class Work>
PyObject* answered(const Work& work) {
  Result<std::string> result;
  {
    const WithoutGil released;
    result = work();
  }
  return result ? reply(200, *result) : reply_error(result.error());
}

}  // namespace

PyObject* load_config(PyObject* /*self*/, PyObject* args) {
  PyObject *path = nullptr, *environment = nullptr, *variables = nullptr, *flags = nullptr;
  if (!PyArg_ParseTuple(args, "OOOO:load_config", &path, &environment, &variables, &flags)) return nullptr;
  config::Sources sources;
  std::string name;
  if (!text_of(path, sources.path) || !text_of(environment, name)) return nullptr;
  if (!texts_of(variables, sources.variables) || !texts_of(flags, sources.flags)) return nullptr;
  return answered([&]() -> Result<std::string> {
    TRACSEQ_TRY(sources.environment, enum_from<config::Environment>("environment", name));
    TRACSEQ_TRY(const config::Loaded loaded, config::load(sources));
    return to_json(loaded);
  });
}

PyObject* save_config(PyObject* /*self*/, PyObject* args) {
  PyObject *path = nullptr, *document = nullptr;
  if (!PyArg_ParseTuple(args, "OO:save_config", &path, &document)) return nullptr;
  std::string file, text;
  if (!text_of(path, file) || !bytes_of(document, text)) return nullptr;
  return answered([&]() -> Result<std::string> {
    TRACSEQ_TRY(const config::Config config, from_json<config::Config>(text));
    TRACSEQ_CHECK(config::save(file, config));
    return "{}";
  });
}

PyObject* validate_config(PyObject* /*self*/, PyObject* args) {
  PyObject* document = nullptr;
  if (!PyArg_ParseTuple(args, "O:validate_config", &document)) return nullptr;
  std::string text;
  if (!bytes_of(document, text)) return nullptr;
  return answered([&]() -> Result<std::string> {
    TRACSEQ_TRY(const Json settings, parse_json(text, "the settings"));
    Json faults = Json::array();
    for (const Error& fault : config::validate(settings)) faults.push_back(fault.message);
    Json answer = Json::object();
    answer.set("faults", std::move(faults));
    return dump_json(answer);
  });
}

}  // namespace tracseq::python
