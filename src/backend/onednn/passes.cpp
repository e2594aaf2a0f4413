#include "backend/onednn/passes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "tenon/error.hpp"

namespace tenon::backend::onednn {
namespace {

constexpr std::array kPasses{
    Pass{"fold_constants", "what is made of constants alone is computed once", fold_constants},
    Pass{"fold_reshapes", "reshapes of reshapes, and transpositions that move nothing, are views",
         fold_reshapes},
    Pass{"assign_precision", "in mixed bfloat16, each value gets the dtype that it is held in",
         assign_precision},
    Pass{"widen_products",
         "bfloat16 numbers are multiplied as float32 where the processor does that faster",
         widen_products},
    Pass{"fuse_rectifiers", "a relu becomes part of the operation before it", fuse_rectifiers},
    Pass{"fuse_sums", "a relu behind a sum becomes part of it, as does its gradient", fuse_sums},
    Pass{"fuse_loss", "a sigmoid or softmax, its cross-entropy and their gradients in one",
         fuse_loss},
    Pass{"fold_pads", "zeros around an image become part of the operation behind", fold_pads},
    Pass{"fuse_input_conversion", "the first convolution reads bytes, and scales them itself",
         fuse_input_conversion},
    Pass{"fuse_normalized_pooling", "batch normalisation, relu and maximum pooling in one",
         fuse_normalized_pooling},
    Pass{"fuse_dense_few", "a dense layer of few outputs takes in what is around it",
         fuse_dense_few},
    Pass{"remove_unread", "operations whose results nobody reads are left out", remove_unread},
    Pass{"group_updates", "all weights are updated in one loop", group_updates},
    Pass{
        "contiguous_updates",
        "weights, gradients and the optimizer's slots lie one behind the other, and are updated as "
        "one range",
        contiguous_updates},
    Pass{"assign_layouts", "images lie in blocks of channels where that is faster", assign_layouts},
    Pass{"choose_winograd", "3x3 convolutions by fewer multiplications", choose_winograd},
    Pass{"small_products", "small dense layers are multiplied by an own kernel", nullptr},
    Pass{"small_on_one_thread", "steps too small to be shared run on one thread", nullptr},
    Pass{"in_place", "a result takes the memory of what is read for the last time", nullptr},
    Pass{"huge_pages", "intermediate values lie in pages of 2 MiB, where the system has them",
         nullptr},
};

void require_pass(const std::string& name) {
  if (std::ranges::any_of(kPasses, [&](const Pass& pass) { return pass.name == name; })) return;
  std::vector<std::string_view> names;
  names.reserve(std::size(kPasses));
  for (const Pass& pass : kPasses) names.push_back(pass.name);
  throw EngineError(make_diagnostic("E001", fmt::format("the onednn engine has no pass `{}`", name),
                                    {fmt::format("expected: one of {}", fmt::join(names, ", "))}));
}

}  // namespace

std::span<const Pass> passes() { return kPasses; }

void run_passes(Graph& graph) {
  for (const std::string& name : graph.without_passes) require_pass(name);
  for (const Pass& pass : kPasses) {
    if (pass.run != nullptr && graph.does(pass.name)) pass.run(graph);
  }
}

}  // namespace tenon::backend::onednn
