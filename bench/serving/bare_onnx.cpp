// SPDX-License-Identifier: MIT
// The floor the model server is measured against: Beast and ONNX Runtime and nothing else. One thread; it
// reads a whole request, does not look at it, runs one row that was laid out beforehand, and writes an answer
// of fixed text. Usage: bench_bare_onnx LIBONNXRUNTIME MODEL ROW_WIDTH  (prints its port)
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "bare_server.h"
#include "domain/serving/onnx/ort_abi.h"

namespace ort = tracseq::serving::ort;

namespace {

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

class Model {
 public:
  Model(const char* library, const char* file, std::size_t width) : api_(open(library)), row_(width, 0.25F) {
    std::ifstream in(file, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    ort::Env* env = nullptr;
    ort::SessionOptions* options = nullptr;
    ort::MemoryInfo* cpu = nullptr;
    check(api_.create_env(ort::kLogError, "bare", &env));
    check(api_.create_session_options(&options));
    check(api_.set_intra_op_threads(options, 1));
    check(api_.set_optimisation(options, ort::kOptimiseAll));
    check(api_.create_session(env, bytes.data(), bytes.size(), options, &session_));
    check(api_.create_cpu_memory(ort::kAllocatorArena, ort::kMemoryDefault, &cpu));
    const std::int64_t shape[]{1, static_cast<std::int64_t>(width)};
    check(api_.create_tensor_over(cpu, row_.data(), row_.size() * sizeof(float), shape, 2, ort::kFloat,
                                  &input_));
  }
  void run() {
    static const char* const inputs[]{"input"};
    static const char* const outputs[]{"label", "probabilities"};
    ort::Value* answers[]{nullptr, nullptr};
    check(api_.run(session_, nullptr, inputs, &input_, 1, outputs, 2, answers));
    for (ort::Value* answer : answers) api_.release_value(answer);
  }

 private:
  static void* const* open(const char* library) {
    void* handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) die(dlerror());
    const auto base = reinterpret_cast<const ort::ApiBase* (*)()>(dlsym(handle, "OrtGetApiBase"));
    return base()->get_api(ort::kApiVersion);
  }
  void check(ort::Status* status) const {
    if (status != nullptr) die(api_.error_message(status));
  }

  ort::Api api_;
  std::vector<float> row_;
  ort::Session* session_ = nullptr;
  ort::Value* input_ = nullptr;
};

constexpr const char* kAnswer =
    R"({"model_name":"forest","model_version":"1","outputs":[{"name":"label","datatype":"BYTES","shape":[1],"data":["benign"]},{"name":"probabilities","datatype":"FP32","shape":[1,2],"data":[0.5,0.5]}]})";

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) die("usage: bench_bare_onnx LIBONNXRUNTIME MODEL ROW_WIDTH");
  Model model(argv[1], argv[2], std::strtoul(argv[3], nullptr, 10));
  bare::serve({kAnswer, [&](const bare::Request& request) {
                 if (request.target() == "/run") model.run();
               }});
}
