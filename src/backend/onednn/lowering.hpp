#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backend/api/engine.hpp"
#include "backend/onednn/applied_gradients.hpp"
#include "backend/onednn/graph.hpp"
#include "backend/onednn/guard.hpp"
#include "backend/onednn/kernels/numbers.hpp"
#include "backend/onednn/memory.hpp"

namespace tenon::backend::onednn {

/// One step of a compiled plan.
struct Step {
  StepMemory memory;
  PlanStep report;
  std::function<void(const StepNumbers&)> run;
};

/// Where numbers lie, known when the plan is placed.
struct NumbersRef {
  Ref ref;
  bool narrow = false;

  Numbers read() const {
    return narrow ? Numbers(ref.as<const std::uint16_t>()) : Numbers(ref.as<const float>());
  }
  MutableNumbers write() const {
    return narrow ? MutableNumbers(ref.as<std::uint16_t>()) : MutableNumbers(ref.as<float>());
  }
};

/// Lowers a graph into steps. Rules (lower_*.cpp) ask it for the cells of values in the layout that
/// they want; a reorder appears as a step of its own where a value lies otherwise.
class Lowering {
 public:
  Lowering(const Graph& graph, OnednnVariables* variables, Memory& memory, int threads);

  /// Lowers all nodes, then brings the program's outputs into plain layout. Before the first node
  /// that writes a variable there is a step that keeps `guarded` alive, if there are any.
  void run(const std::vector<ops::ValueId>& guarded = {});
  std::vector<Step> take_steps() { return std::move(steps_); }
  Guard take_guard() { return std::move(guard_); }
  const AppliedGradients& gradients() const { return gradients_; }
  /// Of the step that was added last.
  void note_updates(const std::vector<AppliedGradients::Update>& updates);
  /// The cell of output `index` of the program.
  CellId output_cell(std::size_t index) const { return output_cells_[index]; }

  // For the rules.
  const Graph& graph() const { return graph_; }
  const ops::Value& value(ops::ValueId id) const { return graph_.value(id); }
  const Shape& shape(ops::ValueId id) const { return graph_.value(id).shape; }
  std::int64_t count(ops::ValueId id) const { return graph_.value(id).shape.element_count(); }
  int threads() const { return threads_; }
  Memory& memory() { return memory_; }
  OnednnVariables* variables() { return variables_; }

  /// The cell that holds the value as it was made. Throws EngineError if nothing made it yet.
  CellId cell(ops::ValueId id) const;
  /// What convolutions and dense layers multiply: float32 or bfloat16.
  DType factors() const { return graph_.factors; }
  /// What the value is held in: bfloat16 where the policy of the precision says so.
  DType stored(ops::ValueId id) const { return graph_.stored(id); }
  const Layout& layout(ops::ValueId id) const { return memory_.cell(cell(id)).layout; }
  /// … in plain row-major layout, bfloat16 as float32; kNoCell for kNoValue.
  CellId plain(ops::ValueId id);
  /// … as `dtype`, float32 or bfloat16.
  CellId plain(ops::ValueId id, DType dtype);
  /// … as it is held.
  CellId plain_as_stored(ops::ValueId id) {
    return id == ops::kNoValue ? kNoCell : plain(id, stored(id));
  }
  /// … in the layout that was assigned (which is of float32), or plain as `dtype`.
  CellId wanted(ops::ValueId id, DType dtype) {
    if (id == ops::kNoValue || !graph_.layout(id)) return plain(id, dtype);
    return laid_out(id, graph_.layout(id));
  }
  /// … or plain as it is held.
  CellId wanted(ops::ValueId id) { return id == ops::kNoValue ? kNoCell : wanted(id, stored(id)); }
  /// … as `wanted.desc`. Where the value lies plain, `wanted.plain` describes it.
  CellId laid_out(ops::ValueId id, const EngineLayout& wanted);
  /// … as `wanted`, which may be plain.
  CellId laid_out(ops::ValueId id, const Layout& wanted);

