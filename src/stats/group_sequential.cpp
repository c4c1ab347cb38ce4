// SPDX-License-Identifier: MIT
#include "stats/group_sequential.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

namespace tracseq::stats {

TRACSEQ_DEFINE_ENUM(Spending)
TRACSEQ_DEFINE_TYPE(SequentialBounds)
TRACSEQ_DEFINE_TYPE(SequentialPower)
TRACSEQ_DEFINE_TYPE(StoppedEstimate)

namespace {

constexpr double kReach = 8.6;  // standard deviations beyond which nothing is left (1e-17)
constexpr double kIncrementLeast = 1e-16;
constexpr double kNodesPerDeviation = 3.2;
constexpr std::size_t kNodesMost = 6000;
constexpr std::size_t kNodesStep = 32;  // few different rules, kept

}  // namespace

double alpha_spent(const SpendingPlan& plan, double t) noexcept {
  const double side = plan.one_sided ? plan.alpha : plan.alpha / 2;
  if (!(t > 0)) return 0;
  if (t >= 1) return side;
  switch (plan.spending) {
    case Spending::obrien_fleming:
      return 2 * normal_tail(normal_upper(side / 2) / std::sqrt(t));
    case Spending::pocock:
      return side * std::log1p((std::exp(1.0) - 1) * t);
    case Spending::power:
      break;
  }
  return side * std::pow(t, plan.phi);
}

const GaussLegendre& GroupSequential::rule(std::size_t n) {
  const std::size_t rounded = (n + kNodesStep - 1) / kNodesStep * kNodesStep;
  return rules_.try_emplace(rounded, rounded).first->second;
}

// P(B(t) beyond place, not stopped before): the mass at each node moves by N(θ·step, step). Under drift the
// density at a node is exp(θx − θ²t/2) times the one without.
double GroupSequential::tail_beyond(const State* before, double t, double place, double theta,
                                    bool above) const {
  const double sign = above ? 1 : -1;
  if (before == nullptr) return normal_tail(sign * (place - theta * t) / std::sqrt(t));
  const double sd = std::sqrt(t - before->t), shift = theta * (t - before->t);
  double sum = 0;
  for (std::size_t i = 0; i < before->x.size(); ++i) {
    const double away = sign * (place - before->x[i] - shift) / sd;
    if (away > 38) continue;  // 0 in double precision
    const double tilt = theta == 0 ? 1 : std::exp(theta * before->x[i] - 0.5 * theta * theta * before->t);
    sum += before->mass[i] * tilt * normal_tail(away);
  }
  return sum;
}

// The density of what goes on, at nodes of its own. They must resolve the finer of the two last steps.
void GroupSequential::carry(State& state) {
  const State* last = looks_.empty() ? nullptr : &looks_.back();
  const double root = std::sqrt(state.t), reach = kReach * root;
  const double high = std::min(reach, state.bound * root), low = one_sided_ ? -reach : -high;
  const double finest = std::sqrt(last == nullptr ? state.step : std::min(state.step, last->step));
  const auto wanted = static_cast<std::size_t>(kNodesPerDeviation * std::max(0.0, high - low) / finest) + 48;
  const GaussLegendre& gauss = rule(std::min(wanted, kNodesMost));
  const std::size_t n = gauss.nodes.size();
  state.x.resize(n);
  state.mass.resize(n);
  const double half = (high - low) / 2, sd = std::sqrt(state.step);
  const double scale = 1 / (sd * std::sqrt(2 * std::acos(-1.0)));
  std::size_t first = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double y = state.x[i] = low + half * (1 + gauss.nodes[i]);
    double density = 0;
    if (last == nullptr) {
      density = normal_density(y / root) / root;
    } else {
      // Only nodes near y send anything; both lists ascend.
      while (first < last->x.size() && last->x[first] < y - kReach * sd) ++first;
      for (std::size_t j = first; j < last->x.size() && last->x[j] <= y + kReach * sd; ++j) {
        const double away = (y - last->x[j]) / sd;
        density += last->mass[j] * std::exp(-0.5 * away * away);
      }
      density *= scale;
    }
    state.mass[i] = density * half * gauss.weights[i];
  }
}

void GroupSequential::look(double t, double bound) {
  State state;
  state.t = t;
  state.bound = bound;
  state.step = t - (looks_.empty() ? 0 : looks_.back().t);
  carry(state);
  looks_.push_back(std::move(state));
}

