// SPDX-License-Identifier: MIT
#include "domain/serving/onnx/session.h"

namespace tracseq::serving {
namespace {

class OnnxEngine final : public Engine {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "onnxruntime"; }
  [[nodiscard]] bool can_run(const Artefact& artefact) const noexcept override {
    return artefact.format == "onnx";
  }
  Result<std::shared_ptr<const LoadedModel>> load(const Artefact& artefact) override {
    if (!can_run(artefact))
      return fail(Code::unprocessable, "the engine onnxruntime does not run '" + artefact.format + "'");
    TRACSEQ_TRY(OnnxFacts facts, inspect_onnx(artefact.bytes));
    const auto library = ort_library();
    if (!library) return fail(Code::unsupported, library.error().message, library.error().detail);
    return OnnxModel::open(**library, artefact, std::move(facts));
  }
};

}  // namespace
}  // namespace tracseq::serving

// The module's one function; the engine lives as long as the process.
extern "C" __attribute__((visibility("default"))) tracseq::serving::Engine* tracseq_onnx_engine() {
  static tracseq::serving::OnnxEngine engine;
  return &engine;
}
