// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "runtime/schema/describe.h"
#include "runtime/schema/evolve/shape_reader.h"

// References within a file. One that leads out of it stays closed: the comparison says so.
namespace sluice::schema {
namespace {

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const std::string_view digits = text[i] == '%' ? text.substr(i + 1, 2) : std::string_view();
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() == 2 && error == std::errc{} && end == digits.data() + 2) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string unescaped(std::string_view token) {
  std::string out;
  for (size_t i = 0; i < token.size(); ++i) {
    const bool escape = token[i] == '~' && i + 1 < token.size();
    out += escape ? (token[++i] == '0' ? '~' : '/') : token[i];
  }
  return out;
}

}  // namespace

std::string ShapeReader::absolute(NodeIndex resource, std::string_view uri) const {
  const auto known = uri_of_.find(resource);
  const std::string base = known == uri_of_.end() ? "" : known->second;
  const size_t colon = uri.find(':');
  const bool has_scheme = colon != std::string_view::npos && colon < uri.find_first_of("/?#");
  if (has_scheme || base.empty()) return std::string(uri);
  const size_t authority = base.find("://");
  if (uri.starts_with('/') && authority != std::string::npos) {
    return base.substr(0, base.find('/', authority + 3)) + std::string(uri);
  }
  return base.substr(0, base.rfind('/') + 1) + std::string(uri);
}

Status ShapeReader::resolve(const Reference& reference) {
  const std::string text = text_of(reference.node);
  const size_t hash = text.find('#');
  const std::string uri = text.substr(0, hash);
  const std::string fragment =
      hash == std::string::npos ? std::string() : percent_decoded(text.substr(hash + 1));
  NodeIndex from = reference.resource;
  const auto dynamic = dynamic_anchors_.find(fragment);
  if (dynamic != dynamic_anchors_.end() && dynamic->second > 1) {
    graph_.shapes[reference.from].unjudged = "the $dynamicAnchor " + in_quotes(fragment);
    return Status::ok();
  }
  if (!uri.empty()) {
    const auto known = resource_of_.find(absolute(from, uri));
    if (known == resource_of_.end()) {
      graph_.shapes[reference.from].elsewhere += in_quotes(text) + " ";
      return Status::ok();
    }
    from = known->second;
  }
  SLUICE_ASSIGN_OR_RETURN(const NodeIndex target, walk(reference, from, fragment));
  const auto seen = resource_at_.find(target);
  const ShapeIndex to = enqueue(target, seen == resource_at_.end() ? from : seen->second);
  if (reference.alone) {
    alias_of_[reference.from] = to;
  } else {
    graph_.shapes[reference.from].all_of.push_back(to);
  }
  return Status::ok();
}

Result<NodeIndex> ShapeReader::walk(const Reference& reference, NodeIndex from,
                                    std::string_view fragment) const {
  const auto missing = [&](std::string_view what) {
    return at(reference.node, "the reference " + in_quotes(text_of(reference.node)) +
                                  " finds nothing: " + std::string(what));
  };
  if (!fragment.empty() && fragment.front() != '/') {
    const auto anchor = anchors_.find({from, std::string(fragment)});
    if (anchor == anchors_.end()) return missing("no schema here has that anchor");
    return anchor->second;
  }
  NodeIndex target = from;
  while (!fragment.empty()) {
    fragment.remove_prefix(1);
    const size_t end = fragment.find('/');
    const std::string token = unescaped(fragment.substr(0, end));
    fragment = end == std::string_view::npos ? std::string_view() : fragment.substr(end);
    NodeIndex next = kNoNode;
    if (doc_.kind(target) == JsonKind::kObject) {
      next = doc_.find(target, token);
    } else if (doc_.kind(target) == JsonKind::kArray) {
      uint32_t index = 0;
      const auto [stop, error] = std::from_chars(token.data(), token.data() + token.size(), index);
      const bool number = error == std::errc{} && stop == token.data() + token.size();
      if (number && index < doc_.count(target)) {
        next = doc_.first_child(target);
        for (; index > 0; --index) next = doc_.next(next);
      }
    }
    if (next == kNoNode) return missing("there is no " + in_quotes(token));
    target = next;
  }
  return target;
}

Status ShapeReader::follow_aliases() {
  std::vector<ShapeIndex> final_of(graph_.shapes.size(), kNoShape);
  std::vector<ShapeIndex> path;
  for (ShapeIndex i = 0; i < final_of.size(); ++i) {
    ShapeIndex to = i;
    path.clear();
    while (final_of[to] == kNoShape && alias_of_[to] != kNoShape) {
      if (path.size() > final_of.size()) {
        return at(graph_.shapes[i].node, "the reference leads in a circle");
      }
      path.push_back(to);
      to = alias_of_[to];
    }
    if (final_of[to] != kNoShape) to = final_of[to];
    final_of[to] = to;
    for (const ShapeIndex passed : path) final_of[passed] = to;
  }
  for (Shape& one : graph_.shapes) {
    for_each_link(one, [&final_of](ShapeIndex& link) {
      if (link != kNoShape) link = final_of[link];
    });
  }
  graph_.root = final_of[0];
  return Status::ok();
}

}  // namespace sluice::schema
