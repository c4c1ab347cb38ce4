// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "stats/comparison.h"

// The Bayesian view, without random numbers. It does not control the error rate under repeated looks:
// stopping at P > .95 is wrong in 26 – 47 % of tests without a difference (definitions.md).
namespace tracseq::stats {

// What is said of treatment a against control b; greater is better.
struct BayesView {
  double probability_better = kNaN;     // P(a > b)
  double expected_loss = kNaN;          // E[max(b − a, 0)]: what shipping a may cost
  double expected_loss_control = kNaN;  // E[max(a − b, 0)]: what staying with b may cost
  double mean = kNaN;                   // posterior mean of a − b
  double low = kNaN;                    // central interval of a − b (normal only)
  double high = kNaN;
};
TRACSEQ_DESCRIBE(BayesView, (probability_better, expected_loss, expected_loss_control, mean, low, high))

struct BetaLaw {
  double a = 1;
  double b = 1;
};

// Rates with Beta posteriors (prior plus counts), parameters in (0, 1e12]. By the trapezoid rule on the logit
// scale, which converges faster than any power here: about 1e-13.
Result<BayesView> bayes_rates(BetaLaw a, BetaLaw b);
// P(arm i has the greatest rate), for each arm; at least 2, at most 1000.
Result<std::vector<double>> probability_best(const std::vector<BetaLaw>& arms);

// A normal estimate with a normal prior N(prior_mean, prior_sd²) on the effect; prior_sd infinite is the flat
// prior. Loss σφ(μ/σ) − μΦ(−μ/σ).
Result<BayesView> bayes_normal(double effect, double std_error, double prior_mean, double prior_sd,
                               double confidence);

}  // namespace tracseq::stats