  /// A new cell for a value that a step makes; kNoCell for kNoValue. Plain ones are float32 where
  /// the value is held in bfloat16: it is rounded when the rule is done.
  CellId make(ops::ValueId id, const Layout& layout = {});
  /// … plain, as `dtype`; if that is not what the value is held in, it is converted when the rule
  /// is done.
  CellId make(ops::ValueId id, DType dtype);
  /// … plain, as the value is held.
  CellId make_as_stored(ops::ValueId id) {
    return id == ops::kNoValue ? kNoCell : make(id, stored(id));
  }
  /// … in the layout that was assigned, or plain as `dtype`.
  CellId make_wanted(ops::ValueId id, DType dtype) {
    if (id == ops::kNoValue || !graph_.layout(id)) return make(id, dtype);
    return make(id, graph_.layout(id));
  }
  /// … or plain as the value is held.
  CellId make_wanted(ops::ValueId id) {
    return id == ops::kNoValue ? kNoCell : make_wanted(id, stored(id));
  }
  /// … of a workspace of `bytes`.
  CellId make_opaque(ops::ValueId id, std::size_t bytes);
  /// … that is a view of `origin`, which lies in `layout`.
  CellId make_view(ops::ValueId id, CellId origin, std::size_t offset = 0,
                   const Layout& layout = {});

  // Factors of products, rounded to bfloat16 where the policy says so.

  /// Plain, as what the kernels multiply: Graph::products.
  CellId factor(ops::ValueId id);
  /// … as `wanted`, of the same dtype.
  CellId factor(ops::ValueId id, const EngineLayout& wanted);
  /// … plain, as floats.
  CellId factor_as_floats(ops::ValueId id);
  /// A new plain cell for what a product gives: as the value is held, if the kernels can.
  CellId make_product(ops::ValueId id) {
    return id == ops::kNoValue ? kNoCell : make(id, product_dtype(id));
  }
  DType product_dtype(ops::ValueId id) const {
    return graph_.products == DType::kFloat32 ? DType::kFloat32 : stored(id);
  }

  Ref ref(CellId id) const { return memory_.ref(id); }
  DType dtype_of(CellId id) const { return memory_.cell(id).dtype; }
  /// Numbers of a plain cell.
  NumbersRef numbers(CellId id) const {
    return {ref(id), id != kNoCell && memory_.cell(id).dtype == DType::kBFloat16};
  }
  Ref scratch() const { return memory_.scratch(); }

  /// Appends a step of an own kernel. kNoCell in the lists is left out.
  Step& add_step(const GraphNode& node, std::string implementation, std::vector<CellId> reads,
                 std::vector<CellId> writes, std::function<void(const StepNumbers&)> run);

  /// An argument of a oneDNN primitive.
  struct Argument {
    int kind;  ///< DNNL_ARG_…
    CellId cell;
    bridge::Desc desc;
    bool written = false;
  };
  /// Appends a step that runs a primitive.
  Step& add_primitive(const GraphNode& node, const dnnl::primitive_desc_base& description,
                      const dnnl::primitive& primitive, const std::vector<Argument>& arguments);

 private:
  void add_values();
  void add_output(std::size_t index);
  /// Those that are not there yet.
  void add_outputs();
  /// Those that `node` makes for nobody else: gradients, which are taken between steps.
  void add_last_outputs(const GraphNode& node);
  void add_guard(const std::vector<ops::ValueId>& guarded);
  void note_gradients(const GraphNode& node, const Connections& connections);
  void lower(const GraphNode& node);
  CellId reordered(ops::ValueId id, const Layout& wanted, DType dtype, bool border);
  /// … of `from`, which holds the value; `copies` are those that there are.
  CellId reordered(ops::ValueId id, CellId from, std::vector<CellId>& copies, const Layout& wanted,
                   DType dtype, bool border);
  CellId rounded(ops::ValueId id);
  bool is_stale(ops::ValueId id, CellId copy) const;
  CellId add_conversion(ops::ValueId id, CellId from, DType dtype);
  void hold(ops::ValueId id);
  CellId made(ops::ValueId id, Cell cell) {
    return cells_[static_cast<std::size_t>(id)] = memory_.add(std::move(cell));
  }