double GroupSequential::look_spending(double t, double increment) {
  double bound = kInfinity;
  if (increment >= kIncrementLeast) {
    const State* last = looks_.empty() ? nullptr : &looks_.back();
    const double root = std::sqrt(t);
    if (last == nullptr) {
      bound = normal_upper(increment);
    } else {
      double low = -kReach * root, high = 40 * root;
      for (int i = 0; i < 200;
           ++i) {  // Newton would be faster where the tail is tame; the bracket never fails
        const double middle = 0.5 * (low + high);
        if (middle <= low || middle >= high || high - low < 1e-14 * root) break;
        (tail_beyond(last, t, middle, 0, true) > increment ? low : high) = middle;
      }
      bound = 0.5 * (low + high) / root;
    }
  }
  look(t, bound);
  return bound;
}

double GroupSequential::stopped_above(std::size_t i, double theta) const {
  return reaches(i, looks_[i].bound, theta);
}

double GroupSequential::stopped_below(std::size_t i, double theta) const {
  const State& state = looks_[i];
  if (one_sided_ || std::isinf(state.bound)) return 0;
  return tail_beyond(before(i), state.t, -state.bound * std::sqrt(state.t), theta, false);
}

double GroupSequential::reaches(std::size_t i, double z, double theta) const {
  const State& state = looks_[i];
  if (std::isinf(z)) return z > 0 ? 0 : 1;
  return tail_beyond(before(i), state.t, z * std::sqrt(state.t), theta, true);
}

namespace {

Result<void> check_looks(std::span<const double> information) {
  if (information.empty() || information.size() > kLooksMost)
    return fail_field("information",
                      fmt::format("there are {} looks; allowed are 1 to {}", information.size(), kLooksMost));
  double last = 0;
  for (const double t : information) {
    if (!(t > 0 && t <= 1) || t < last)
      return fail_field(
          "information",
          fmt::format("information holds {} after {}; allowed are shares above 0 up to 1 that do "
                      "not fall",
                      t, last));
    last = t;
  }
  return {};
}

Result<void> check_plan(const SpendingPlan& plan) {
  TRACSEQ_CHECK(check_between("alpha", plan.alpha, 0, 0.5));
  return check_between("phi", plan.phi, 0, kInfinity);
}

// The looks that count, with their bounds.
struct Planned {
  GroupSequential law;
  std::vector<double> t;
  SequentialBounds bounds;
  explicit Planned(bool one_sided) : law(one_sided) {}
};

Planned plan_looks(std::span<const double> information, const SpendingPlan& plan) {
  Planned out(plan.one_sided);
  const double sides = plan.one_sided ? 1 : 2;
  double spent = 0;
  for (const double t : information) {
    const double last = out.t.empty() ? 0 : out.t.back();
    double bound = kInfinity;
    if (!out.bounds.z.empty() && t == last) {
      bound = out.bounds.z.back();
    } else if (t - last >= kInformationStepLeast || (t == 1 && last < 1)) {
      const double increment = alpha_spent(plan, t) - spent;
      bound = out.law.look_spending(t, increment);
      if (std::isfinite(bound)) spent = alpha_spent(plan, t);
      out.t.push_back(t);
    }
    out.bounds.z.push_back(bound);
    out.bounds.nominal_p.push_back(sides * normal_tail(bound));
    out.bounds.spent.push_back(sides * spent);
  }
  return out;
}

// The root of a function that rises, between two places where it lies below and above.
double rising_root(const std::function<double(double)>& rises, double low, double high) {
  double at_low = rises(low), at_high = rises(high);
  for (int i = 0; i < 60 && at_low > 0; ++i) at_low = rises(low -= 8);
  for (int i = 0; i < 60 && at_high < 0; ++i) at_high = rises(high += 8);
  for (int i = 0; i < 100 && high - low > 1e-13 * (1 + std::abs(low)); ++i) {
    // Regula falsi now and then, halving in between: fast, and never caught at one end.
    double middle = 0.5 * (low + high);
    if (i % 3 != 0 && at_high > at_low) {
      const double line = low - at_low * (high - low) / (at_high - at_low);
      if (line > low && line < high) middle = line;
    }
    const double value = rises(middle);
    if (value == 0) return middle;
    (value < 0 ? low : high) = middle;
    (value < 0 ? at_low : at_high) = value;
  }
  return 0.5 * (low + high);
}

}  // namespace

Result<SequentialBounds> sequential_bounds(std::span<const double> information, const SpendingPlan& plan) {
  TRACSEQ_CHECK(check_looks(information));
  TRACSEQ_CHECK(check_plan(plan));
  return plan_looks(information, plan).bounds;
}

