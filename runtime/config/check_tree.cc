// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/config/scalar.h"
#include "runtime/config/value.h"

namespace sluice::config {
namespace {

using enum KeyType;

// Beyond slips of the hand: another form of the same word ("retries" for "retry").
std::optional<std::string> suggest(const std::string& word, const std::vector<std::string>& names) {
  if (auto near = did_you_mean(word, names)) return near;
  std::optional<std::string> best;
  for (const std::string& name : names) {
    const auto same = static_cast<size_t>(
        std::mismatch(word.begin(), word.end(), name.begin(), name.end()).first - word.begin());
    if (same < 3 || same * 2 < std::max(word.size(), name.size())) continue;
    if (best) return std::nullopt;
    best = name;
  }
  return best;
}

class Checker {
 public:
  Checker(const std::filesystem::path& base, Problems& problems)
      : base_(base), problems_(problems) {}

  // `node` is nullptr or null for a section that the file leaves out: all defaults.
  Value section(const Key& key, std::string name, const YamlNode* node, const std::string& path) {
    Value value;
    value.key = &key;
    value.name = std::move(name);
    value.node = node;
    if (node != nullptr && node->kind != YamlNode::Kind::kMap &&
        node->kind != YamlNode::Kind::kNull) {
      if (key.scalar_fills.empty() || !node->is_scalar()) {
        problems_.add(node->place, path,
                      cat({"expected a map of keys, found ", found_text(*node)}));
        return value;
      }
      fill_from_scalar(value, key, *node, path);
      return value;
    }
    members(value, key.children, node, path);
    return value;
  }

  void members(Value& value, Keys keys, const YamlNode* node, const std::string& path) {
    if (node != nullptr) refuse_unknown(keys, *node, path);
    for (const Key& key : keys) {
      if (!key.unbuilt.empty()) continue;
      const YamlNode* found = node != nullptr ? node->find(key.name) : nullptr;
      if (found == nullptr && key.required) {
        problems_.add(
            node != nullptr ? node->place : Place{1, 0}, path,
            cat({"the key ", quote(key.name), " is missing; expected ", expected_words(key)}));
        continue;
      }
      // An optional section left out altogether (schema, transform) is absent, not defaulted.
      if (found == nullptr && !key.scalar_fills.empty()) continue;
      value.members.push_back(one(key, found, join_path(path, key.name)));
    }
  }

 private:
  void wrong(const Key& key, const YamlNode& node, const std::string& path) {
    problems_.add(node.place, path,
                  cat({"expected ", expected_words(key), ", found ", found_text(node)}));
  }

  void refuse_unknown(Keys keys, const YamlNode& node, const std::string& path) {
    for (const YamlNode& child : node.children) {
      const Key* key = find_key(keys, child.key);
      if (key != nullptr && key->unbuilt.empty()) continue;
      if (key != nullptr) {
        problems_.add(child.key_place, join_path(path, child.key),
                      cat({key->unbuilt, " is not available in this version; remove the key"}));
        continue;
      }
      std::vector<std::string> names;
      std::string list;
      for (const Key& candidate : keys) {
        if (!candidate.unbuilt.empty()) continue;
        names.emplace_back(candidate.name);
        list += cat({list.empty() ? "" : ", ", candidate.name});
      }
      const auto near = suggest(child.key, names);
      problems_.add(
          child.key_place, path,
          cat({"unknown key ", quote(child.key), near ? "; did you mean \"" : "; expected one of ",
               near ? *near : list, near ? "\"?" : ""}));
    }
  }

  void fill_from_scalar(Value& value, const Key& key, const YamlNode& node,
                        const std::string& path) {
    for (const Key& child : key.children) {
      if (!child.unbuilt.empty()) continue;
      const YamlNode* source = child.name == key.scalar_fills ? &node : nullptr;
      if (source == nullptr && !child.scalar_fills.empty()) continue;  // absent, as in members()
      value.members.push_back(one(child, source, path));
    }
  }

