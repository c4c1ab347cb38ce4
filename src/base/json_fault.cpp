// SPDX-License-Identifier: MIT
#include "base/json_fault.h"

#include <fmt/core.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <vector>

#include "base/identifier.h"
#include "base/json.h"
#include "base/utf8.h"

namespace tracseq {
namespace {

constexpr std::size_t kShownMax = 40;     // characters of a number or a word
constexpr std::size_t kPathPartsMax = 8;  // of a field's path; the deeper parts are what is left out

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

std::string place_of(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  const std::size_t line_end = before.rfind('\n');
  const std::string_view line = line_end == std::string_view::npos ? before : before.substr(line_end + 1);
  // Bytes that only continue a character are no column of their own.
  const auto column = 1 + std::count_if(line.begin(), line.end(), [](char c) {
                        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
                      });
  if (text.find('\n') == std::string_view::npos) return fmt::format("column {}", column);
  return fmt::format("line {}, column {}", 1 + std::count(before.begin(), before.end(), '\n'), column);
}

class Scanner {
 public:
  Scanner(std::string_view text, ShownValues shown) : text_(text), shown_(shown) {}

  std::optional<JsonFault> run() {
    skip_space();
    if (value(1)) {
      skip_space();
      if (at_ < text_.size()) wrong("the end");
    }
    return std::move(fault_);
  }

 private:
  // A step on the way to where the scan is: a key as it is written, or the place in a list.
  struct Part {
    std::string_view key;
    std::size_t index = 0;
    bool in_list = false;
  };

  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] bool sees(char c) const { return !at_end() && text_[at_] == c; }
  void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\n\r", at_), text_.size()); }

  // All of these are false, so that a reader can return them.
  bool fault(std::size_t at, std::string why, std::string subject = {}) {
    fault_ = {std::move(subject), std::move(why), place_of(text_, at)};
    return false;
  }
  bool wrong(std::string_view expected) {
    return fault(at_, fmt::format("is not valid JSON: expected {}{}", expected, found()));
  }
  // As the parser counts: what lies in the last level is a level of its own.
  bool too_deep(std::size_t at) {
    return fault(at, fmt::format("is nested deeper than {} levels", kJsonDepthMax));
  }
  // What stands where the scan is.
  [[nodiscard]] std::string found() const {
    if (at_end()) return ", found the end";
    if (shown_ == ShownValues::no) return {};
    const std::string_view rest = text_.substr(at_);
    const auto end = std::find_if_not(rest.begin(), rest.end(), is_word);
    const auto word = static_cast<std::size_t>(end - rest.begin());
    if (word > 0) return fmt::format(", found '{}'", shown_name(rest.substr(0, std::min(word, kShownMax))));
    return fmt::format(", found '{}'", shown_name(rest.substr(
                                           0, std::max<std::size_t>(first_utf8_character(rest).bytes, 1))));
  }

  bool value(std::size_t depth) {
    if (sees('{')) return object(depth);
    if (sees('[')) return array(depth);
    if (sees('"')) return string();
    if (!at_end() && (is_digit(text_[at_]) || text_[at_] == '-')) return number();
    for (const std::string_view word : {"true", "false", "null"}) {
      const std::string_view rest = text_.substr(at_);
      if (!rest.starts_with(word) || (rest.size() > word.size() && is_word(rest[word.size()]))) continue;
      at_ += word.size();
      return true;
    }
    return wrong("a value");
  }

  bool object(std::size_t depth) {
    const std::size_t begin = at_++;
    skip_space();
    if (sees('}')) return ++at_ > 0;
    if (depth >= kJsonDepthMax) return too_deep(begin);
    path_.emplace_back();
    for (;;) {
      if (!sees('"')) return wrong("a key in double quotes");
      const std::size_t key = at_ + 1;
      if (!string()) return false;
      path_.back().key = text_.substr(key, at_ - 1 - key);
      skip_space();
      if (!sees(':')) return wrong("':'");
      ++at_;
      skip_space();
      if (!value(depth + 1)) return false;
      skip_space();
      if (sees('}')) break;
      if (!sees(',')) return wrong("',' or '}'");
      ++at_;
      skip_space();
    }
    path_.pop_back();
    return ++at_ > 0;
  }

  bool array(std::size_t depth) {
    const std::size_t begin = at_++;
    skip_space();
    if (sees(']')) return ++at_ > 0;
    if (depth >= kJsonDepthMax) return too_deep(begin);
    path_.push_back({{}, 0, true});
    for (;; ++path_.back().index) {
      if (!value(depth + 1)) return false;
      skip_space();
      if (sees(']')) break;
      if (!sees(',')) return wrong("',' or ']'");
      ++at_;
      skip_space();
    }
    path_.pop_back();
    return ++at_ > 0;
  }

