#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "data/observe.hpp"
#include "data/stages/named_stage.hpp"

namespace tenon::data {

/// A user's function on records. What it does to the keys is stated (MapOptions::result) or
/// observed on one sample; every record is then held to it (G002).
class MapStage final : public NamedStage<SampleStage>, public ObservableStage {
 public:
  using Function = std::function<void(Record&)>;
  MapStage(Function function, std::string name, std::optional<Schema> result,
           SourceLocation location);

  bool opaque() const noexcept override { return !result_ && !observation_; }
  bool hides_keys() const noexcept override { return !result_; }
  std::shared_ptr<const Stage> observe(const Record& before,
                                       const ObservedPlace& place) const override;

  void edit(SchemaEditor& editor) const override;
  SampleFunction bind(std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out) const override;
  std::string arguments() const override { return "function"; }

 private:
  Record call(const Record& record) const;

  Function function_;
  std::optional<Schema> result_;
  /// Null where the result was stated.
  std::shared_ptr<const Observation> observation_;
};

}  // namespace tenon::data
