// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace tracseq::server {

// Whether two names are the same, whatever their case (ASCII), as names of header fields are.
bool same_text(std::string_view a, std::string_view b);
// Whether a comma-separated list with q-values takes gzip.
bool takes_gzip(std::string_view accept_encoding);
// The part of a request's target after scheme and authority: proxies send the absolute form.
std::string_view origin_form(std::string_view target);
// Whether a comma-separated list has an item, whatever its case (ASCII).
bool has_item(std::string_view list, std::string_view item);

}  // namespace tracseq::server
