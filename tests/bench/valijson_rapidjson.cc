// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/valijson_rapidjson.h"

#include <rapidjson/document.h>

#include <valijson/adapters/rapidjson_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

namespace sluice::bench {

struct ValijsonRapidjson::State {
  rapidjson::Document schema_document;
  valijson::Schema schema;
  std::vector<rapidjson::Document> records;
};

ValijsonRapidjson::ValijsonRapidjson(std::string_view schema,
                                     const std::vector<std::string_view>& records)
    : state_(std::make_unique<State>()) {
  state_->schema_document.Parse(schema.data(), schema.size());
  valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
  parser.populateSchema(valijson::adapters::RapidJsonAdapter(state_->schema_document),
                        state_->schema);
  state_->records.resize(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    state_->records[i].Parse(records[i].data(), records[i].size());
  }
}

ValijsonRapidjson::~ValijsonRapidjson() = default;

size_t ValijsonRapidjson::run() const {
  size_t fit = 0;
  for (const rapidjson::Document& record : state_->records) {
    // A validator a record, as its documentation does; one for all is no faster.
    valijson::Validator validator(valijson::Validator::kStrongTypes);
    const valijson::adapters::RapidJsonAdapter adapter(record);
    fit += validator.validate(state_->schema, adapter, nullptr) ? 1 : 0;
  }
  return fit;
}

}  // namespace sluice::bench
