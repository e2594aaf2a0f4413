#include "backend/onednn/lowering.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "backend/api/guard.hpp"
#include "backend/onednn/kernels/convert.hpp"
#include "backend/onednn/kernels/elementwise.hpp"
#include "backend/onednn/primitive_call.hpp"
#include "ops/descriptor.hpp"
#include "tenon/error.hpp"

namespace tenon::backend::onednn {
namespace {

std::size_t index_of(ops::ValueId id) { return static_cast<std::size_t>(id); }

std::vector<CellId> connected(std::vector<CellId> cells) {
  std::erase(cells, kNoCell);
  return cells;
}

PlanStep report_of(const GraphNode& node, std::string implementation) {
  PlanStep report;
  report.op = std::string(ops::name_of(node.op.kind));
  if (node.rectified) report.op += "+relu";
  if (node.mask != ops::kNoValue) report.op += "+relu_backward";
  if (node.kind == NodeKind::kDenseFewBackward) report.op = "dense_backward";
  if (node.kind == NodeKind::kNormalizedPooling ||
      node.kind == NodeKind::kNormalizedPoolingBackward) {
    report.op += "+max_pooling";
  }
  if (node.kind == NodeKind::kActivatedLoss) {
    const auto& loss = std::get<ops::LossAttributes>(node.op.attributes);
    report.op = loss.kind == ops::LossKind::kBinaryCrossentropy ? "sigmoid+loss" : "softmax+loss";
    if (node.op.outputs[3] != ops::kNoValue) report.op += "+backward";
  }
  report.name = node.op.name;
  report.implementation = std::move(implementation);
  report.floating_point_operations = node.operations;
  return report;
}

}  // namespace

Lowering::Lowering(const Graph& graph, OnednnVariables* variables, Memory& memory, int threads)
    : graph_(graph),
      variables_(variables),
      memory_(memory),
      threads_(threads),
      stream_(bridge::engine()),
      cells_(graph.program->values.size(), kNoCell),
      copies_(graph.program->values.size()) {
  add_values();
}

// Inputs, variables and constants are there before the first step.
void Lowering::add_values() {
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const ops::Value& value = graph_.program->values[i];
    const bool folded = i < graph_.constants.size() && graph_.constants[i].has_value();
    if (value.kind == ops::ValueKind::kIntermediate && !folded) continue;
    Cell cell;
    cell.slot = value.slot;
    cell.constant = folded ? *graph_.constants[i] : value.constant;
    cell.dtype = value.dtype;
    cell.bytes = static_cast<std::size_t>(value.shape.element_count()) * size_of(value.dtype);
    if (value.kind == ops::ValueKind::kInput) {
      cell.home = Home::kInput;
    } else if (value.kind == ops::ValueKind::kConstant || folded) {
      cell.home = Home::kConstant;
    } else {
      cell.home = Home::kVariable;
      cell.layout = variables_->layout(value.slot);
      cell.bytes = variables_->byte_size(value.slot);
    }
    cells_[i] = memory_.add(std::move(cell));
  }
}

CellId Lowering::cell(ops::ValueId id) const {
  if (id == ops::kNoValue) return kNoCell;
  const CellId found = cells_[index_of(id)];
  if (found == kNoCell) {
    throw EngineError(make_diagnostic(
        "E001", fmt::format("value `{}` of the program is read before a node makes it",
                            graph_.value(id).name)));
  }
  return found;
}

CellId Lowering::add_conversion(ops::ValueId id, CellId from, DType dtype) {
  const DType have = memory_.cell(from).dtype;
  const std::int64_t count = graph_.value(id).shape.element_count();
  Cell made;
  made.dtype = dtype;
  made.bytes = static_cast<std::size_t>(count) * size_of(dtype);
  const CellId to = memory_.add(std::move(made));
  GraphNode node;
  node.op.name = graph_.value(id).name;
  node.op.kind = ops::OpKind::kCast;
  add_step(
      node, "own:convert", {from}, {to},
      [have, dtype, count, threads = threads_, x = ref(from), y = ref(to)](const StepNumbers&) {
        convert(threads, have, x.as<std::byte>(), dtype, y.as<std::byte>(), count);
      });
  return to;
}

CellId Lowering::reordered(ops::ValueId id, const Layout& wanted, DType dtype, bool border) {
  return reordered(id, cell(id), copies_[index_of(id)], wanted, dtype, border);
}

