// SPDX-License-Identifier: MIT
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "domain/serving/tensor.h"

// The `data` of a tensor in JSON.
namespace tracseq::inference {

// Fills data or strings of a tensor whose name, type and shape are known and whose element count is `count`.
// `value` is flat or nested as the shape says. Numbers are read correctly rounded; NaN and the infinities
// come as quoted names, NaN also as null. `invalid` names the tensor, the element and what its type takes.
Result<void> read_tensor_data(const simdjson::dom::element& value, std::size_t count,
                              serving::Tensor& tensor);

// JSON as Python and JavaScript write it, made strict: bare NaN, Infinity and -Infinity become quoted names,
// integers too long for 64 bits become doubles. Strings are left alone. For texts a strict parser has
// refused.
std::string strict_numbers(std::string_view json);

}  // namespace tracseq::inference
