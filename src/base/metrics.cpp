// SPDX-License-Identifier: MIT
#include "base/metrics.h"

#include <dirent.h>
#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"

namespace tracseq::metrics {
namespace {

enum Kind { kCounter, kGauge, kHistogram };

bool is_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ':';
  };
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         std::all_of(name.begin(), name.end(), allowed);
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\')
      out += "\\\\";
    else if (c == '\n')
      out += "\\n";
    else if (c == '"' && quotes)
      out += "\\\"";
    else
      out += c;
  }
}

// `a="1",b="2"`, without braces: the key of a series and the text of it.
std::string label_text(const Labels& labels) {
  std::string out;
  for (const auto& [name, value] : labels) {
    TRACSEQ_ENSURE(is_name(name));
    if (!out.empty()) out += ',';
    out += name;
    out += "=\"";
    append_escaped(out, value, true);
    out += '"';
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

void append_sample(std::string& out, std::string_view name, std::string_view labels, std::string_view extra,
                   std::string_view value) {
  out += name;
  if (!labels.empty() || !extra.empty()) {
    out += '{';
    out += labels;
    if (!labels.empty() && !extra.empty()) out += ',';
    out += extra;
    out += '}';
  }
  out += ' ';
  out += value;
  out += '\n';
}

}  // namespace

Histogram::Histogram(std::span<const double> bounds) : bounds_(bounds.begin(), bounds.end()) {
  TRACSEQ_ENSURE(std::is_sorted(bounds_.begin(), bounds_.end()));
  buckets_ = std::make_unique<std::atomic<std::uint64_t>[]>(bounds_.size() + 1);
}

void Histogram::observe(double value) noexcept {
  if (std::isnan(value)) return;
  const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  buckets_[static_cast<std::size_t>(at)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

struct Registry::Family {
  std::string help;
  int kind = kCounter;
  bool overflow_told = false;
  std::map<std::string, std::unique_ptr<Counter>, std::less<>> counters;
  std::map<std::string, std::unique_ptr<Gauge>, std::less<>> gauges;
  std::map<std::string, std::unique_ptr<Histogram>, std::less<>> histograms;

  template <class T, class... A>
  T& series(std::map<std::string, std::unique_ptr<T>, std::less<>>& all, std::string_view name,
            const Labels& labels, A&&... arguments) {
    std::string key = label_text(labels);
    if (const auto found = all.find(key); found != all.end()) return *found->second;
    if (all.size() >= kSeriesMax) {
      if (!overflow_told) log::warning("metrics.overflow", {{"family", name}, {"series_max", kSeriesMax}});
      overflow_told = true;
      key = label_text({{"overflow", "true"}});
    }
    auto& place = all[key];
    if (!place) place = std::make_unique<T>(std::forward<A>(arguments)...);
    return *place;
  }
};

Registry::Registry() = default;
Registry::~Registry() = default;

Registry::Family& Registry::family(std::string_view name, std::string_view help, int kind) REQUIRES(mutex_) {
  TRACSEQ_ENSURE(is_name(name));
  auto found = families_.find(name);
  if (found == families_.end()) {
    found = families_.emplace(std::string(name), std::make_unique<Family>()).first;
    found->second->help = help;
    found->second->kind = kind;
  }
  TRACSEQ_ENSURE(found->second->kind == kind);
  return *found->second;
}

Counter& Registry::counter(std::string_view name, std::string_view help, const Labels& labels) {
  const Lock lock(mutex_);
  Family& f = family(name, help, kCounter);
  return f.series(f.counters, name, labels);
}

Gauge& Registry::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  const Lock lock(mutex_);
  Family& f = family(name, help, kGauge);
  return f.series(f.gauges, name, labels);
}

Histogram& Registry::histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                               const Labels& labels) {
  const Lock lock(mutex_);
  Family& f = family(name, help, kHistogram);
  return f.series(f.histograms, name, labels, bounds);
}

void Registry::before_exposition(std::function<void()> refresh) {
  const Lock lock(mutex_);
  refreshers_.push_back(std::move(refresh));
}

namespace {

void append_histogram(std::string& out, const std::string& name, const std::string& labels,
                      const Histogram& h) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i <= h.bounds().size(); ++i) {
    total += h.bucket(i);
    const std::string bound = i < h.bounds().size() ? number(h.bounds()[i]) : "+Inf";
    append_sample(out, name + "_bucket", labels, "le=\"" + bound + "\"", std::to_string(total));
  }
  append_sample(out, name + "_sum", labels, {}, number(h.sum()));
  append_sample(out, name + "_count", labels, {}, std::to_string(total));
}

}  // namespace

std::string Registry::text() const {
  std::vector<std::function<void()>> refreshers;
  {
    const Lock lock(mutex_);
    refreshers = refreshers_;
  }
  for (const auto& refresh : refreshers) refresh();  // outside the lock: they use the registry
  static constexpr const char* kKinds[] = {"counter", "gauge", "histogram"};
  std::string out;
  const Lock lock(mutex_);
  for (const auto& [name, family] : families_) {
    out += "# HELP " + name + ' ';
    append_escaped(out, family->help, false);
    out += "\n# TYPE " + name + ' ' + kKinds[family->kind] + '\n';
    for (const auto& [labels, c] : family->counters)
      append_sample(out, name, labels, {}, std::to_string(c->value()));
    for (const auto& [labels, g] : family->gauges) append_sample(out, name, labels, {}, number(g->value()));
    for (const auto& [labels, h] : family->histograms) append_histogram(out, name, labels, *h);
  }
  return out;
}

Registry& process() {
  static auto* registry = new Registry;  // never destroyed: threads may count until the very end
  return *registry;
}

namespace {

double resident_bytes() {
  long total = 0;
  long resident = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%ld %ld", &total, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double cpu_seconds() {
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double open_files() {
  DIR* folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  int count = -3;  // ".", ".." and the folder itself
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

}  // namespace

void add_process_metrics(Registry& registry) {
  registry.gauge("process_start_time_seconds", "Start of the process, seconds since the epoch")
      .set(static_cast<double>(now().us) / 1e6);
  Gauge& memory = registry.gauge("process_resident_memory_bytes", "Resident memory");
  Gauge& cpu = registry.gauge("process_cpu_seconds_total", "CPU time used, user and system");
  Gauge& files = registry.gauge("process_open_fds", "Open file descriptors");
  Gauge& lost = registry.gauge("tracseq_log_lines_lost_total", "Log lines nobody read in time");
  registry.before_exposition([&memory, &cpu, &files, &lost] {
    lost.set(static_cast<double>(log::lost()));
    memory.set(resident_bytes());
    cpu.set(cpu_seconds());
    files.set(open_files());
  });
}

}  // namespace tracseq::metrics
