// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <span>
#include <vector>

#include "stats/comparison.h"
#include "stats/gauss_legendre.h"

namespace tracseq::stats {

// How much of alpha may be spent until a share t of the planned information (Lan and DeMets 1983), per side
// α' = alpha, or alpha/2 where both sides count: obrien_fleming 2 − 2Φ(z_{α'/2}/√t); pocock α'·ln(1 + (e −
// 1)t); power α'·t^φ (Kim and DeMets 1987).
enum class Spending { obrien_fleming, pocock, power };
TRACSEQ_DESCRIBE_ENUM(Spending, obrien_fleming, pocock, power)

struct SpendingPlan {
  Spending spending = Spending::obrien_fleming;
  double alpha = 0.05;     // of the whole test, in (0, 0.5)
  double phi = 2;          // of power, above 0
  bool one_sided = false;  // true: only large z stops
};

// Spent per side until t; 0 at 0, all of it from 1 on.
double alpha_spent(const SpendingPlan& plan, double t) noexcept;

inline constexpr double kInformationStepLeast = 1e-4;
inline constexpr std::size_t kLooksMost = 2000;

// The law of a test that is looked at several times: the density of the score process B(t) = Z(t)√t of what
// has not stopped, carried from look to look (Armitage, McPherson and Rowe 1969), by Gauss–Legendre
// quadrature fine enough for the increments (bounds agree with rpact to 1e-8). Looks come one by one;
// information is a share of the planned one and never falls. For one thread.
class GroupSequential {
 public:
  explicit GroupSequential(bool one_sided) : one_sided_(one_sided) {}

  // Adds a look at information t with a bound on |z| (on z, one-sided) that is given.
  void look(double t, double bound);
  // Adds a look whose bound makes the probability of stopping here, per side, `increment`, where nothing is
  // different. Returns it; infinite if the increment is below 1e-16: nothing can be stopped for so little.
  double look_spending(double t, double increment);

  [[nodiscard]] std::size_t looks() const noexcept { return looks_.size(); }
  // Per side: P(stopped above at look i) if the drift is theta, i.e. E[Z(t)] = theta·√t. theta is the
  // expected z at t=1.
  [[nodiscard]] double stopped_above(std::size_t i, double theta) const;
  [[nodiscard]] double stopped_below(std::size_t i, double theta) const;
  // P(Z ≥ z at look i, not stopped before).
  [[nodiscard]] double reaches(std::size_t i, double z, double theta) const;

 private:
  struct State {
    double t = 0;
    double bound = 0;             // on the z scale; may be infinite
    double step = 0;              // information since the look before
    std::vector<double> x, mass;  // nodes on the B scale and weight·density of what goes on, without drift
  };
  [[nodiscard]] const GaussLegendre& rule(std::size_t n);
  [[nodiscard]] double tail_beyond(const State* before, double t, double place, double theta,
                                   bool above) const;
  [[nodiscard]] const State* before(std::size_t i) const { return i == 0 ? nullptr : &looks_[i - 1]; }
  void carry(State& state);

  bool one_sided_;
  std::vector<State> looks_;
  std::map<std::size_t, GaussLegendre> rules_;
};

// Bounds of a plan at the looks that were, from the information observed at each.
struct SequentialBounds {
  std::vector<double> z;          // critical |z| (z, one-sided); infinite: nothing stops here
  std::vector<double> nominal_p;  // the p-value at the bound, one- or two-sided as the plan
  std::vector<double> spent;      // cumulative, both sides together
};
TRACSEQ_DESCRIBE(SequentialBounds, (z, nominal_p, spent))
// `information` ascends within (0, 1]. A look that repeats the information before keeps its bound; one that
// adds less than kInformationStepLeast gets none (infinite), its spending is left to the next. Up to
// kLooksMost looks; 200 take a few milliseconds.
Result<SequentialBounds> sequential_bounds(std::span<const double> information, const SpendingPlan& plan);

// The probability to stop until each look (cumulative, both sides) with bounds that are given, under drift
// theta.
Result<std::vector<double>> stopping_probabilities(std::span<const double> information,
                                                   std::span<const double> bounds, double theta,
                                                   bool one_sided);

// The drift (expected z at full information) that gives the plan that power; the sample size of a fixed test
// times (drift/(z_α + z_β))² is what the sequential one needs at most.
struct SequentialPower {
  double drift = kNaN;
  double inflation = kNaN;             // of the fixed test's sample size
  double expected_information = kNaN;  // share used on average under that drift
};
TRACSEQ_DESCRIBE(SequentialPower, (drift, inflation, expected_information))
Result<SequentialPower> sequential_power(std::span<const double> information, const SpendingPlan& plan,
                                         double power);

// What may be said of the effect when the test has stopped. The plain estimate is biased away from 0; this
// one is median-unbiased by stagewise ordering (Tsiatis, Rosner and Mehta 1984; Jennison and Turnbull 2000,
// §8.5): a stop earlier is more extreme, then a greater z.
struct StoppedEstimate {
  double estimate = kNaN;  // plain
  double median_unbiased = kNaN;
  double low = kNaN;  // interval by the same ordering, at the confidence
  double high = kNaN;
  double p_value = kNaN;       // two-sided (one-sided where the plan is), by the same ordering
  double repeated_low = kNaN;  // repeated interval: estimate ± bound·se, right at every look, stopped or not
  double repeated_high = kNaN;
};
TRACSEQ_DESCRIBE(StoppedEstimate,
                 (estimate, median_unbiased, low, high, p_value, repeated_low, repeated_high))
// The looks up to the stop; the effect and standard error at the last of them.
Result<StoppedEstimate> stopped_estimate(std::span<const double> information, const SpendingPlan& plan,
                                         double effect, double std_error, double confidence);

}  // namespace tracseq::stats
