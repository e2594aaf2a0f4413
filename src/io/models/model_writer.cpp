#include "tenon/callbacks.hpp"
#include "tenon/model.hpp"

namespace tenon {
namespace {

class KerasWriter : public ModelWriter {
 public:
  void save(const Model& model, const std::string& path) const override { model.save(path); }
  void save_weights(const Model& model, const std::string& path) const override {
    model.save_weights(path);
  }
};

}  // namespace

const ModelWriter& default_model_writer() {
  static const KerasWriter writer;
  return writer;
}

}  // namespace tenon