  const Graph& graph_;
  OnednnVariables* variables_;
  Memory& memory_;
  int threads_;
  dnnl::stream stream_;
  std::vector<CellId> cells_;                // per value
  std::vector<std::vector<CellId>> copies_;  // per value, in other layouts and dtypes
  /// Floats with the digits of bfloat16: as the value lies, then copies in other layouts.
  std::map<ops::ValueId, std::vector<CellId>> rounded_;
  std::map<CellId, std::size_t> copied_at_;  // how many steps there were then
  std::vector<Step> steps_;
  std::vector<CellId> output_cells_;
  std::vector<bool> read_;  ///< By value: some node reads it.
  Guard guard_;
  AppliedGradients gradients_;
};

/// A rule lowers one node.
using LowerRule = void (*)(Lowering&, const GraphNode&);
/// nullptr where the engine lacks the op.
LowerRule rule_of(const GraphNode& node);

// The rules, each family in lower_<family>.cpp.
void lower_convolution(Lowering& lowering, const GraphNode& node);
void lower_convolution_backward_data(Lowering& lowering, const GraphNode& node);
void lower_convolution_backward_weights(Lowering& lowering, const GraphNode& node);
void lower_dense(Lowering& lowering, const GraphNode& node);
void lower_dense_backward_data(Lowering& lowering, const GraphNode& node);
void lower_dense_backward_weights(Lowering& lowering, const GraphNode& node);
void lower_dense_few(Lowering& lowering, const GraphNode& node);
void lower_dense_few_backward(Lowering& lowering, const GraphNode& node);
void lower_pooling(Lowering& lowering, const GraphNode& node);
void lower_pooling_backward(Lowering& lowering, const GraphNode& node);
void lower_reshape(Lowering& lowering, const GraphNode& node);
void lower_transpose(Lowering& lowering, const GraphNode& node);
void lower_concatenate(Lowering& lowering, const GraphNode& node);
void lower_slice(Lowering& lowering, const GraphNode& node);
void lower_pad(Lowering& lowering, const GraphNode& node);
void lower_cast(Lowering& lowering, const GraphNode& node);
void lower_binary(Lowering& lowering, const GraphNode& node);
void lower_extremum_backward(Lowering& lowering, const GraphNode& node);
void lower_add_n(Lowering& lowering, const GraphNode& node);
void lower_reduce_sum(Lowering& lowering, const GraphNode& node);
void lower_affine(Lowering& lowering, const GraphNode& node);
void lower_activation(Lowering& lowering, const GraphNode& node);
void lower_activation_backward(Lowering& lowering, const GraphNode& node);
void lower_softmax(Lowering& lowering, const GraphNode& node);
void lower_softmax_backward(Lowering& lowering, const GraphNode& node);
void lower_normalization(Lowering& lowering, const GraphNode& node);
void lower_normalization_backward(Lowering& lowering, const GraphNode& node);
void lower_normalized_pooling(Lowering& lowering, const GraphNode& node);
void lower_normalized_pooling_backward(Lowering& lowering, const GraphNode& node);
void lower_moving_average(Lowering& lowering, const GraphNode& node);
void lower_dropout(Lowering& lowering, const GraphNode& node);
void lower_dropout_backward(Lowering& lowering, const GraphNode& node);
void lower_penalty(Lowering& lowering, const GraphNode& node);
void lower_penalty_backward(Lowering& lowering, const GraphNode& node);
void lower_up_sampling(Lowering& lowering, const GraphNode& node);
void lower_loss(Lowering& lowering, const GraphNode& node);
void lower_loss_backward(Lowering& lowering, const GraphNode& node);
void lower_activated_loss(Lowering& lowering, const GraphNode& node);
void lower_clip(Lowering& lowering, const GraphNode& node);
void lower_update_group(Lowering& lowering, const GraphNode& node);
void lower_update(Lowering& lowering, const GraphNode& node);

/// Decides, before anything is lowered, the layouts of the variables that `graph` uses and that no
/// plan used before, and moves those of contiguous updates together, to `home` if given.
void settle_variables(const Graph& graph, OnednnVariables& variables,
                      const VariableMemory* home = nullptr);

/// The layout that a convolution's or dense layer's kernel wants, from its forward op.
Layout convolution_kernel_layout(const Graph& graph, const GraphNode& node);
Layout dense_kernel_layout(const Graph& graph, const GraphNode& node);
Layout dense_few_kernel_layout(const Graph& graph, const GraphNode& node);

}  // namespace tenon::backend::onednn
