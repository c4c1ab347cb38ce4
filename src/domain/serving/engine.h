// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "domain/serving/tensor.h"

// Three things that must not be confused: an artefact is bytes with a digest, an engine is how such bytes are
// run, a server (api/inference, cli/model_server) is who is asked. A model server picks the fastest engine
// that can run the artefact.
namespace tracseq::serving {

inline constexpr std::size_t kArtefactBytesMax = 512UL << 20;

// The bytes of a model; borrowed, needed only while it loads.
struct Artefact {
  std::string format;  // "onnx"
  std::string digest;  // SHA-256 in hex, checked by whoever read the bytes
  ByteView bytes;
};

// What a loaded model says of itself.
struct ModelInfo {
  std::string platform;  // "onnx_onnxv1"
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  std::vector<std::string> classes;        // the labels in the order of the probabilities; empty: not known
  std::vector<std::string> feature_names;  // the columns in the order of the one input; empty: not known
};

// A model ready to answer. Immutable: any number of threads may call `infer` at once.
class LoadedModel {
 public:
  virtual ~LoadedModel() = default;
  [[nodiscard]] virtual const ModelInfo& info() const noexcept = 0;
  // Runs the model. Inputs in any order, each exactly once; their bytes must agree with shape and type
  // (check_tensor). FP32 and FP64 stand for one another; a finite FP64 beyond FP32's range is refused.
  // `wanted` holds indices into info().outputs, in the order of the answer; empty asks for all. `invalid`
  // names the tensor and what is allowed; `unprocessable` when the model itself cannot compute.
  [[nodiscard]] virtual Result<std::vector<Tensor>> infer(std::span<const Tensor> inputs,
                                                          std::span<const std::size_t> wanted = {}) const = 0;
};

// A way to run artefacts. Thread-safe.
class Engine {
 public:
  virtual ~Engine() = default;
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  [[nodiscard]] virtual bool can_run(const Artefact& artefact) const noexcept = 0;
  // `unprocessable` says why the bytes are no model this engine runs: they never will be. Any other code may
  // pass: `unsupported` when the engine's own library is missing or does not start, with the remedy,
  // `unavailable` when there is too little memory.
  virtual Result<std::shared_ptr<const LoadedModel>> load(const Artefact& artefact) = 0;
};

// Matches given tensors against the model's inputs: the i-th element is the index in `given` of the model's
// i-th input. `invalid` for an unknown, doubled or missing name, a type the input does not take, or a shape
// that does not fit; each message names the tensor and what the model wants.
Result<std::vector<std::size_t>> match_inputs(const ModelInfo& info, std::span<const Tensor> given);

// The FP32 bytes of an FP64 tensor, rounded to nearest as NumPy's astype does, and the other way round
// (exact). `invalid` names the tensor and the value when a finite one would become infinite.
Result<std::vector<std::byte>> to_fp32(const Tensor& tensor);
std::vector<std::byte> to_fp64(const Tensor& tensor);

}  // namespace tracseq::serving