CellId Lowering::reordered(ops::ValueId id, CellId from, std::vector<CellId>& copies,
                           const Layout& wanted, DType dtype, bool border) {
  for (const CellId copy : copies) {
    const Cell& cell = memory_.cell(copy);
    if (cell.dtype == dtype && same_layout(cell.layout, wanted) && !is_stale(id, copy)) return copy;
  }
  const Layout have = memory_.cell(from).layout;
  const DType have_dtype = memory_.cell(from).dtype;
  if (!have && !wanted) {
    copies.push_back(add_conversion(id, from, dtype));
    copied_at_[copies.back()] = steps_.size();
    return copies.back();
  }
  const bridge::Desc& plain = have ? have->plain : wanted->plain;
  const bridge::Desc source = have ? have->desc : bridge::with_dtype(plain, have_dtype);
  const bridge::Desc target = wanted ? wanted->desc : bridge::with_dtype(plain, dtype);
  Cell made;
  made.bytes = target.get_size();
  made.layout = wanted;
  made.dtype = dtype;
  const CellId to = memory_.add(std::move(made));
  const auto description = bridge::reorder(source, target);
  GraphNode node;
  node.op.name = graph_.value(id).name;
  node.op.kind = ops::OpKind::kReshape;
  node.op.inputs = {id};
  node.op.outputs = {id};
  Step& step = add_primitive(node, description, dnnl::reorder(description),
                             {{DNNL_ARG_FROM, from, source}, {DNNL_ARG_TO, to, target, true}});
  step.report.op = "reorder";
  step.report.reorder = true;
  step.report.border_reorder = border;
  copies.push_back(to);
  copied_at_[to] = steps_.size();
  return to;
}

CellId Lowering::plain(ops::ValueId id) {
  if (id == ops::kNoValue) return kNoCell;
  const DType held = memory_.cell(cell(id)).dtype;
  return plain(id, held == DType::kBFloat16 ? DType::kFloat32 : held);
}

CellId Lowering::plain(ops::ValueId id, DType dtype) {
  if (id == ops::kNoValue) return kNoCell;
  const CellId found = cell(id);
  const Cell& held = memory_.cell(found);
  const bool as_it_is = !held.layout && held.dtype == dtype;
  return as_it_is ? found : reordered(id, std::nullopt, dtype, false);
}

// A float32 copy of what is held in bfloat16 is twice as large: from the forward to the backward
// step it is not kept, but made again.
bool Lowering::is_stale(ops::ValueId id, CellId copy) const {
  constexpr std::size_t kStepsKept = 12;
  if (stored(id) != DType::kBFloat16 || memory_.cell(copy).dtype != DType::kFloat32) return false;
  const auto made = copied_at_.find(copy);
  return made != copied_at_.end() && steps_.size() - made->second > kStepsKept;
}

// Of a float32 value, as it lies.
CellId Lowering::rounded(ops::ValueId id) {
  std::vector<CellId>& copies = rounded_[id];
  if (!copies.empty()) return copies.front();
  const CellId from = cell(id);
  Cell cell;
  cell.bytes = memory_.cell(from).bytes;
  cell.layout = memory_.cell(from).layout;
  const auto count = static_cast<std::int64_t>(cell.bytes / sizeof(float));
  copies.push_back(memory_.add(std::move(cell)));
  GraphNode node;
  node.op.name = graph_.value(id).name;
  node.op.kind = ops::OpKind::kCast;
  add_step(node, "own:round", {from}, {copies.front()},
           [count, threads = threads_, x = ref(from), y = ref(copies.front())](const StepNumbers&) {
             round_to_bfloat16(threads, x.as(), y.as(), count);
           });
  return copies.front();
}

CellId Lowering::factor_as_floats(ops::ValueId id) {
  if (graph_.factors == DType::kFloat32 || stored(id) == DType::kBFloat16) return plain(id);
  const CellId found = rounded(id);
  if (!memory_.cell(found).layout) return found;
  return reordered(id, found, rounded_[id], std::nullopt, DType::kFloat32, false);
}

CellId Lowering::factor(ops::ValueId id) {
  return graph_.products == DType::kBFloat16 ? plain(id, DType::kBFloat16) : factor_as_floats(id);
}

CellId Lowering::factor(ops::ValueId id, const EngineLayout& wanted) {
  const bool rounds = graph_.factors != graph_.products && stored(id) == DType::kFloat32;
  if (!rounds) return laid_out(id, wanted);
  const Layout layout = layout_of(wanted.desc, wanted.plain);
  const CellId found = rounded(id);
  const Layout have = memory_.cell(found).layout;
  if (same_layout(have, layout)) return found;
  // Other logical axes: by way of the plain form.
  const bool detour = have && layout && have->plain != layout->plain;
  return reordered(id, detour ? factor_as_floats(id) : found, rounded_[id], layout, DType::kFloat32,
                   false);
}

