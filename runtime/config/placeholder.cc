// SPDX-License-Identifier: Apache-2.0
#include "runtime/config/placeholder.h"

#include <functional>
#include <string_view>

#include "runtime/base/file.h"
#include "runtime/base/text.h"

namespace sluice::config {
namespace {

constexpr uint64_t kMaxSecretBytes = 64ULL << 10;

struct Placeholder {
  std::string_view name;
  bool is_file = false;
  std::optional<std::string_view> preset;
};

bool is_name(std::string_view text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (text.empty() || !letter(text[0])) return false;
  for (const char c : text) {
    if (!letter(c) && !(c >= '0' && c <= '9')) return false;
  }
  return true;
}

// The inside of ${...}; nullopt: not a placeholder that we know.
std::optional<Placeholder> parse_inside(std::string_view inside) {
  Placeholder result;
  if (inside.starts_with("file:")) {
    result.is_file = true;
    result.name = inside.substr(5);
    if (result.name.empty()) return std::nullopt;
    return result;
  }
  result.name = inside;
  if (const size_t colon = inside.find(":-"); colon != std::string_view::npos) {
    result.name = inside.substr(0, colon);
    result.preset = inside.substr(colon + 2);
  }
  if (!is_name(result.name)) return std::nullopt;
  return result;
}

// Cuts `text` into literal pieces and placeholders. False: `bad` tells what is wrong.
struct Pieces {
  std::function<void(std::string_view)> literal;
  std::function<void(const Placeholder&)> placeholder;
};

bool cut(std::string_view text, const Pieces& pieces, std::string& bad) {
  while (!text.empty()) {
    const size_t dollar = text.find("${");
    if (dollar == std::string_view::npos) {
      pieces.literal(text);
      return true;
    }
    if (dollar > 0 && text[dollar - 1] == '$') {
      pieces.literal(text.substr(0, dollar - 1));
      pieces.literal("${");
      text.remove_prefix(dollar + 2);
      continue;
    }
    pieces.literal(text.substr(0, dollar));
    text.remove_prefix(dollar);
    const size_t end = text.find('}');
    if (end == std::string_view::npos) {
      bad = quote(text) + " has no closing }; write ${NAME}, or $${ for a literal ${";
      return false;
    }
    const auto found = parse_inside(text.substr(2, end - 2));
    if (!found) {
      bad = quote(text.substr(0, end + 1)) +
            " is not a placeholder; expected ${NAME}, ${NAME:-default} or ${file:/path} (write $${ "
            "for a literal ${)";
      return false;
    }
    pieces.placeholder(*found);
    text.remove_prefix(end + 1);
  }
  return true;
}

using Visit = std::function<void(YamlNode&, const std::string& path, const std::string& key)>;

// Depth is bounded by the parser.
void walk(YamlNode& node, const std::string& path, const std::string& key, const Visit& visit) {
  if (node.is_scalar()) visit(node, path, key);
  size_t index = 0;
  for (YamlNode& child : node.children) {
    if (node.kind == YamlNode::Kind::kMap) {
      walk(child, join_path(path, child.key), child.key, visit);
    } else {
      walk(child, path + "[" + std::to_string(index++) + "]", key, visit);
    }
  }
}

class Expander {
 public:
  Expander(const std::filesystem::path& config_dir, const Environment& env, Problems& problems)
      : config_dir_(config_dir), env_(env), problems_(problems) {}

  void expand(YamlNode& node, const std::string& path) {
    if (full_ || node.text.find("${") == std::string::npos) return;
    std::string out;
    std::string bad;
    int count = 0;
    bool literal = false;
    bool usable = true;
    Pieces pieces;
    pieces.literal = [&](std::string_view text) {
      literal = literal || !text.empty();
      append(out, text, usable, node.place, path);
    };
    pieces.placeholder = [&](const Placeholder& placeholder) {
      ++count;
      node.secret = node.secret || placeholder.is_file;
      if (!usable) return;
      const auto value = resolve(placeholder, node.place, path);
      usable = value.has_value();
      if (value) append(out, *value, usable, node.place, path);
    };
    if (!cut(node.text, pieces, bad)) {
      problems_.add(node.place, path, bad);
      usable = false;
    }
    node.broken = !usable || full_;
    node.only_placeholder = count == 1 && !literal;
    if (count > 0) node.written = std::move(node.text);
    node.text = std::move(out);
  }

