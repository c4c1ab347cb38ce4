// SPDX-License-Identifier: MIT
#include "python/config_functions.h"

#include "base/config/config.h"

namespace tracseq::python {

PyObject* load_config(PyObject* /*self*/, PyObject* args) {
  PyObject *path = nullptr, *environment = nullptr, *variables = nullptr, *flags = nullptr;
  if (!PyArg_ParseTuple(args, "OOOO:load_config", &path, &environment, &variables, &flags)) return nullptr;
  config::Sources sources;
  std::string name;
  if (!text_of(path, sources.path) || !text_of(environment, name)) return nullptr;
  if (!texts_of(variables, sources.variables) || !texts_of(flags, sources.flags)) return nullptr;
  const auto chosen = enum_from<config::Environment>("environment", name);
  if (!chosen) return reply_error(chosen.error());
  sources.environment = *chosen;
  const auto loaded = config::load(sources);
  return loaded ? reply(200, to_json(*loaded)) : reply_error(loaded.error());
}

PyObject* save_config(PyObject* /*self*/, PyObject* args) {
  PyObject *path = nullptr, *document = nullptr;
  if (!PyArg_ParseTuple(args, "OO:save_config", &path, &document)) return nullptr;
  std::string file, text;
  if (!text_of(path, file) || !bytes_of(document, text)) return nullptr;
  const auto config = from_json<config::Config>(text);
  if (!config) return reply_error(config.error());
  const auto saved = config::save(file, *config);
  return saved ? reply(200, "{}") : reply_error(saved.error());
}

PyObject* validate_config(PyObject* /*self*/, PyObject* args) {
  PyObject* document = nullptr;
  if (!PyArg_ParseTuple(args, "O:validate_config", &document)) return nullptr;
  std::string text;
  if (!bytes_of(document, text)) return nullptr;
  const auto settings = parse_json(text);
  if (!settings) return reply_error(settings.error());
  Json faults = Json::array();
  for (const Error& fault : config::validate(*settings)) faults.push_back(fault.message);
  Json answer = Json::object();
  answer.set("faults", std::move(faults));
  return reply(200, dump_json(answer));
}

}  // namespace tracseq::python
