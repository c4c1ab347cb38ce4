// SPDX-License-Identifier: MIT
// Private to the router: its segment tree and what is counted per route.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/router.h"

namespace tracseq::api {

inline constexpr std::size_t kMethodCount = 5;
inline constexpr std::size_t kStatusClasses = 6;  // 1xx to 5xx at their first digit

// A route with what is counted about it; series are made when the first answer of their kind is given.
struct Entry {
  std::size_t index = 0;                // in Tree::routes
  std::vector<std::string> parameters;  // names of path parameters in order
  std::array<std::atomic<metrics::Counter*>, kStatusClasses> answers{};
  std::atomic<metrics::Histogram*> seconds{nullptr};
};

struct Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> parameter;
  std::unique_ptr<Node> tail;
  std::array<Entry*, kMethodCount> methods{};
};

struct Router::Tree {
  explicit Tree(metrics::Registry& registry) : metrics(registry) {}
  metrics::Registry& metrics;
  Node root;
  std::vector<Route> routes;
  std::vector<std::unique_ptr<Entry>> entries;  // of the routes, in the same order

  using Values = std::vector<std::string_view>;
  using Segments = std::span<const std::string_view>;

  // The node of the rest of a path that has routes; `values` gets the parameters on the way to it.
  static const Node* find(const Node& node, Segments rest, std::string_view path, Values& values);

  // Its methods, as the header Allow lists them: HEAD goes wherever GET does.
  [[nodiscard]] std::string methods_of(const Node& node) const;

  Entry& entry_of(const Route& route) const {
    return *entries[static_cast<std::size_t>(&route - routes.data())];
  }
};

}  // namespace tracseq::api
