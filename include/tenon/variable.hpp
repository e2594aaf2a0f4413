#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tenon/initializers.hpp"
#include "tenon/regularizers.hpp"
#include "tenon/tensor.hpp"

namespace tenon {

/// A weight of a layer. Its value lives in the engine while a training holds it: value() then asks
/// the engine, and assign() tells it. Not thread-safe.
class Variable {
 public:
  /// Where the newest value is kept; implemented by train.
  class Home {
   public:
    virtual ~Home() = default;
    virtual Tensor read(const Variable& variable) const = 0;
    virtual void write(const Variable& variable, const Tensor& value) = 0;
  };

  Variable(std::string layer_name, std::string variable_name, Shape shape, Initializer initializer,
           Regularizer regularizer = {}, bool is_trainable = true);

  /// The layer's name: "small_conv". In a model that holds another model with a layer of the same
  /// name, the inner one's is told apart by the inner model's name: "encoder/small_conv".
  const std::string& layer() const noexcept { return layer_; }
  const std::string& name() const noexcept { return name_; }  ///< "kernel"
  std::string path() const { return layer_ + "/" + name_; }
  const Shape& shape() const noexcept { return shape_; }
  const Initializer& initializer() const noexcept { return initializer_; }
  const Regularizer& regularizer() const noexcept { return regularizer_; }
  /// Of the variable's own kind: moving averages are not. See also Layer::trainable.
  bool trainable() const noexcept { return trainable_; }

  /// A copy, float32, row-major (convolution kernels: height, width, in, out; dense: in, out).
  /// Before the first assign() or Model::initialize(), what the initializer draws for seed 0.
  Tensor value() const;
  /// Throws ShapeError (W001) if the shape or the dtype (float32) is another.
  void assign(const Tensor& value);

  void set_layer(std::string layer_name) { layer_ = std::move(layer_name); }
  /// From now on the value is `home`'s, which has it; it is not kept here, too.
  void set_home(std::shared_ptr<Home> home) {
    home_ = std::move(home);
    if (home_) value_ = Tensor();
  }
  const std::shared_ptr<Home>& home() const noexcept { return home_; }

 private:
  std::string layer_;
  std::string name_;
  Shape shape_;
  Initializer initializer_;
  Regularizer regularizer_;
  bool trainable_ = true;
  Tensor value_;
  std::shared_ptr<Home> home_;
};

}  // namespace tenon