 private:
  void append(std::string& out, std::string_view text, bool& usable, Place place,
              const std::string& path) {
    if (!usable || full_) return;
    total_ += text.size();
    if (total_ > kMaxTextBytes) {
      full_ = true;
      problems_.add(place, path,
                    "placeholders bring in more than " + format_size(kMaxTextBytes) +
                        " of text; use fewer or shorter ones");
      return;
    }
    out += text;
  }

  std::optional<std::string> resolve(const Placeholder& placeholder, Place place,
                                     const std::string& path) {
    return placeholder.is_file ? from_file(placeholder.name, place, path)
                               : from_variable(placeholder, place, path);
  }

  std::optional<std::string> from_variable(const Placeholder& placeholder, Place place,
                                           const std::string& path) {
    const std::string name(placeholder.name);
    auto value = env_.get(name);
    if (!value && name == "CONFIG_DIR") value = config_dir_.string();
    if (placeholder.preset && (!value || value->empty())) return std::string(*placeholder.preset);
    if (!value) {
      problems_.add(place, path,
                    "the environment variable " + name + " is not set; set it, or write ${" + name +
                        ":-default}");
      return std::nullopt;
    }
    if (!is_utf8(*value)) {
      problems_.add(
          place, path,
          "the value of the environment variable " + name + " is not valid UTF-8; correct it");
      return std::nullopt;
    }
    return value;
  }

  std::optional<std::string> from_file(std::string_view name, Place place,
                                       const std::string& path) {
    const auto refuse = [&](const std::string& text) -> std::optional<std::string> {
      problems_.add(place, path, "${file:} " + text);
      return std::nullopt;
    };
    if (name.find("${") != std::string_view::npos) {
      return refuse("takes a plain path; a placeholder inside a placeholder is not supported");
    }
    const std::filesystem::path file = (config_dir_ / name).lexically_normal();
    auto content = read_file(file, kMaxSecretBytes);
    if (!content) {
      return refuse(content.status().message() + "; create the file or correct the path");
    }
    std::string value = std::move(content).value();
    if (value.ends_with("\r\n")) value.pop_back();
    if (value.ends_with('\n') || value.ends_with('\r')) value.pop_back();
    if (!is_utf8(value) || value.find('\0') != std::string::npos) {
      return refuse(file.string() + ": not UTF-8 text; a secret must be text");
    }
    return value;
  }

  const std::filesystem::path& config_dir_;
  const Environment& env_;
  Problems& problems_;
  size_t total_ = 0;
  bool full_ = false;
};

}  // namespace

std::vector<PlaceholderUse> find_placeholders(const YamlNode& root) {
  std::vector<PlaceholderUse> uses;
  const auto visit = [&uses](const YamlNode& node, const std::string& path,
                             const std::string& key) {
    Pieces pieces;
    pieces.literal = [](std::string_view) {};
    pieces.placeholder = [&](const Placeholder& placeholder) {
      PlaceholderUse use;
      use.name = placeholder.name;
      use.is_file = placeholder.is_file;
      if (placeholder.preset) use.preset = std::string(*placeholder.preset);
      use.path = path;
      use.key = key;
      use.place = node.place;
      uses.push_back(std::move(use));
    };
    std::string bad;
    cut(node.text, pieces, bad);
  };
  YamlNode copy = root;
  walk(copy, "", "", visit);
  return uses;
}

void expand_placeholders(YamlNode& root, const std::filesystem::path& config_dir,
                         const Environment& env, Problems& problems) {
  Expander expander(config_dir, env, problems);
  walk(root, "", "", [&expander](YamlNode& node, const std::string& path, const std::string&) {
    expander.expand(node, path);
  });
}

}  // namespace sluice::config
