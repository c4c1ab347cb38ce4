// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tracseq {

// The first place where a text breaks the rules of docs/formats/json.md.
struct JsonFault {
  std::string
      subject;        // the path of the field that is wrong ("params.lr", "points[2].step"); empty: all of it
  std::string why;    // what is said of the subject: "is not valid JSON: …", "is 1e400, too large …"
  std::string place;  // "line 2, column 7", counted from 1 in characters; "column 7" in a text of one line
};

// Reads the text once more, for its fault; nothing if it has none that this can tell (doubled keys are not
// looked for). Called where a text was refused: slower than the parser, linear in the text. With
// `ShownValues::no`, for documents with secrets, `why` tells nothing of what the text holds. Pure.
enum class ShownValues { yes, no };
std::optional<JsonFault> find_json_fault(std::string_view text, ShownValues shown = ShownValues::yes);

}  // namespace tracseq
