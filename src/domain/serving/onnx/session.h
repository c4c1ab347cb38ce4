// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "domain/serving/engine.h"
#include "domain/serving/onnx/library.h"
#include "domain/serving/onnx_guard.h"

namespace tracseq::serving {

// A model in ONNX Runtime. Immutable after `open`; `infer` may run in any number of threads at once, each on
// its own thread alone (one intra-op thread: a row is too small to share).
class OnnxModel final : public LoadedModel {
 public:
  static Result<std::shared_ptr<const OnnxModel>> open(const OrtLibrary& library, const Artefact& artefact,
                                                       OnnxFacts facts);
  ~OnnxModel() override;
  OnnxModel(const OnnxModel&) = delete;
  OnnxModel& operator=(const OnnxModel&) = delete;

  [[nodiscard]] const ModelInfo& info() const noexcept override { return info_; }
  [[nodiscard]] Result<std::vector<Tensor>> infer(std::span<const Tensor> inputs,
                                                  std::span<const std::size_t> wanted) const override;

 private:
  explicit OnnxModel(const OrtLibrary& library) : library_(library) {}
  Result<void> describe();
  Result<TensorInfo> describe_one(ort::TypeInfo* type, char* name, const char* role) const;

  const OrtLibrary& library_;
  ort::Session* session_ = nullptr;
  ModelInfo info_;
  std::vector<const char*> input_names_;  // into info_, which does not move
  std::vector<const char*> output_names_;
};

}  // namespace tracseq::serving
