// SPDX-License-Identifier: MIT
#include "domain/serving/onnx/library.h"

#include <dlfcn.h>
#include <fmt/core.h>

#include <cstdlib>
#include <filesystem>

#include "base/module.h"

namespace tracseq::serving {
namespace {

namespace fs = std::filesystem;

// How far above the module third_party_build is looked for: build/<preset>/lib.
constexpr int kParentsMax = 4;

// One bounded arena, which the sessions are told to use.
Result<void> bound_memory(const OrtLibrary& library) {
  const ort::Api& api = library.api;
  constexpr const char* kKey = "max_mem";
  ort::ArenaConfig* config = nullptr;
  TRACSEQ_CHECK(
      ort_check(api, api.create_arena_config(&kKey, &kArenaBytesMax, 1, &config), "bounding the memory"));
  const auto registered =
      ort_check(api, api.register_arena(library.env, library.cpu, config), "bounding the memory");
  api.release_arena_config(config);
  return registered;
}

Result<const OrtLibrary*> open() {
  // Releases after 1.28 send telemetry as soon as they are loaded; the switch of the interface would come too
  // late.
  setenv("ORT_DISABLE_TELEMETRY", "1", 0);
  TRACSEQ_TRY(void* handle, open_library("ONNX Runtime 1.28.0", ort_candidates(),
                                         fmt::format("put {} beside the program, or set TRACSEQ_ORT to it "
                                                     "(./run build fetches it into third_party_build/ort)",
                                                     kOrtFile)));
  using GetBase = const ort::ApiBase* (*)();
  const auto get_base = reinterpret_cast<GetBase>(dlsym(handle, "OrtGetApiBase"));
  if (get_base == nullptr)
    return fail(Code::unsupported, "the library found is not ONNX Runtime: it lacks OrtGetApiBase");
  const ort::ApiBase* base = get_base();
  void* const* table = base->get_api(ort::kApiVersion);
  if (table == nullptr)
    return fail(Code::unsupported,
                fmt::format("ONNX Runtime {} is too old: version {} of its interface is needed",
                            base->version_string(), ort::kApiVersion));
  auto library = std::make_unique<OrtLibrary>(
      OrtLibrary{ort::Api(table), nullptr, nullptr, nullptr, base->version_string()});
  const ort::Api& api = library->api;
  TRACSEQ_CHECK(
      ort_check(api, api.create_env(ort::kLogError, "tracseq", &library->env), "starting ONNX Runtime"));
  TRACSEQ_CHECK(ort_check(api, api.disable_telemetry(library->env), "starting ONNX Runtime"));
  TRACSEQ_CHECK(ort_check(api,
                          api.create_cpu_memory(ort::kAllocatorArena, ort::kMemoryDefault, &library->cpu),
                          "starting ONNX Runtime"));
  TRACSEQ_CHECK(bound_memory(*library));
  TRACSEQ_CHECK(ort_check(api, api.default_allocator(&library->allocator), "starting ONNX Runtime"));
  return library.release();  // lives as long as the process: sessions may end after every static
}

}  // namespace

std::vector<std::string> ort_candidates() {
  std::vector<std::string> places;
  if (const char* given = std::getenv("TRACSEQ_ORT"); given != nullptr && *given != '\0') {
    std::error_code error;
    places.push_back(fs::is_directory(given, error) ? (fs::path(given) / kOrtFile).string()
                                                    : std::string(given));
  }
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(&ort_candidates), &info) == 0 || info.dli_fname == nullptr)
    return places;
  std::error_code error;
  fs::path folder = fs::canonical(info.dli_fname, error).parent_path();
  if (error) return places;
  places.push_back((folder / kOrtFile).string());
  for (int i = 0; i < kParentsMax; ++i) {
    folder = folder.parent_path();
    places.push_back((folder / "third_party_build" / "ort" / kOrtFile).string());
  }
  return places;
}

Result<void> ort_check(const ort::Api& api, ort::Status* status, const char* during) {
  if (status == nullptr) return {};
  const bool argument = api.error_code(status) == ort::kInvalidArgument;
  std::string message = fmt::format("{}: {}", during, api.error_message(status));
  api.release_status(status);
  return fail(argument ? Code::invalid : Code::unprocessable, std::move(message));
}

Result<const OrtLibrary*> ort_library() {
  static const Result<const OrtLibrary*> library = open();
  return library;
}

}  // namespace tracseq::serving
