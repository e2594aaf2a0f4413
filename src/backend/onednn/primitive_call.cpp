#include "backend/onednn/primitive_call.hpp"

namespace tenon::backend::onednn {

void PrimitiveCall::operator()() const {
  dnnl::error::wrap_c_api(
      dnnl_primitive_execute(primitive_.get(), stream_.get(), static_cast<int>(arguments_.size()),
                             arguments_.data()),
      "oneDNN could not execute a primitive");
}

}  // namespace tenon::backend::onednn
