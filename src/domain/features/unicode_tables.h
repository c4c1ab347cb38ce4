// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>

// What the tokenizer has to know of Unicode, as Python's `str` sees it. All tables are sorted and without
// overlap.
namespace tracseq::features {

struct CodeRange {
  std::uint32_t first;
  std::uint32_t last;
};
// Characters first, first + stride … last, whose lower case lies `delta` away.
struct LowerRun {
  std::uint32_t first;
  std::uint32_t last;
  std::uint32_t stride;
  std::int32_t delta;
};

std::span<const CodeRange> word_ranges() noexcept;       // \w: letters, digits, numbers, the underscore
std::span<const CodeRange> cased_ranges() noexcept;      // a capital sigma after one of these may be final
std::span<const CodeRange> ignorable_ranges() noexcept;  // passed over when a final sigma is looked for
std::span<const LowerRun> lower_runs() noexcept;

}  // namespace tracseq::features