  bool string() {
    const std::size_t begin = at_++;
    while (!at_end()) {
      const char c = text_[at_];
      if (c == '"') return ++at_ > 0;
      if (c == '\\') {
        if (!escape()) return false;
        continue;
      }
      if (static_cast<unsigned char>(c) < 0x20)
        return fault(
            at_, fmt::format("is not valid JSON: a string holds the control character \\u{:04x} as it is, "
                             "not escaped",
                             static_cast<unsigned>(c)));
      const std::size_t bytes = first_utf8_character(text_.substr(at_, 4)).bytes;
      if (bytes == 0) return fault(at_, "is not valid UTF-8");
      at_ += bytes;
    }
    return fault(begin, "is not valid JSON: a string is not closed; it begins");
  }

  // Four hex digits after "\u"; nothing if they are none.
  [[nodiscard]] std::optional<unsigned> unit(std::size_t at) const {
    const std::string_view text = text_.substr(std::min(at, text_.size()), 6);
    unsigned code = 0;
    if (text.size() < 6 || !text.starts_with("\\u")) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data() + 2, text.data() + 6, code, 16);
    if (error != std::errc{} || end != text.data() + 6) return std::nullopt;
    return code;
  }
  bool escape() {
    const std::string_view rest = text_.substr(at_);
    if (rest.size() > 1 && std::string_view("\"\\/bfnrt").find(rest[1]) != std::string_view::npos) {
      at_ += 2;
      return true;
    }
    const auto first = unit(at_);
    if (!first) return fault(at_, "is not valid JSON: a string holds an escape that is none");
    if (*first < 0xD800 || *first > 0xDFFF) {
      at_ += 6;
      return true;
    }
    const auto second = unit(at_ + 6);
    if (*first > 0xDBFF || !second || *second < 0xDC00 || *second > 0xDFFF)
      return fault(at_, "is not valid JSON: a string holds half of a surrogate pair");
    at_ += 12;
    return true;
  }

  // The digits from `at` on; false if there are none.
  static bool digits(std::string_view token, std::size_t& at) {
    const std::size_t begin = at;
    while (at < token.size() && is_digit(token[at])) ++at;
    return at > begin;
  }
  // Whether the token has the form of a number; `whole` if it has neither fraction nor exponent.
  static bool has_form(std::string_view token, bool& whole) {
    std::size_t at = token.starts_with('-') ? 1 : 0;
    const std::size_t first = at;
    if (!digits(token, at) || (token[first] == '0' && at > first + 1)) return false;
    whole = at == token.size();
    if (at < token.size() && token[at] == '.') {
      ++at;
      if (!digits(token, at)) return false;
    }
    if (at < token.size() && (token[at] == 'e' || token[at] == 'E')) {
      ++at;
      if (at < token.size() && (token[at] == '+' || token[at] == '-')) ++at;
      if (!digits(token, at)) return false;
    }
    return at == token.size();
  }
  bool number() {
    const std::size_t begin = at_;
    while (!at_end() &&
           (is_word(text_[at_]) || std::string_view("+-.").find(text_[at_]) != std::string_view::npos))
      ++at_;
    const std::string_view token = text_.substr(begin, at_ - begin);
    const auto refuse = [&](std::string_view why) {
      if (shown_ == ShownValues::no) return fault(begin, fmt::format("is a value {}", why), field());
      return fault(
          begin,
          fmt::format("is {}{}, {}", token.substr(0, kShownMax), token.size() > kShownMax ? "…" : "", why),
          field());
    };
    bool whole = false;
    if (!has_form(token, whole)) return refuse("which is no number in JSON");
    if (whole) {
      std::int64_t integer = 0;
      if (std::from_chars(token.data(), token.data() + token.size(), integer).ec == std::errc{}) return true;
      return refuse("too large for an integer (write it with a fraction or exponent)");
    }
    if (simdjson::dom::element element;
        parser_.parse(token.data(), token.size()).get(element) == simdjson::SUCCESS)
      return true;  // judged by who refused the text
    return refuse("too large for a double");
  }

  [[nodiscard]] std::string field() const {
    std::string field;
    for (std::size_t i = 0; i < std::min(path_.size(), kPathPartsMax); ++i) {
      const Part& part = path_[i];
      if (part.in_list)
        field += fmt::format("[{}]", part.index);
      else
        field += (field.empty() ? "" : ".") + shown_name(part.key);
    }
    return field;
  }

  const std::string_view text_;
  const ShownValues shown_;
  std::size_t at_ = 0;
  std::vector<Part> path_;
  std::optional<JsonFault> fault_;
  simdjson::dom::parser parser_;
};

}  // namespace

std::optional<JsonFault> find_json_fault(std::string_view text, ShownValues shown) {
  return Scanner(text, shown).run();
}

}  // namespace tracseq
