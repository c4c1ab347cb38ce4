// SPDX-License-Identifier: MIT
#pragma once

#include "stats/comparison.h"
#include "stats/moments.h"

namespace tracseq::stats {

// Differences of means from moments alone (n, mean, centred second moment), so that a sum kept per arm is all
// that is needed. Both answer "not testable" with the reason, and the effect, where an arm has fewer than two
// values or where no arm varies (scipy answers t = ±inf, p = 0 there).

// Welch 1947: t = Δ/√(a + b), a = s₁²/n₁, b = s₂²/n₂; dof (a + b)²/(a²/(n₁−1) + b²/(n₂−1)).
Result<Comparison> welch_test(const Moments& a, const Moments& b, const TestOptions& options = {});
// Student's t with the pooled variance, n₁ + n₂ − 2 degrees of freedom.
Result<Comparison> student_test(const Moments& a, const Moments& b, const TestOptions& options = {});
// A difference that is normal with a known standard error; dof may be infinite. Not testable if the error is
// 0.
Result<Comparison> estimate_test(std::string method, double effect, double std_error, double dof,
                                 const TestOptions& options = {});

}  // namespace tracseq::stats
