// SPDX-License-Identifier: MIT
#include "domain/tracking/run_query.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/json.h"

namespace tracseq::tracking {
namespace {

constexpr std::array<std::string_view, 12> kAttributes{
    "name",         "description",     "status",     "model_type", "framework", "algorithm",
    "dataset_name", "dataset_version", "created_by", "run_id",     "notes",     "parent_run_id"};
constexpr std::array<std::string_view, 3> kTimes{"created_at", "completed_at", "updated_at"};

struct Token {
  enum class Kind { word, quoted, text, number, symbol, end };
  Kind kind = Kind::end;
  std::string text;  // unquoted
  double number = 0;
  std::size_t at = 0;
};

bool word_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-' || c == '/' ||
         c == ':';
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::toupper(c); });
  return out;
}

tl::unexpected<Error> bad(std::size_t at, std::string_view what) {
  return fail_field("query", fmt::format("query: {} at character {}", what, at + 1));
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<Token> next() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    Token token;
    token.at = at_;
    if (at_ == text_.size()) return token;
    const char c = text_[at_];
    if (c == '\'' || c == '"' || c == '`') return quoted(token, c);
    if (std::isdigit(static_cast<unsigned char>(c)) ||
        ((c == '-' || c == '+' || c == '.') && starts_number()))
      return number(token);
    if (word_char(c)) return word(token);
    return symbol(token);
  }

 private:
  bool starts_number() const {
    return at_ + 1 < text_.size() &&
           (std::isdigit(static_cast<unsigned char>(text_[at_ + 1])) || text_[at_ + 1] == '.');
  }

  Result<Token> quoted(Token token, char mark) {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] != mark) {
        token.text += text_[at_];
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == mark) {
        token.text += text_[at_++];  // a doubled mark stands for itself
      } else {
        ++at_;
        token.kind = mark == '\'' ? Token::Kind::text : Token::Kind::quoted;
        return token;
      }
    }
    return bad(token.at, "a quote is not closed");
  }

  Result<Token> number(Token token) {
    const char* begin = text_.data() + at_ + (text_[at_] == '+' ? 1 : 0);
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), token.number);
    if (error != std::errc{}) return bad(token.at, "a number is malformed or out of range");
    at_ = static_cast<std::size_t>(end - text_.data());
    if (at_ < text_.size() && word_char(text_[at_]))
      return bad(at_, "a number is followed by other characters");
    token.kind = Token::Kind::number;
    return token;
  }

  // A word; after "metrics." and the like a quoted key may follow at once.
  Result<Token> word(Token token) {
    while (at_ < text_.size() && word_char(text_[at_])) token.text += text_[at_++];
    token.kind = Token::Kind::word;
    if (token.text.ends_with('.') && at_ < text_.size() &&
        (text_[at_] == '"' || text_[at_] == '`' || text_[at_] == '\'')) {
      TRACSEQ_TRY(const Token key, quoted(Token{}, text_[at_]));
      token.text += key.text;
    }
    return token;
  }

  Result<Token> symbol(Token token) {
    for (const std::string_view known : {"!=", "<>", "<=", ">=", "==", "=", "<", ">", "(", ")"}) {
      if (!text_.substr(at_).starts_with(known)) continue;
      at_ += known.size();
      token.kind = Token::Kind::symbol;
      token.text = known == "==" ? "=" : known == "<>" ? "!=" : known;
      return token;
    }
    return bad(at_, fmt::format("'{}' is not expected", text_[at_]));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// What stands left of a comparison.
struct Subject {
  enum class Kind { metric, param, tag, attribute, time };
  Kind kind;
  std::string key;
};

std::optional<Subject> subject_of(const std::string& word) {
  const auto prefixed = [&](std::string_view prefix) {
    return word.size() > prefix.size() && word.starts_with(prefix);
  };
  if (prefixed("metrics.")) return Subject{Subject::Kind::metric, word.substr(8)};
  if (prefixed("params.")) return Subject{Subject::Kind::param, word.substr(7)};
  if (prefixed("tags.")) return Subject{Subject::Kind::tag, word.substr(5)};
  const std::string name = prefixed("attributes.") ? word.substr(11) : word;
  if (std::find(kAttributes.begin(), kAttributes.end(), name) != kAttributes.end())
    return Subject{Subject::Kind::attribute, name};
  if (std::find(kTimes.begin(), kTimes.end(), name) != kTimes.end())
    return Subject{Subject::Kind::time, name};
  return std::nullopt;
}

constexpr std::string_view kSubjects =
    "metrics.<key>, params.<key>, tags.<key>, name, description, status, model_type, framework, algorithm, "
    "dataset_name, dataset_version, created_by, run_id, parent_run_id, notes";

// Zero has two bit patterns that are equal as numbers.
std::int64_t low_bits(double value) { return sql::double_bits(value == 0 ? -0.0 : value); }
std::int64_t high_bits(double value) { return sql::double_bits(value == 0 ? 0.0 : value); }

Condition metric_condition(const std::string& key, const std::string& op, double value) {
  Condition c;
  c.add("EXISTS (SELECT 1 FROM experiment_metrics m WHERE m.experiment_id = r.run_id AND m.key = ?", key);
  const std::int64_t lowest = sql::double_bits(-HUGE_VAL);
  const std::int64_t highest = sql::double_bits(HUGE_VAL);
  if (op == "=") c.add(" AND m.value_bits BETWEEN ?", low_bits(value)), c.add(" AND ?", high_bits(value));
  if (op == "!=")
    c.add(" AND m.value_bits NOT BETWEEN ?", low_bits(value)), c.add(" AND ?", high_bits(value));
  if (op == "<") c.add(" AND m.value_bits BETWEEN ?", lowest), c.add(" AND ?", low_bits(value) - 1);
  if (op == "<=") c.add(" AND m.value_bits BETWEEN ?", lowest), c.add(" AND ?", high_bits(value));
  if (op == ">") c.add(" AND m.value_bits BETWEEN ?", high_bits(value) + 1), c.add(" AND ?", highest);
  if (op == ">=") c.add(" AND m.value_bits BETWEEN ?", low_bits(value)), c.add(" AND ?", highest);
  c.add(")");
  return c;
}

Condition text_condition(std::string_view column, const std::string& op, const std::string& value) {
  Condition c;
  if (op == "ILIKE") {
    c.add(fmt::format("LOWER({}) LIKE LOWER(?)", column), value);
  } else {
    c.add(fmt::format("{} {} ?", column, op), value);
  }
  return c;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  Result<Condition> parse() {
    TRACSEQ_CHECK(advance());
    TRACSEQ_TRY(Condition condition, disjunction(0));
    if (token_.kind != Token::Kind::end) return bad(token_.at, "AND, OR or the end was expected");
    return condition;
  }

 private:
  Result<void> advance() {
    TRACSEQ_TRY(token_, lexer_.next());
    return {};
  }
  bool is_word(std::string_view word) const {
    return token_.kind == Token::Kind::word && upper(token_.text) == word;
  }
  bool is_symbol(std::string_view symbol) const {
    return token_.kind == Token::Kind::symbol && token_.text == symbol;
  }

  Result<Condition> disjunction(int depth) { return chain(depth, "OR", &Parser::conjunction); }
  Result<Condition> conjunction(int depth) { return chain(depth, "AND", &Parser::negation); }

  Result<Condition> chain(int depth, std::string_view word, Result<Condition> (Parser::*operand)(int)) {
    if (depth > kQueryDepthMax) return bad(token_.at, "the query is nested too deeply");
    Condition all;
    all.add("(");
    TRACSEQ_TRY(Condition first, (this->*operand)(depth + 1));
    all.append(std::move(first));
    while (is_word(word)) {
      TRACSEQ_CHECK(advance());
      TRACSEQ_TRY(Condition next, (this->*operand)(depth + 1));
      all.add(fmt::format(" {} ", word));
      all.append(std::move(next));
    }
    all.add(")");
    return all;
  }

  Result<Condition> negation(int depth) {
    if (depth > kQueryDepthMax) return bad(token_.at, "the query is nested too deeply");
    if (is_word("NOT")) {
      TRACSEQ_CHECK(advance());
      TRACSEQ_TRY(Condition inner, negation(depth + 1));
      Condition c;
      c.add("NOT ");
      c.append(std::move(inner));
      return c;
    }
    if (!is_symbol("(")) return comparison();
    TRACSEQ_CHECK(advance());
    TRACSEQ_TRY(Condition inner, disjunction(depth + 1));
    if (!is_symbol(")")) return bad(token_.at, "')' was expected");
    TRACSEQ_CHECK(advance());
    return inner;
  }

  Result<Condition> comparison() {
    const std::size_t at = token_.at;
    if (token_.kind != Token::Kind::word) return bad(at, "the name of what to compare was expected");
    const auto subject = subject_of(token_.text);
    if (!subject || subject->kind == Subject::Kind::time)
      return bad(at, fmt::format("'{}' is unknown; allowed are {}", token_.text.substr(0, 80), kSubjects));
    TRACSEQ_CHECK(advance());
    if (is_word("IS")) return null_check(*subject);
    std::string op = token_.kind == Token::Kind::symbol ? token_.text : upper(token_.text);
    constexpr std::array<std::string_view, 8> kOps{"=", "!=", "<", "<=", ">", ">=", "LIKE", "ILIKE"};
    if (std::find(kOps.begin(), kOps.end(), op) == kOps.end())
      return bad(token_.at, "one of = != < <= > >= LIKE ILIKE IS was expected");
    TRACSEQ_CHECK(advance());
    const Token value = token_;
    if (value.kind != Token::Kind::number && value.kind != Token::Kind::text &&
        value.kind != Token::Kind::quoted)
      return bad(value.at, "a number or a 'text' was expected");
    TRACSEQ_CHECK(advance());
    return compare(*subject, op, value);
  }

  Result<Condition> null_check(const Subject& subject) {
    TRACSEQ_CHECK(advance());
    const bool negated = is_word("NOT");
    if (negated) TRACSEQ_CHECK(advance());
    if (!is_word("NULL")) return bad(token_.at, "NULL was expected");
    TRACSEQ_CHECK(advance());
    Condition c;
    c.add(negated ? "" : "NOT ");
    switch (subject.kind) {
      case Subject::Kind::metric:
        c.add("EXISTS (SELECT 1 FROM experiment_metrics m WHERE m.experiment_id = r.run_id AND m.key = ?)",
              subject.key);
        return c;
      case Subject::Kind::param:
        c.add("EXISTS (SELECT 1 FROM run_params p WHERE p.run_id = r.run_id AND p.key = ?)", subject.key);
        return c;
      case Subject::Kind::tag:
        c.add("EXISTS (SELECT 1 FROM run_tags t WHERE t.run_id = r.run_id AND t.key = ?)", subject.key);
        return c;
      default:
        c.add(fmt::format("(r.{} IS NOT NULL AND r.{} <> '')", subject.key, subject.key));
        return c;
    }
  }

  static Result<Condition> compare(const Subject& subject, const std::string& op, const Token& value) {
    const bool number = value.kind == Token::Kind::number;
    const bool like = op == "LIKE" || op == "ILIKE";
    if (number && like) return bad(value.at, "LIKE compares with a 'text'");
    Condition c;
    switch (subject.kind) {
      case Subject::Kind::metric:
        if (!number) return bad(value.at, "a metric is compared with a number");
        return metric_condition(subject.key, op, value.number);
      case Subject::Kind::param:
        c.add("EXISTS (SELECT 1 FROM run_params p WHERE p.run_id = r.run_id AND p.key = ?", subject.key);
        if (number) {
          c.add(fmt::format(" AND p.number {} ?)", op), value.number);
          return c;
        }
        c.add(" AND ");
        // Texts are kept as JSON; their inside is compared.
        c.append(text_condition(
            "(CASE WHEN p.value LIKE '\"%' THEN SUBSTR(p.value, 2, LENGTH(p.value) - 2) ELSE p.value END)",
            op, value.text));
        c.add(")");
        return c;
      case Subject::Kind::tag:
        c.add("EXISTS (SELECT 1 FROM run_tags t WHERE t.run_id = r.run_id AND t.key = ? AND ", subject.key);
        c.append(text_condition("t.value", op, number ? fmt::format("{}", value.number) : value.text));
        c.add(")");
        return c;
      default:
        if (number) return bad(value.at, fmt::format("{} is compared with a 'text'", subject.key));
        return text_condition("r." + subject.key, op, value.text);
    }
  }

  Lexer lexer_;
  Token token_;
};

}  // namespace

