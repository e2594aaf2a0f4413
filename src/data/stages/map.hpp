#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "data/stages/named_stage.hpp"

namespace tenon::data {

/// A user's function on records. What it does to the keys is stated (MapOptions::result) or
/// observed on one sample; every record is then held to it (G002).
class MapStage final : public NamedStage<SampleStage> {
 public:
  using Function = std::function<void(Record&)>;
  /// What was seen of a function beside the specs of its result.
  struct Touched {
    Keys read;
    Keys changed;  ///< Values that are not what they were.
  };
  MapStage(Function function, std::string name, std::optional<Schema> result,
           SourceLocation location, Touched touched = {});

  /// True until it is known what the function does.
  bool opaque() const noexcept { return !result_.has_value(); }
  /// The same stage with what `function` did to `sample` as its contract. `before` is of the schema
  /// in front of this stage. Throws DataError (G003) if the function throws.
  std::shared_ptr<const Stage> observe(const Record& before, const StageReference& place) const;

  void edit(SchemaEditor& editor) const override;
  SampleFunction bind(std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out) const override;
  std::string arguments() const override { return "function"; }

 private:
  Function function_;
  std::optional<Schema> result_;
  Touched touched_;
};

}  // namespace tenon::data
