// SPDX-License-Identifier: MIT
#include "domain/deployment/prober.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/clock.h"
#include "base/json.h"

namespace tracseq::deployment {
namespace {

constexpr int kWarmUps = 2;  // not counted: the first calls build what later ones use
constexpr int kProbes = 50;
constexpr auto kProbeTimeMax = std::chrono::seconds{2};  // then those made have to do
constexpr int kProbesMin = 5;
constexpr std::int64_t kElementsMax = 1 << 20;

std::string shorter(std::string_view text) { return std::string(text.substr(0, 200)); }

// As many of a plain value as the shape has elements.
Result<Json> values_of(const std::string& datatype, std::int64_t count) {
  Json value;
  if (datatype == "BOOL") {
    value = Json(true);
  } else if (datatype == "BYTES") {
    value = Json("0");
  } else if (datatype == "FP16" || datatype == "FP32" || datatype == "FP64") {
    value = Json(0.5);
  } else if (datatype.starts_with("INT") || datatype.starts_with("UINT")) {
    value = Json(1);
  } else {
    return fail(Code::unprocessable, fmt::format("the model has an input of type '{}'", datatype));
  }
  return Json(Json::Array(static_cast<std::size_t>(count), value));
}

Result<void> check_health(ReplicaCaller& caller, const Prober::Place& place, const std::string& path,
                          std::chrono::milliseconds timeout) {
  TRACSEQ_TRY(const auto answer, caller.call(place.host, place.port, path, {}, timeout));
  if (answer.status >= 200 && answer.status < 300) return {};
  return fail(Code::unavailable,
              fmt::format("{} answered {}: {}", path, answer.status, shorter(answer.body)));
}

struct Call {
  ReplicaCaller& caller;
  Prober::Place place;
  std::string path;
  std::string body;
  std::chrono::milliseconds timeout;
};

// Only what a user's own good request could meet counts as an error; that our made-up values are refused does
// not.
Measured measure_calls(const Call& call) {
  for (int i = 0; i < kWarmUps; ++i)
    (void)call.caller.call(call.place.host, call.place.port, call.path, call.body, call.timeout);
  Measured measured;
  std::int64_t errors = 0;
  double busy_ms = 0;
  const auto begin = Steady::now();
  for (int i = 0; i < kProbes; ++i) {
    if (i >= kProbesMin && Steady::now() - begin > kProbeTimeMax) break;
    const auto start = Steady::now();
    const auto answer =
        call.caller.call(call.place.host, call.place.port, call.path, call.body, call.timeout);
    busy_ms += std::chrono::duration<double, std::milli>(Steady::now() - start).count();
    ++measured.requests;
    if (answer && answer->status < 400) continue;
    measured.last_error =
        answer ? fmt::format("{}: {}", answer->status, shorter(answer->body)) : answer.error().message;
    if (!answer || answer->status >= 500) ++errors;
  }
  const auto requests = static_cast<double>(measured.requests);
  measured.avg_latency_ms = busy_ms / requests;
  measured.throughput_rps = busy_ms > 0 ? 1000 * requests / busy_ms : 0;
  measured.error_rate = static_cast<double>(errors) / requests;
  return measured;
}

Result<Measured> measure_model(ReplicaCaller& caller, const Prober::Place& place, const Prober::Model& model,
                               std::chrono::milliseconds timeout) {
  const std::string path = fmt::format("/v2/models/{}/versions/{}", model.model_id, model.version);
  TRACSEQ_TRY(const auto metadata, caller.call(place.host, place.port, path, {}, timeout));
  if (metadata.status != 200)
    return fail(Code::unprocessable, fmt::format("the replica does not answer for version {}: {} {}",
                                                 model.version, metadata.status, shorter(metadata.body)));
  TRACSEQ_TRY(const std::string body, probe_request(metadata.body));
  return measure_calls({caller, place, path + "/infer", body, timeout});
}

// The outcome under the key if it is there; else starts the work, if there is room.
template <class R, class F>
std::optional<R> take(std::map<std::string, std::future<R>>& running, const std::string& key, F&& work) {
  const auto found = running.find(key);
  if (found == running.end()) {
    if (running.size() >= kProbesAtOnceMax)  // outcomes nobody came for: their replicas are gone
      std::erase_if(running, [](const auto& one) {
        return one.second.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
      });
    if (running.size() < kProbesAtOnceMax)
      running.emplace(key, std::async(std::launch::async, std::forward<F>(work)));
    return std::nullopt;
  }
  if (found->second.wait_for(std::chrono::seconds{0}) != std::future_status::ready) return std::nullopt;
  std::optional<R> outcome = found->second.get();
  running.erase(found);
  return outcome;
}

}  // namespace

Prober::~Prober() = default;  // a future of std::async waits for its thread

std::optional<Result<void>> Prober::health(const std::string& key, const Place& place,
                                           const std::string& path, std::chrono::milliseconds timeout) {
  return take(checks_, key,
              [this, place, path, timeout] { return check_health(caller_, place, path, timeout); });
}

std::optional<Result<Measured>> Prober::measure(const std::string& key, const Place& place,
                                                const Model& model, std::chrono::milliseconds timeout) {
  return take(measurements_, key,
              [this, place, model, timeout] { return measure_model(caller_, place, model, timeout); });
}

Result<std::string> probe_request(std::string_view metadata) {
  TRACSEQ_TRY(const Json document, parse_json(metadata));
  const Json* inputs = document.find("inputs");
  if (inputs == nullptr || inputs->as_array() == nullptr || inputs->as_array()->empty())
    return fail(Code::unprocessable, "the model does not say what its inputs are");
  Json asked = Json::array();
  for (const Json& input : *inputs->as_array()) {
    const Json* name = input.find("name");
    const Json* type = input.find("datatype");
    const Json* shape = input.find("shape");
    if (name == nullptr || type == nullptr || shape == nullptr || shape->as_array() == nullptr)
      return fail(Code::unprocessable, "the model does not say what its inputs are");
    Json sizes = Json::array();
    std::int64_t count = 1;
    for (const Json& size : *shape->as_array()) {
      const std::int64_t length = std::max<std::int64_t>(size.integer_or(1), size.integer_or(1) < 0 ? 1 : 0);
      count *= length;
      if (count > kElementsMax) return fail(Code::unprocessable, "the model's inputs are too large to probe");
      sizes.push_back(length);
    }
    TRACSEQ_TRY(Json data, values_of(type->string_or(""), count));
    asked.push_back(Json::object()
                        .set("name", *name)
                        .set("shape", std::move(sizes))
                        .set("datatype", *type)
                        .set("data", std::move(data)));
  }
  return dump_json(Json::object().set("inputs", std::move(asked)));
}

}  // namespace tracseq::deployment