void Condition::append(Condition other) {
  sql += other.sql;
  std::move(other.values.begin(), other.values.end(), std::back_inserter(values));
}

Result<Condition> parse_run_query(std::string_view text) {
  if (text.size() > kQueryBytesMax)
    return fail_field("query",
                      fmt::format("query has {} bytes; at most {} are read", text.size(), kQueryBytesMax));
  return Parser(text).parse();
}

Result<Order> parse_run_order(std::string_view text) {
  Order order;
  std::string subject(text);
  for (const std::string_view word : {" DESC", " ASC"}) {
    if (subject.size() <= word.size() ||
        upper(std::string_view(subject).substr(subject.size() - word.size())) != word)
      continue;
    order.descending = word == " DESC";
    subject.resize(subject.size() - word.size());
    break;
  }
  const auto parsed = subject_of(subject);
  if (!parsed)
    return fail_field(
        "order_by",
        fmt::format("order_by is '{}'; allowed are created_at, completed_at, updated_at, {}, each "
                    "with asc or desc",
                    subject.substr(0, 80), kSubjects));
  switch (parsed->kind) {
    case Subject::Kind::metric:
      order.key.add(
          "(SELECT m.value_bits FROM experiment_metrics m WHERE m.experiment_id = r.run_id AND m.key = ?)",
          parsed->key);
      order.type = Order::Type::integer;  // bits in the order of the values
      break;
    case Subject::Kind::param:
      order.key.add("(SELECT p.number FROM run_params p WHERE p.run_id = r.run_id AND p.key = ?)",
                    parsed->key);
      order.type = Order::Type::real;
      break;
    case Subject::Kind::tag:
      order.key.add("(SELECT t.value FROM run_tags t WHERE t.run_id = r.run_id AND t.key = ?)", parsed->key);
      break;
    case Subject::Kind::time:
      order.key.add("r." + parsed->key);
      order.type = Order::Type::integer;
      break;
    case Subject::Kind::attribute:
      order.key.add("r." + parsed->key);
  }
  return order;
}

Result<std::vector<Order>> parse_run_orders(std::string_view text) {
  std::vector<std::string> parts(1);
  char quote = 0;
  for (const char c : text) {
    if (quote == 0 && c == ',') {
      parts.emplace_back();
      continue;
    }
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '`')) {
      quote = c;  // as in a query: what stands between may hold commas
    } else if (c != ' ' || !parts.back().empty()) {
      parts.back() += c;  // without the spaces behind a comma
    }
  }
  if (parts.size() > kOrdersMax)
    return fail_field("order_by",
                      fmt::format("order_by has {} keys; at most {} are taken", parts.size(), kOrdersMax));
  std::vector<Order> orders;
  for (const std::string& part : parts) {
    TRACSEQ_TRY(Order order, parse_run_order(part));
    orders.push_back(std::move(order));
  }
  return orders;
}

}  // namespace tracseq::tracking
