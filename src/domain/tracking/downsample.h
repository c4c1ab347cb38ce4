// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "domain/tracking/types.h"

namespace tracseq::tracking {

// Thins a series to at most `max_points` points (0: leaves it). Per bucket of equal numbers of points the
// first, last, smallest and greatest stay, so that a drawn line looks the same (M4: Jugel et al., VLDB 2014).
// NaN is neither smallest nor greatest.
void downsample(Series& series, std::size_t max_points);

}  // namespace tracseq::tracking
