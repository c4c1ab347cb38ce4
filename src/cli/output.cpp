// SPDX-License-Identifier: MIT
#include "cli/output.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace tracseq::cli {
namespace {

constexpr std::size_t kCellMax = 60;
constexpr int kBarWidth = 24;

bool on_terminal() {
  const char* term = std::getenv("TERM");
  return isatty(STDERR_FILENO) != 0 && term != nullptr && std::string_view(term) != "dumb";
}

// Columns on a terminal are counted in code points, not bytes.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string cell(const Json* value) {
  if (value == nullptr || value->is_null()) return "-";
  std::string text = value->is_string() ? value->string_or("") : dump_json(*value);
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  if (text.size() > kCellMax) {
    text.resize(kCellMax - 3);
    while (!text.empty() && (text.back() & 0xC0) == 0x80) text.pop_back();
    text += "...";
  }
  return text;
}

const Json* follow(const Json& item, std::string_view path) {
  const Json* at = &item;
  while (at != nullptr && !path.empty()) {
    const auto dot = path.find('.');
    at = at->find(path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
  }
  return at;
}

void print_rows(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width(row[i]) + 2, ' ');
    }
    fmt::print("{}\n", line);
  }
}

}  // namespace

void print_list(const Invocation& in, const std::string& body, const std::vector<Shown>& columns,
                const std::string& nothing) {
  if (in.json) {
    fmt::print("{}\n", body);
    return;
  }
  const auto document = parse_json(body);
  const Json* items = document ? document->find("items") : nullptr;
  const Json::Array* list = items != nullptr ? items->as_array() : nullptr;
  if (list == nullptr || list->empty()) {
    say(in, nothing);
    return;
  }
  std::vector<std::vector<std::string>> rows(1);
  for (const Shown& column : columns) rows.front().push_back(column.header);
  for (const Json& item : *list) {
    auto& row = rows.emplace_back();
    for (const Shown& column : columns) row.push_back(cell(follow(item, column.path)));
  }
  print_rows(rows);
  if (const Json* next = document->find("next_page_token"); next != nullptr && next->is_string())
    say(in, fmt::format("more follow: --page-token {}", next->string_or("")));
}

void print_object(const Invocation& in, const std::string& body) {
  const auto document = parse_json(body);
  const Json::Object* members = document ? document->as_object() : nullptr;
  if (in.json || members == nullptr) {
    fmt::print("{}\n", body);
    return;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : *members)
    rows.push_back({name, value.is_string() ? value.string_or("") : dump_json(value)});
  if (!rows.empty()) print_rows(rows);
}

void say(const Invocation& in, const std::string& text) {
  if (!in.quiet) fmt::print(stderr, "{}\n", text);
}

void show_progress(const Invocation& in, double fraction, const std::string& message) {
  if (in.quiet || !on_terminal()) return;
  const int filled = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * kBarWidth);
  std::string bar(static_cast<std::size_t>(filled), '#');
  bar.resize(kBarWidth, '.');
  fmt::print(stderr, "\r\033[K[{}] {:3.0f} % {}", bar, fraction * 100, message.substr(0, kCellMax));
  std::fflush(stderr);
}

void end_progress(const Invocation& in) {
  if (!in.quiet && on_terminal()) fmt::print(stderr, "\r\033[K");
}

}  // namespace tracseq::cli