  Value one(const Key& key, const YamlNode* node, const std::string& path) {
    if (node != nullptr && node->broken) node = nullptr;  // reported by expand_placeholders()
    // A key without a value ("flow:") reads as left out, where leaving out is allowed.
    if (node != nullptr && node->kind == YamlNode::Kind::kNull && key.type != kSection &&
        key.type != kOptions) {
      wrong(key, *node, path);
      node = nullptr;
    }
    if (key.type == kSection) return section(key, std::string(key.name), node, path);
    if (key.type == kNamed) return named(key, node, path);
    Value value;
    value.key = &key;
    value.name = key.name;
    value.node = node;
    if (key.type == kOptions) {
      if (node != nullptr && node->kind != YamlNode::Kind::kMap &&
          node->kind != YamlNode::Kind::kNull) {
        wrong(key, *node, path);
      }
    } else if (node == nullptr) {
      preset(value, key);
    } else if (key.type == kRecordKey) {
      record_key(value, key, *node, path);
    } else if (is_list(key.type)) {
      list(value, key, *node, path);
    } else {
      scalar(value, key, *node, path);
    }
    return value;
  }

  void preset(Value& value, const Key& key) {
    if (key.preset.empty()) return;
    auto data = read_scalar(key, key.preset, false, base_);
    SLUICE_CHECK(data.is_ok(), "a default of the configuration table breaks its own type");
    value.data = std::move(data).value();
  }

  void scalar(Value& value, const Key& key, const YamlNode& node, const std::string& path) {
    if (!node.is_scalar()) return wrong(key, node, path);
    auto data = read_scalar(key, node.text, node.quoted && node.written.empty(), base_);
    if (!data) {
      std::string message = cat({data.status().message(), ", found ", found_text(node)});
      const std::vector<std::string> choices(key.choices.begin(), key.choices.end());
      if (const auto near = did_you_mean(node.text, choices); near && !node.secret) {
        message += cat({"; did you mean \"", *near, "\"?"});
      }
      problems_.add(node.place, path, message);
      return;
    }
    value.data = std::move(data).value();
    if (key.type == kInputFile) readable(std::get<std::string>(value.data), node.place, path);
  }

  // A word, a list of pointers, or a header.
  void record_key(Value& value, const Key& key, const YamlNode& node, const std::string& path) {
    if (node.kind == YamlNode::Kind::kList) {
      const Key pointers{.name = key.name, .type = kPointers, .least = key.least, .most = key.most};
      return list(value, pointers, node, path);
    }
    if (node.kind != YamlNode::Kind::kMap) return scalar(value, key, node, path);
    const YamlNode* header = node.find("header");
    if (header == nullptr || node.children.size() != 1 || !header->is_scalar() ||
        header->text.empty()) {
      problems_.add(node.place, path,
                    "expected {header: NAME}, found another map; name one header");
      return;
    }
    value.data = cat({Value::kHeaderKey, header->text});
  }

  void readable(const std::string& file, Place place, const std::string& path) {
    const auto refuse = [&](const std::string& cause) {
      problems_.add(
          place, path,
          cat({"cannot read ", file, ": ", cause, "; correct the path or create the file"}));
    };
    std::error_code error;
    const auto status = std::filesystem::status(file, error);
    if (status.type() == std::filesystem::file_type::not_found) {
      refuse(errno_text(ENOENT));
    } else if (error) {
      refuse(error.message());
    } else if (status.type() != std::filesystem::file_type::regular) {
      refuse("not a regular file");
    } else if (::access(file.c_str(), R_OK) != 0) {
      refuse(errno_text(errno));
    }
  }

