// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/kafka/topic_template.h"

#include <algorithm>

#include "plugins/common/kafka_options.h"
#include "plugins/sinks/kafka/message.h"

namespace sluice::kafka_sink {
namespace {

constexpr std::string_view kRule = "(letters, digits, '.', '_' and '-', at most 249)";
constexpr std::string_view kHeader = "header:";

bool names_topic(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && common::kafka::may_name_topic(name);
}

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw BadConfig("/topic: \"" + std::string(text) + "\" " + why);
}

// Foreign bytes, fit for a log.
std::string shown(std::string_view name) {
  constexpr std::size_t kMost = 60;
  std::string out(name.substr(0, kMost));
  for (char& c : out) {
    if (c < ' ' || c > '~' || c == '"') c = '?';
  }
  return "\"" + out + (name.size() > kMost ? "..." : "") + "\"";
}

}  // namespace

TopicTemplate::TopicTemplate(std::string_view text) {
  if (text.empty()) throw BadConfig("/topic: is empty; expected the name of a topic");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = std::min(text.find('{', at), text.size());
    const std::string_view plain = text.substr(at, open - at);
    if (!common::kafka::may_name_topic(plain)) {
      refuse(text, "is no name of a topic " + std::string(kRule));
    }
    if (!plain.empty()) parts_.push_back({Part::Kind::kText, std::string(plain)});
    if (open == text.size()) break;
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) refuse(text, "has a { without its }");
    add_place(text.substr(open + 1, close - open - 1));
    at = close + 1;
  }
  if (fixed_ && !names_topic(text)) refuse(text, "is no name of a topic " + std::string(kRule));
}

void TopicTemplate::add_place(std::string_view inside) {
  fixed_ = false;
  if (inside.starts_with("/")) {
    pointers_.emplace_back(inside);
    parts_.push_back({Part::Kind::kPointer, std::string(inside)});
  } else if (inside.starts_with(kHeader) && inside.size() > kHeader.size()) {
    parts_.push_back({Part::Kind::kHeader, std::string(inside.substr(kHeader.size()))});
  } else {
    refuse(inside, "between { and } is neither a JSON Pointer such as /region nor header:NAME");
  }
}

std::string TopicTemplate::name(const sluice_record& record, std::span<const sluice_cell> cells,
                                std::string& name) const {
  name.clear();
  std::size_t cell = 0;
  for (const Part& part : parts_) {
    std::string_view value = part.text;
    if (part.kind == Part::Kind::kPointer) {
      if (is_delete(record)) {
        return "a deletion has no value that {" + part.text +
               "} of /topic could take its name from; use {header:NAME}";
      }
      value = key_of(cells[cell++]);
    } else if (part.kind == Part::Kind::kHeader) {
      const auto list = headers(record);
      const auto found = std::find_if(list.begin(), list.end(), [&](const sluice_header& header) {
        return view(header.key) == part.text;
      });
      value = found == list.end() ? std::string_view() : view(found->value);
    }
    if (value.empty()) {
      const bool header = part.kind == Part::Kind::kHeader;
      return (header ? "no header " : "no text, number or boolean at ") + part.text +
             ", or an empty one, where /topic takes its name from; set it in the script";
    }
    name += value;
  }
  if (!names_topic(name)) {
    return shown(name) + ", made by /topic, is no name of a topic " + std::string(kRule) +
           "; correct the record, or map it in the script";
  }
  if (name.starts_with("__")) {
    return shown(name) +
           ", made by /topic, would be one of the brokers' own topics (__); correct "
           "the record, or map it in the script";
  }
  return {};
}

}  // namespace sluice::kafka_sink
