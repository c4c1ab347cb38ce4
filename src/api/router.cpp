// SPDX-License-Identifier: MIT
#include "api/router.h"

#include <algorithm>

#include "api/router_tree.h"

namespace tracseq::api {
namespace {

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  for (std::size_t at = 1; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    segments.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return segments;
}

bool is_parameter(std::string_view segment) { return segment.starts_with('{') && segment.ends_with('}'); }
bool is_tail(std::string_view segment) { return is_parameter(segment) && segment.ends_with("...}"); }
std::string_view parameter_name(std::string_view segment) {
  return segment.substr(1, segment.size() - (is_tail(segment) ? 5 : 2));
}

}  // namespace

const Node* Router::Tree::find(const Node& node, Segments rest, std::string_view path, Values& values) {
  if (rest.empty()) {
    const bool any =
        std::any_of(node.methods.begin(), node.methods.end(), [](const Entry* e) { return e != nullptr; });
    return any ? &node : nullptr;
  }
  if (const auto found = node.literals.find(rest.front()); found != node.literals.end())
    if (const Node* end = find(*found->second, rest.subspan(1), path, values)) return end;
  if (rest.front().empty()) return nullptr;
  if (node.parameter) {
    values.push_back(rest.front());
    if (const Node* end = find(*node.parameter, rest.subspan(1), path, values)) return end;
    values.pop_back();
  }
  if (!node.tail) return nullptr;
  values.push_back(path.substr(static_cast<std::size_t>(rest.front().data() - path.data())));
  return node.tail.get();
}

std::string Router::Tree::methods_of(const Node& node) const {
  std::string names;
  for (const Entry* entry : node.methods) {
    if (entry == nullptr) continue;
    const Method method = routes[entry->index].method;
    names += (names.empty() ? "" : ", ") + std::string(method_name(method));
    if (method == Method::get) names += ", HEAD";
  }
  return names;
}

Router::Router(metrics::Registry& metrics) : tree_(std::make_unique<Tree>(metrics)) {}
Router::~Router() = default;

std::span<const Route> Router::routes() const { return tree_->routes; }

void Router::add(std::vector<Route> routes) {
  for (Route& route : routes) add(std::move(route));
}

void Router::add(Route route) {
  TRACSEQ_ENSURE(!route.permission.empty());
  TRACSEQ_ENSURE(route.path.starts_with('/'));
  TRACSEQ_ENSURE(route.handler != nullptr);
  auto entry = std::make_unique<Entry>();
  Node* node = &tree_->root;
  const auto segments = split(route.path);
  for (const std::string_view segment : segments) {
    std::unique_ptr<Node>* next = nullptr;
    if (is_parameter(segment)) {
      TRACSEQ_ENSURE(!is_tail(segment) || segment.data() == segments.back().data());
      const std::string name(parameter_name(segment));
      TRACSEQ_ENSURE(route.input != nullptr);
      TRACSEQ_ENSURE(std::any_of(route.input->fields.begin(), route.input->fields.end(),
                                 [&](const Field& field) { return name == field.name; }));
      entry->parameters.push_back(name);
      next = is_tail(segment) ? &node->tail : &node->parameter;
    } else {
      next = &node->literals[std::string(segment)];
    }
    if (!*next) *next = std::make_unique<Node>();
    node = next->get();
  }
  Entry*& place = node->methods[static_cast<std::size_t>(route.method)];
  TRACSEQ_ENSURE(place == nullptr);
  place = entry.get();
  entry->index = tree_->routes.size();
  tree_->routes.push_back(std::move(route));
  tree_->entries.push_back(std::move(entry));
}

std::string Router::allowed(std::string_view path) const {
  const auto segments = split(path);
  Tree::Values values;
  const Node* node = Tree::find(tree_->root, segments, path, values);
  return node == nullptr ? std::string() : tree_->methods_of(*node);
}

Router::Match Router::match(Request& request) const {
  const auto segments = split(request.path);
  Tree::Values values;
  const Node* node = Tree::find(tree_->root, segments, request.path, values);
  if (node == nullptr) return {};
  Match match;
  const Entry* entry = node->methods[static_cast<std::size_t>(request.method)];
  if (entry == nullptr) {
    match.allow = tree_->methods_of(*node);
    return match;
  }
  for (std::size_t i = 0; i < values.size(); ++i) request.path_params[entry->parameters[i]] = values[i];
  match.route = &tree_->routes[entry->index];
  return match;
}

}  // namespace tracseq::api
