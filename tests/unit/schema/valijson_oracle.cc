// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/schema/valijson_oracle.h"

// Names and ownership below are those valijson asks of an adapter.
// NOLINTBEGIN(readability-identifier-naming)
#define VALIJSON_USE_EXCEPTIONS 1
#include <exception>
#include <iterator>
#include <utility>
#include <valijson/internal/adapter.hpp>
#include <valijson/internal/basic_adapter.hpp>
#include <valijson/internal/frozen_value.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "runtime/record/document.h"

// An adapter in valijson's terms: a value is a document and a node.
namespace sluice::testing {
namespace {

class TapeAdapter;

struct TapeRef {
  const Document* document = nullptr;
  NodeIndex node = kNoNode;
};

const Document& empty_document(const char* text) {
  static const auto parse = [](const char* json) {
    Document document;
    document.parse(json, {});
    return document;
  };
  static const Document object = parse("{}");
  static const Document array = parse("[]");
  return *text == '{' ? object : array;
}

std::string decode(const TapeRef& ref) {
  Arena arena(256);
  return std::string(ref.document->string(ref.node, arena));
}

// Steps over the children of a container; in an object over its names.
template <typename Value>
class TapeIterator {
 public:
  using iterator_category = std::forward_iterator_tag;
  using value_type = Value;
  using difference_type = std::ptrdiff_t;
  using pointer = Value*;
  using reference = Value&;

  TapeIterator(TapeRef container, uint32_t index, bool members)
      : first_{container.document, container.document->first_child(container.node)},
        at_(first_),
        members_(members) {
    if (index < container.document->count(container.node)) {
      advance(index);
    } else {
      index_ = index;  // the end is never looked at
    }
  }
  Value operator*() const { return Value::at(at_); }
  valijson::adapters::DerefProxy<Value> operator->() const {
    return valijson::adapters::DerefProxy<Value>(**this);
  }
  bool operator==(const TapeIterator& other) const { return index_ == other.index_; }
  bool operator!=(const TapeIterator& other) const { return index_ != other.index_; }
  TapeIterator& operator++() {
    at_.node = at_.document->next(at_.node);
    if (members_) at_.node = at_.document->next(at_.node);
    ++index_;
    return *this;
  }
  TapeIterator operator++(int) {
    TapeIterator before = *this;
    ++*this;
    return before;
  }
  // A tape is read forwards: walk again from the first.
  TapeIterator& operator--() {
    const uint32_t index = index_ - 1;
    at_ = first_;
    index_ = 0;
    advance(index);
    return *this;
  }
  void advance(std::ptrdiff_t n) {
    for (; n > 0; --n) ++*this;
  }

 private:
  TapeRef first_;
  TapeRef at_;
  uint32_t index_ = 0;
  bool members_;
};

class TapeMember;

class TapeArray {
 public:
  using const_iterator = TapeIterator<TapeAdapter>;
  using iterator = const_iterator;
  TapeArray() : ref_{&empty_document("["), Document::root()} {}
  explicit TapeArray(TapeRef ref) : ref_(ref) {}
  const_iterator begin() const;
  const_iterator end() const;
  size_t size() const { return ref_.document->count(ref_.node); }

 private:
  TapeRef ref_;
};

class TapeObject {
 public:
  using const_iterator = TapeIterator<TapeMember>;
  using iterator = const_iterator;
  TapeObject() : ref_{&empty_document("{"), Document::root()} {}
  explicit TapeObject(TapeRef ref) : ref_(ref) {}
  const_iterator begin() const;
  const_iterator end() const;
  const_iterator find(const std::string& name) const;
  size_t size() const { return ref_.document->count(ref_.node); }

 private:
  TapeRef ref_;
};

class TapeValue {
 public:
  TapeValue() : ref_{&empty_document("{"), Document::root()} {}
  explicit TapeValue(TapeRef ref) : ref_(ref) {}

