// SPDX-License-Identifier: MIT
#pragma once

#include <libpq-fe.h>

namespace tracseq::sql::postgres {

// Object ids of built-in types, fixed in PostgreSQL's catalogue (pg_type.dat).
inline constexpr Oid kBoolType = 16;
inline constexpr Oid kBytesType = 17;
inline constexpr Oid kIntType = 20;
inline constexpr Oid kTextType = 25;
inline constexpr Oid kRealType = 701;

}  // namespace tracseq::sql::postgres
