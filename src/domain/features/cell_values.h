// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "domain/features/transformation.h"

// Single values read as the type of the column a step was fitted with, by the rules of files
// (storage/tables/cells.h): "True", "yes" and 1 are one boolean. What a file would report as a mismatch is
// refused here: `invalid`, naming the column; so is a time in another form than timestamp_cell's, which a
// file may have. Steps of older documents know no type: booleans are 0 and 1, and a text is no number.
// Thread-safe.
namespace tracseq::features {

// Whether a column of the type has no value there.
bool cell_missing(std::optional<tables::ColumnType> type, const Value& value) noexcept;
// NaN for a missing value; infinite numbers of a column of doubles are left to the imputation.
Result<double> cell_number(const NumericStep& step, const Value& value);
// The category of a value that is not missing. Lies in the value, in `buffer` or in static memory.
Result<std::string_view> cell_category(const CategoricalStep& step, const Value& value, std::string& buffer);

}  // namespace tracseq::features