  valijson::adapters::FrozenValue* freeze() const;
  opt::optional<TapeArray> getArrayOptional() const {
    return isArray() ? opt::make_optional(TapeArray(ref_)) : opt::optional<TapeArray>();
  }
  opt::optional<TapeObject> getObjectOptional() const {
    return isObject() ? opt::make_optional(TapeObject(ref_)) : opt::optional<TapeObject>();
  }
  bool getArraySize(size_t& result) const { return isArray() && set(result, count()); }
  bool getObjectSize(size_t& result) const { return isObject() && set(result, count()); }
  bool getBool(bool& result) const { return isBool() && set(result, kind() == JsonKind::kTrue); }
  bool getDouble(double& result) const {
    return isDouble() && ref_.document->number(ref_.node, &result);
  }
  bool getInteger(int64_t& result) const {
    double value = 0;
    return isInteger() && ref_.document->number(ref_.node, &value) &&
           set(result, static_cast<int64_t>(value));
  }
  bool getString(std::string& result) const { return isString() && set(result, decode(ref_)); }
  static bool hasStrictTypes() { return true; }
  bool isArray() const { return kind() == JsonKind::kArray; }
  bool isBool() const { return kind() == JsonKind::kTrue || kind() == JsonKind::kFalse; }
  bool isDouble() const { return kind() == JsonKind::kNumber && !isInteger(); }
  bool isInteger() const {
    return kind() == JsonKind::kNumber &&
           (ref_.document->node(ref_.node).info & TapeNode::kInteger) != 0;
  }
  bool isNull() const { return kind() == JsonKind::kNull; }
  bool isNumber() const { return kind() == JsonKind::kNumber; }
  bool isObject() const { return kind() == JsonKind::kObject; }
  bool isString() const { return kind() == JsonKind::kString; }

 private:
  template <typename T, typename U>
  static bool set(T& to, U&& from) {
    to = std::forward<U>(from);
    return true;
  }
  JsonKind kind() const { return ref_.document->kind(ref_.node); }
  size_t count() const { return ref_.document->count(ref_.node); }

  TapeRef ref_;
};

class TapeAdapter final
    : public valijson::adapters::BasicAdapter<TapeAdapter, TapeArray, TapeMember, TapeObject,
                                              TapeValue> {
 public:
  TapeAdapter() = default;
  explicit TapeAdapter(TapeRef ref) : BasicAdapter(TapeValue(ref)) {}
  explicit TapeAdapter(const Document& document)
      : TapeAdapter(TapeRef{&document, Document::root()}) {}
  static TapeAdapter at(TapeRef ref) { return TapeAdapter(ref); }
};

class TapeMember : public std::pair<std::string, TapeAdapter> {
 public:
  using pair::pair;
  static TapeMember at(TapeRef name) {
    return {decode(name), TapeAdapter(TapeRef{name.document, name.document->next(name.node)})};
  }
};

TapeArray::const_iterator TapeArray::begin() const { return {ref_, 0, false}; }
TapeArray::const_iterator TapeArray::end() const {
  return {ref_, ref_.document->count(ref_.node), false};
}
TapeObject::const_iterator TapeObject::begin() const { return {ref_, 0, true}; }
TapeObject::const_iterator TapeObject::end() const {
  return {ref_, ref_.document->count(ref_.node), true};
}
TapeObject::const_iterator TapeObject::find(const std::string& name) const {
  const_iterator at = begin();
  while (at != end() && (*at).first != name) ++at;
  return at;
}

// The schema's document outlives the compiled schema, so a frozen value is a reference.
class TapeFrozen final : public valijson::adapters::FrozenValue {
 public:
  explicit TapeFrozen(TapeRef ref) : ref_(ref) {}
  FrozenValue* clone() const override { return new TapeFrozen(ref_); }
  bool equalTo(const valijson::adapters::Adapter& other, bool strict) const override {
    return TapeAdapter(ref_).equalTo(other, strict);
  }

 private:
  TapeRef ref_;
};

valijson::adapters::FrozenValue* TapeValue::freeze() const { return new TapeFrozen(ref_); }

}  // namespace
}  // namespace sluice::testing

namespace valijson::adapters {
template <>
struct AdapterTraits<sluice::testing::TapeAdapter> {
  using DocumentType = sluice::Document;
  static std::string adapterName() { return "TapeAdapter"; }
};
}  // namespace valijson::adapters
// NOLINTEND(readability-identifier-naming)

namespace sluice::testing {

struct ValijsonOracle::State {
  std::string text;
  Document document;
  valijson::Schema schema;
  bool usable = false;
};

ValijsonOracle::ValijsonOracle(std::string_view schema) : state_(std::make_unique<State>()) {
  state_->text = schema;
  if (!state_->document.parse(state_->text, {})) return;
  try {
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    parser.populateSchema(TapeAdapter(state_->document), state_->schema);
    state_->usable = true;
  } catch (const std::exception&) {
    state_->usable = false;
  }
}

ValijsonOracle::~ValijsonOracle() = default;

bool ValijsonOracle::usable() const { return state_->usable; }

bool ValijsonOracle::fits(std::string_view record) const {
  Document document;
  return document.parse(record, {}) && fits(document);
}

bool ValijsonOracle::fits(const Document& document) const {
  valijson::Validator validator(valijson::Validator::kStrongTypes);
  return validator.validate(state_->schema, TapeAdapter(document), nullptr);
}

}  // namespace sluice::testing