Result<std::vector<double>> stopping_probabilities(std::span<const double> information,
                                                   std::span<const double> bounds, double theta,
                                                   bool one_sided) {
  TRACSEQ_CHECK(check_looks(information));
  TRACSEQ_CHECK(check_between("theta", theta, -100, 100));
  if (bounds.size() != information.size())
    return fail_field("bounds",
                      fmt::format("there are {} bounds for {} looks", bounds.size(), information.size()));
  GroupSequential law(one_sided);
  std::vector<double> out;
  double sum = 0, last = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    if (!(bounds[i] > 0))
      return fail_field("bounds", fmt::format("bounds hold {}; allowed are numbers above 0", bounds[i]));
    if (information[i] - last < kInformationStepLeast)
      return fail_field("information",
                        fmt::format("information grows by {} at look {}; at least {} is needed",
                                    information[i] - last, i + 1, kInformationStepLeast));
    last = information[i];
    law.look(information[i], bounds[i]);
    sum += law.stopped_above(i, theta) + law.stopped_below(i, theta);
    out.push_back(sum);
  }
  return out;
}

Result<SequentialPower> sequential_power(std::span<const double> information, const SpendingPlan& plan,
                                         double power) {
  TRACSEQ_CHECK(check_looks(information));
  TRACSEQ_CHECK(check_plan(plan));
  TRACSEQ_CHECK(check_between("power", power, plan.alpha, 1));
  if (information.back() != 1)
    return fail_field("information", "the last look of a plan must be at information 1");
  const Planned planned = plan_looks(information, plan);
  const auto power_at = [&](double theta) {
    double sum = 0;
    for (std::size_t i = 0; i < planned.law.looks(); ++i) sum += planned.law.stopped_above(i, theta);
    return sum;
  };
  SequentialPower out;
  out.drift = rising_root([&](double theta) { return power_at(theta) - power; }, 0, 6);
  const double side = plan.one_sided ? plan.alpha : plan.alpha / 2;
  const double fixed = normal_upper(side) + normal_upper(1 - power);
  out.inflation = out.drift * out.drift / (fixed * fixed);
  double stopped = 0;
  out.expected_information = 0;
  for (std::size_t i = 0; i + 1 < planned.law.looks(); ++i) {
    const double here = planned.law.stopped_above(i, out.drift) + planned.law.stopped_below(i, out.drift);
    stopped += here;
    out.expected_information += here * planned.t[i];
  }
  out.expected_information += 1 - stopped;
  return out;
}

Result<StoppedEstimate> stopped_estimate(std::span<const double> information, const SpendingPlan& plan,
                                         double effect, double std_error, double confidence) {
  TRACSEQ_CHECK(check_looks(information));
  TRACSEQ_CHECK(check_plan(plan));
  TRACSEQ_CHECK(check_between("confidence", confidence, 0, 1));
  TRACSEQ_CHECK(check_between("std_error", std_error, 0, kInfinity));
  const double z = effect / std_error;
  TRACSEQ_CHECK(check_between("effect", z, -kReach * 4, kReach * 4));
  const Planned planned = plan_looks(information, plan);
  const double t = planned.t.back(), bound = planned.bounds.z.back();
  const std::size_t last = planned.law.looks() - 1;
  // P(as great or greater in the ordering) under drift theta; rises with theta.
  const auto tail = [&](double theta) {
    double sum = planned.law.reaches(last, z, theta);
    for (std::size_t i = 0; i < last; ++i) sum += planned.law.stopped_above(i, theta);
    return sum;
  };
  const auto drift_at = [&](double probability) {
    return rising_root([&](double theta) { return tail(theta) - probability; }, z / std::sqrt(t) - 4,
                       z / std::sqrt(t) + 4);
  };
  const double unit = std_error * std::sqrt(t);  // effect of one unit of drift
  StoppedEstimate out;
  out.estimate = effect;
  out.median_unbiased = unit * drift_at(0.5);
  out.low = unit * drift_at((1 - confidence) / 2);
  out.high = unit * drift_at((1 + confidence) / 2);
  const double upper = tail(0);
  out.p_value = plan.one_sided ? upper : std::min(1.0, 2 * std::min(upper, 1 - upper));
  out.repeated_low = effect - bound * std_error;
  out.repeated_high = effect + bound * std_error;
  return out;
}

}  // namespace tracseq::stats
