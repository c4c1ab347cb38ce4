// SPDX-License-Identifier: MIT
#include "domain/serving/onnx_engine.h"

#include "base/module.h"

namespace tracseq::serving {
namespace {

class LazyOnnxEngine final : public Engine {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "onnxruntime"; }
  [[nodiscard]] bool can_run(const Artefact& artefact) const noexcept override {
    return artefact.format == "onnx";
  }
  Result<std::shared_ptr<const LoadedModel>> load(const Artefact& artefact) override {
    using Factory = Engine* (*)();
    TRACSEQ_TRY(void* symbol, load_module("onnx", kOnnxEntry));
    return reinterpret_cast<Factory>(symbol)()->load(artefact);
  }
};

}  // namespace

Engine& onnx_engine() {
  static LazyOnnxEngine engine;
  return engine;
}

}  // namespace tracseq::serving