CellId Lowering::laid_out(ops::ValueId id, const EngineLayout& wanted) {
  if (id == ops::kNoValue) return kNoCell;
  const DType dtype = bridge::dtype_of(wanted.desc);
  if (wanted.desc == bridge::with_dtype(wanted.plain, dtype)) return plain(id, dtype);
  return laid_out(id, Layout(wanted));
}

CellId Lowering::laid_out(ops::ValueId id, const Layout& wanted) {
  if (id == ops::kNoValue) return kNoCell;
  if (!wanted) return plain(id);
  const CellId found = cell(id);
  const Layout& have = memory_.cell(found).layout;
  if (same_layout(have, wanted)) return found;
  const DType dtype = bridge::dtype_of(wanted->desc);
  // Other logical axes (a kernel used with and without groups): by way of the plain form.
  if (have && have->plain != wanted->plain) {
    const CellId copy = plain(id);
    const CellId before = std::exchange(cells_[index_of(id)], copy);
    const CellId made = reordered(id, wanted, dtype, false);
    cells_[index_of(id)] = before;
    return made;
  }
  const ops::ValueKind kind = graph_.value(id).kind;
  return reordered(id, wanted, dtype, kind == ops::ValueKind::kInput);
}

CellId Lowering::make(ops::ValueId id, const Layout& layout) {
  if (id == ops::kNoValue) return kNoCell;
  const ops::Value& value = graph_.value(id);
  Cell cell;
  cell.layout = layout;
  cell.dtype = layout ? bridge::dtype_of(layout->desc) : value.dtype;
  cell.bytes = layout
                   ? layout->desc.get_size()
                   : static_cast<std::size_t>(value.shape.element_count()) * size_of(value.dtype);
  return made(id, std::move(cell));
}

CellId Lowering::make(ops::ValueId id, DType dtype) {
  if (id == ops::kNoValue) return kNoCell;
  Cell cell;
  cell.dtype = dtype;
  cell.bytes = static_cast<std::size_t>(graph_.value(id).shape.element_count()) * size_of(dtype);
  return made(id, std::move(cell));
}

// Converts a value that a rule made in another dtype than it is held in.
void Lowering::hold(ops::ValueId id) {
  if (id == ops::kNoValue || graph_.value(id).opaque) return;
  const CellId found = cells_[index_of(id)];
  if (found == kNoCell || memory_.cell(found).dtype == stored(id)) return;
  const CellId held = reordered(id, std::nullopt, stored(id), false);
  // What the rule made is no copy of the value: others read what is held.
  copies_[index_of(id)].clear();
  cells_[index_of(id)] = held;
}

CellId Lowering::make_opaque(ops::ValueId id, std::size_t bytes) {
  if (id == ops::kNoValue) return kNoCell;
  Cell cell;
  cell.bytes = bytes;
  return made(id, std::move(cell));
}

CellId Lowering::make_view(ops::ValueId id, CellId origin, std::size_t offset,
                           const Layout& layout) {
  Cell cell;
  cell.layout = layout;
  cell.home = memory_.cell(origin).home;
  cell.slot = memory_.cell(origin).slot;
  cell.dtype = memory_.cell(origin).dtype;
  cell.bytes =
      static_cast<std::size_t>(graph_.value(id).shape.element_count()) * size_of(cell.dtype);
  cell.origin = origin;
  cell.offset = offset;
  return made(id, std::move(cell));
}

Step& Lowering::add_step(const GraphNode& node, std::string implementation,
                         std::vector<CellId> reads, std::vector<CellId> writes,
                         std::function<void(const StepNumbers&)> run) {
  Step step;
  step.memory.reads = connected(std::move(reads));
  step.memory.writes = connected(std::move(writes));
  step.report = report_of(node, std::move(implementation));
  step.run = std::move(run);
  steps_.push_back(std::move(step));
  return steps_.back();
}