  // A list of scalars; a lone placeholder may bring the items separated by commas, durations then
  // as bare seconds too ("300,600").
  void list(Value& value, const Key& key, const YamlNode& node, const std::string& path) {
    std::vector<YamlNode> split;
    const std::vector<YamlNode>* items = &node.children;
    if (node.is_scalar() && node.only_placeholder) {
      split = split_items(node, key);
      items = &split;
    } else if (node.kind != YamlNode::Kind::kList) {
      return wrong(key, node, path);
    }
    if (static_cast<double>(items->size()) < key.least ||
        static_cast<double>(items->size()) > key.most) {
      problems_.add(node.place, path,
                    cat({"expected between ", exact_number(key.least), " and ",
                         exact_number(key.most), " items, found ", std::to_string(items->size())}));
      return;
    }
    Key item{.name = key.name, .type = item_type(key.type)};
    Value::Strings strings;
    Value::Durations durations;
    for (const YamlNode& child : *items) {
      if (child.broken) continue;
      if (!child.is_scalar()) {
        wrong(item, child, path);
        continue;
      }
      auto data = read_scalar(item, child.text, false, base_);
      if (!data) {
        problems_.add(child.place, path, data.status().message() + ", found " + found_text(child));
      } else if (const auto* duration = std::get_if<Millis>(&*data)) {
        durations.push_back(*duration);
      } else {
        strings.push_back(std::get<std::string>(*data));
      }
    }
    if (key.type == kDurations) {
      value.data = std::move(durations);
    } else {
      value.data = std::move(strings);
    }
  }

  static std::vector<YamlNode> split_items(const YamlNode& node, const Key& key) {
    std::vector<YamlNode> items;
    std::string_view rest = node.text;
    while (!rest.empty()) {
      const size_t comma = rest.find(',');
      std::string_view text = rest.substr(0, comma);
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
      while (text.starts_with(' ')) text.remove_prefix(1);
      while (text.ends_with(' ')) text.remove_suffix(1);
      YamlNode item;
      item.kind = YamlNode::Kind::kScalar;
      item.place = node.place;
      item.secret = node.secret;
      item.written = node.written;
      item.text = text;
      const bool bare = !text.empty() && text.find_first_not_of("0123456789.") == text.npos;
      if (key.type == kDurations && bare) item.text += 's';
      items.push_back(std::move(item));
    }
    return items;
  }

  Value named(const Key& key, const YamlNode* node, const std::string& path) {
    Value value;
    value.key = &key;
    value.name = key.name;
    value.node = node;
    if (node == nullptr) return value;
    if (node->kind != YamlNode::Kind::kMap) {
      wrong(key, *node, path);
      return value;
    }
    const auto count = static_cast<double>(node->children.size());
    if (count < key.least || count > key.most) {
      problems_.add(node->place, path,
                    cat({"expected between ", exact_number(key.least), " and ",
                         exact_number(key.most), " entries, found ", exact_number(count)}));
    }
    for (const YamlNode& child : node->children) {
      const std::string inner = join_path(path, child.key);
      if (!is_instance_name(child.key)) {
        problems_.add(
            child.key_place, path,
            quote(child.key) +
                " is not a name; expected small letters, digits, '_' and '-', at most 64, "
                "beginning with a letter or digit");
      }
      value.members.push_back(section(key, child.key, &child, inner));
    }
    return value;
  }

  const std::filesystem::path& base_;
  Problems& problems_;
};

}  // namespace

bool is_instance_name(std::string_view text) {
  if (text.empty() || text.size() > 64 || text[0] == '_' || text[0] == '-') return false;
  for (const char c : text) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (!good) return false;
  }
  return true;
}

Value check_tree(const YamlNode& root, const std::filesystem::path& base, Problems& problems) {
  Checker checker(base, problems);
  Value value;
  value.node = &root;
  if (root.kind == YamlNode::Kind::kNull) {
    problems.add({1, 0}, "", "the file is empty; expected the key \"pipelines\"");
    return value;
  }
  if (root.kind != YamlNode::Kind::kMap) {
    problems.add(root.place, "",
                 cat({"expected a map with the key \"pipelines\", found ", found_text(root)}));
    return value;
  }
  checker.members(value, root_keys(), &root, "");
  return value;
}

}  // namespace sluice::config
