// SPDX-License-Identifier: MIT
#include "domain/deployment/verdict.h"

#include <fmt/core.h>

#include <algorithm>

#include "stats/sequential_rates.h"

namespace tracseq::deployment {
namespace {

// Errors and latency, each with the candidate's bounds and the comparison's.
constexpr double kQuestions = 4;
constexpr double kAlpha = kVerdictAlpha / kQuestions;

struct Question {
  const char* name;
  const char* what;
  double bearable;
  std::int64_t candidate;
  std::int64_t stable;
};

struct Answer {
  bool bad = false;
  bool good = false;
  std::string text;
  GateQuestion said;
};

Answer ask(const Question& question, std::int64_t candidate_requests, std::int64_t stable_requests) {
  const auto bounds = stats::rate_sequence(question.candidate, candidate_requests, kAlpha);
  const bool beyond = bounds.lower > question.bearable;
  const bool compared = stable_requests >= kRequestsMin;
  const bool worse = !compared || stats::rate_difference_sequence(question.candidate, candidate_requests,
                                                                  question.stable, stable_requests, kAlpha)
                                          .lower > 0;
  Answer answer;
  answer.bad = beyond && worse;
  answer.good = bounds.upper <= question.bearable || question.bearable >= 1;
  answer.text = fmt::format(
      "{} of {} requests {} ({:.3g} to {:.3g} %, bearable {:.3g} %{})", question.candidate,
      candidate_requests, question.what, 100 * bounds.lower, 100 * bounds.upper, 100 * question.bearable,
      compared ? fmt::format("; stable {} of {}", question.stable, stable_requests) : std::string());
  answer.said.question = question.name;
  answer.said.events = question.candidate;
  answer.said.requests = candidate_requests;
  answer.said.low = bounds.lower;
  answer.said.high = bounds.upper;
  answer.said.bearable = question.bearable;
  if (compared) {
    answer.said.stable_events = question.stable;
    answer.said.stable_requests = stable_requests;
  }
  if (candidate_requests >= kRequestsMin)
    answer.said.verdict = answer.bad    ? Verdict::failure
                          : answer.good ? Verdict::success
                                        : Verdict::inconclusive;
  return answer;
}

}  // namespace

Judgement judge(const DeploymentConfig& config, const Counts& candidate, const Counts& stable) {
  if (candidate.requests == 0) return {Verdict::inconclusive, "it had no traffic"};
  const double slow_ms = config.rollback_latency_threshold_ms;
  const Answer errors =
      ask({"errors", "failed", config.rollback_error_threshold, candidate.errors, stable.errors},
          candidate.requests, stable.requests);
  Answer slow = ask({"latency", "were too slow", kSlowShareMax, slower_than(candidate, slow_ms),
                     slower_than(stable, slow_ms)},
                    candidate.requests, stable.requests);
  slow.said.threshold_ms = slow_ms;
  Judgement judged{Verdict::inconclusive, errors.text + "; " + slow.text, {errors.said, slow.said}};
  if (candidate.requests < kRequestsMin) {
    judged.reason =
        fmt::format("{} requests are too few to judge by; at least {}", candidate.requests, kRequestsMin);
  } else if (errors.bad) {
    judged.verdict = Verdict::failure;
    judged.reason = errors.text;
  } else if (slow.bad) {
    judged.verdict = Verdict::failure;
    judged.reason = fmt::format("{}, beyond {:.6g} ms", slow.text, slow_ms);
  } else if (errors.good && slow.good) {
    judged.verdict = Verdict::success;
  }
  return judged;
}

Counts since(const Counts& now, const Counts& baseline) {
  const auto minus = [](auto a, auto b) { return a > b ? a - b : decltype(a){0}; };
  Counts left;
  left.requests = minus(now.requests, baseline.requests);
  left.errors = std::min(minus(now.errors, baseline.errors), left.requests);
  left.latency_sum_ms = minus(now.latency_sum_ms, baseline.latency_sum_ms);
  left.latency_square_sum = minus(now.latency_square_sum, baseline.latency_square_sum);
  left.latency_buckets = now.latency_buckets;
  for (std::size_t i = 0; i < left.latency_buckets.size() && i < baseline.latency_buckets.size(); ++i)
    left.latency_buckets[i] = minus(left.latency_buckets[i], baseline.latency_buckets[i]);
  return left;
}

void add(Counts& counts, const TargetCounts& reported) {
  counts.requests += reported.requests;
  counts.errors += reported.errors;
  counts.latency_sum_ms += reported.latency_sum_ms;
  counts.latency_square_sum += reported.latency_square_sum;
  if (counts.latency_buckets.size() < reported.latency_buckets.size())
    counts.latency_buckets.resize(reported.latency_buckets.size(), 0);
  for (std::size_t i = 0; i < reported.latency_buckets.size(); ++i)
    counts.latency_buckets[i] += reported.latency_buckets[i];
}

std::int64_t slower_than(const Counts& counts, double threshold_ms) {
  const auto& bounds = latency_bounds_ms();
  std::int64_t slower = 0;
  for (std::size_t i = 1; i < counts.latency_buckets.size() && i <= bounds.size(); ++i)
    if (bounds[i - 1] >= threshold_ms) slower += counts.latency_buckets[i];
  return std::min(slower, counts.requests);
}

}  // namespace tracseq::deployment
