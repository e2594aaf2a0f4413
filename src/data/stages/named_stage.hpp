#pragma once

#include <string>
#include <utility>

#include "data/stage.hpp"
#include "tenon/error.hpp"

namespace tenon::data {

/// A stage of kind `Base` with its word and the place where it was asked for.
template <class Base>
class NamedStage : public Base {
 public:
  NamedStage(std::string name, SourceLocation location)
      : name_(std::move(name)), location_(location) {}
  const std::string& name() const noexcept override { return name_; }
  SourceLocation location() const noexcept override { return location_; }

 private:
  std::string name_;
  SourceLocation location_;
};

}  // namespace tenon::data