Step& Lowering::add_primitive(const GraphNode& node, const dnnl::primitive_desc_base& description,
                              const dnnl::primitive& primitive,
                              const std::vector<Argument>& arguments) {
  PrimitiveCall call(primitive, stream_);
  std::vector<CellId> reads;
  std::vector<CellId> writes;
  for (const Argument& argument : arguments) {
    if (argument.cell == kNoCell) continue;
    call.add(argument.kind, memory_.handle(argument.cell, argument.desc));
    (argument.written ? writes : reads).push_back(argument.cell);
  }
  const bridge::Desc scratch = description.scratchpad_desc();
  const std::size_t scratch_bytes = scratch.get_size();
  if (scratch_bytes > 0) call.add(DNNL_ARG_SCRATCHPAD, memory_.scratch_handle(scratch));
  Step& step =
      add_step(node, bridge::implementation_of(description), std::move(reads), std::move(writes),
               [call = std::move(call)](const StepNumbers&) { call(); });
  step.memory.scratch_bytes = scratch_bytes;
  return step;
}

void Lowering::lower(const GraphNode& node) {
  const LowerRule rule = rule_of(node);
  if (rule == nullptr) {
    throw EngineError(
        make_diagnostic("E001", fmt::format("the onednn engine has no kernel for {} (`{}`)",
                                            ops::name_of(node.op.kind), node.op.name)));
  }
  rule(*this, node);
  for (const ops::ValueId id : node.op.outputs) hold(id);
  for (const DenseSegment& segment : node.segments) hold(segment.gradient);
}

void Lowering::add_guard(const std::vector<ops::ValueId>& guarded) {
  std::vector<CellId> reads;
  reads.reserve(guarded.size());
  for (const ops::ValueId id : guarded) reads.push_back(cell(id));
  GraphNode node;
  node.op.name = "guard";
  guard_ = Guard(memory_, reads, steps_.size());
  add_step(node, "own:guard", std::move(reads), {}, [](const StepNumbers&) {}).report.op = "guard";
}

void Lowering::note_gradients(const GraphNode& node, const Connections& connections) {
  for (const ops::Node& update : updates_of(node)) {
    gradients_.entries.push_back({graph_.value(update.inputs[0]).slot,
                                  cell(before_clips(graph_, connections, update.inputs[1])), 0});
  }
}

void Lowering::note_updates(const std::vector<AppliedGradients::Update>& updates) {
  gradients_.updates.insert(gradients_.updates.end(), updates.begin(), updates.end());
  gradients_.update_steps.push_back(steps_.size() - 1);
}

void Lowering::add_output(std::size_t index) {
  const ops::ValueId value = graph_.program->outputs[index].value;
  const CellId found = cell(value);
  const DType dtype = graph_.value(value).dtype;
  const bool plain = !memory_.cell(found).layout && memory_.cell(found).dtype == dtype;
  const CellId made = plain ? found : reordered(value, std::nullopt, dtype, true);
  memory_.cell(made).kept = true;
  output_cells_[index] = made;
}

void Lowering::add_outputs() {
  for (std::size_t i = 0; i < output_cells_.size(); ++i) {
    if (output_cells_[i] == kNoCell) add_output(i);
  }
}

void Lowering::add_last_outputs(const GraphNode& node) {
  const auto& outputs = graph_.program->outputs;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const ops::ValueId value = outputs[i].value;
    const bool made_here =
        std::ranges::find(node.op.outputs, value) != node.op.outputs.end() ||
        std::ranges::find(node.segments, value, &DenseSegment::gradient) != node.segments.end();
    if (made_here && !read_[static_cast<std::size_t>(value)] && output_cells_[i] == kNoCell)
      add_output(i);
  }
}

void Lowering::run(const std::vector<ops::ValueId>& guarded) {
  const Connections connections(graph_);
  bool guard_wanted = !guarded.empty();
  bool gradients_wanted = true;
  output_cells_.assign(graph_.program->outputs.size(), kNoCell);
  read_.assign(graph_.program->values.size(), false);
  for (const GraphNode& node : graph_.nodes) {
    for (const ops::ValueId id : node.op.inputs) {
      if (id != ops::kNoValue) read_[static_cast<std::size_t>(id)] = true;
    }
  }
  for (const GraphNode& node : graph_.nodes) {
    const bool writes = node.kind == NodeKind::kUpdateGroup || writes_variable(node.op);
    if (gradients_wanted && (writes || is_clip(node))) {
      gradients_.finish = steps_.size();
      gradients_wanted = false;
    }
    if (guard_wanted && writes) {
      add_outputs();
      add_guard(guarded);
      guard_wanted = false;
    }
    note_gradients(node, connections);
    lower(node);
    add_last_outputs(node);
  }
  add_outputs();
}

}  // namespace tenon::backend::onednn
