// SPDX-License-Identifier: MIT
#include "cli/output.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <utility>

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

std::string cell(const Json* value, std::size_t longest = kCellMax) {
  if (value == nullptr || value->is_null()) return "-";
  std::string text = value->is_string() ? value->string_or("") : dump_json(*value);
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  if (text.size() > longest) {
    text.resize(longest - 3);
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

// The rows of what is shown as a table: a list of objects, or objects by name. Empty for anything else.
std::vector<std::pair<std::string, const Json*>> rows_in(const Json& value) {
  std::vector<std::pair<std::string, const Json*>> rows;
  if (const Json::Array* items = value.as_array(); items != nullptr)
    for (const Json& item : *items) rows.emplace_back("", &item);
  if (const Json::Object* named = value.as_object(); named != nullptr)
    for (const auto& [name, item] : *named) rows.emplace_back(name, &item);
  if (!std::all_of(rows.begin(), rows.end(), [](const auto& row) { return row.second->is_object(); }))
    rows.clear();
  return rows;
}

// Under its name; whatever members any of them has are columns. Texts are not cut: this is all that is shown
// of them.
void print_table(const std::string& title, const std::vector<std::pair<std::string, const Json*>>& items) {
  const bool named = !items.front().first.empty();
  std::vector<std::string> columns;
  for (const auto& [name, item] : items)
    for (const auto& [member, value] : *item->as_object())
      if (std::find(columns.begin(), columns.end(), member) == columns.end()) columns.push_back(member);
  std::vector<std::vector<std::string>> rows(1);
  if (named) rows[0].emplace_back("");
  for (std::string header : columns) {
    std::transform(header.begin(), header.end(), header.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    rows[0].push_back(std::move(header));
  }
  for (const auto& [name, item] : items) {
    auto& row = rows.emplace_back();
    if (named) row.push_back(name);
    for (const std::string& column : columns) {
      const Json* value = item->find(column);
      row.push_back(cell(value, value != nullptr && value->is_string() ? std::string::npos : kCellMax));
    }
  }
  fmt::print("\n{}\n", title);
  print_rows(rows);
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
  for (const auto& [name, value] : *members) {
    const std::size_t below = rows_in(value).size();
    if (below > 0)
      rows.push_back({name, fmt::format("{}, below", below)});
    else
      rows.push_back({name, value.is_string() ? value.string_or("") : dump_json(value)});
  }
  if (!rows.empty()) print_rows(rows);
  for (const auto& [name, value] : *members)
    if (const auto table = rows_in(value); !table.empty()) print_table(name, table);
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
