// SPDX-License-Identifier: MIT
#include "base/module.h"

#include <dlfcn.h>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "base/mutex.h"

namespace tracseq {
namespace {

// The folder of the program or extension this code is linked into.
std::filesystem::path own_folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(&own_folder), &info) == 0 || info.dli_fname == nullptr) return {};
  std::error_code error;
  auto path = std::filesystem::canonical(info.dli_fname, error);
  if (error) path = std::filesystem::canonical("/proc/self/exe", error);
  return path.parent_path();
}

}  // namespace

std::vector<std::string> module_folders() {
  std::vector<std::string> folders;
  if (const char* given = std::getenv("TRACSEQ_MODULE_DIR"); given != nullptr && *given != '\0')
    folders.emplace_back(given);
  const auto own = own_folder();
  folders.push_back(own.string());
  folders.push_back((own / "lib").string());
  folders.push_back((own.parent_path() / "lib").string());
  return folders;
}

Result<void*> open_library(std::string_view what, const std::vector<std::string>& candidates,
                           std::string_view remedy) {
  std::string reasons;
  for (const auto& candidate : candidates) {
    if (void* handle = dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL); handle != nullptr) return handle;
    const char* reason = dlerror();
    reasons += fmt::format("{}: {}; ", candidate, reason != nullptr ? reason : "not opened");
  }
  return fail(Code::unsupported, fmt::format("{} is not available here: {}", what, remedy), reasons);
}

Result<void*> load_module(std::string_view name, const char* symbol) {
  static Mutex mutex;
  static std::map<std::string, void*, std::less<>> handles;
  const Lock lock(mutex);
  auto found = handles.find(name);
  if (found == handles.end()) {
    std::vector<std::string> candidates;
    for (const auto& folder : module_folders())
      candidates.push_back(fmt::format("{}/libtracseq_{}.so", folder, name));
    TRACSEQ_TRY(void* handle, open_library(fmt::format("the module '{}'", name), candidates,
                                           fmt::format("libtracseq_{}.so was looked for in {}", name,
                                                       fmt::join(module_folders(), ", "))));
    found = handles.emplace(std::string(name), handle).first;
  }
  void* address = dlsym(found->second, symbol);
  if (address == nullptr)
    return fail(Code::unsupported,
                fmt::format("the module '{}' is of another build: it lacks {}", name, symbol));
  return address;
}

}  // namespace tracseq
