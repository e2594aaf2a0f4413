#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/api/gradient_ranges.hpp"
#include "backend/api/rank_meeting.hpp"
#include "ops/program.hpp"
#include "tenon/tensor.hpp"

namespace tenon::backend {

/// How numbers are computed. Weights are float32 masters in each. precision.hpp says what mixed
/// bfloat16 is.
/// kFloat64 is of the reference only: every float32 value is held in double, inputs may be bound in
/// either, and float32 outputs come as float64.
enum class Precision : std::uint8_t { kFloat32, kMixedBFloat16, kFloat64 };

/// A variable as an engine stores it: a weight, an optimizer's slot, a moving average.
struct VariableSpec {
  std::string name;  ///< "small_conv/kernel", "adam/small_conv/kernel/m"
  Shape shape;
  DType dtype = DType::kFloat32;
  /// A variable before it, of its shape, that it is added to or from: lies as that one does.
  std::int32_t like = -1;
};

/// The variables of one training, in the engine's memory and layout. Plans of several batch sizes
/// share one. Not thread-safe; outlives the plans made from it (they keep it alive).
class Variables {
 public:
  virtual ~Variables() = default;
  virtual const std::vector<VariableSpec>& specs() const noexcept = 0;
  /// A copy in plain row-major layout.
  virtual Tensor read(std::int32_t slot) const = 0;
  /// Throws ShapeError (W001) if dtype or shape differ.
  virtual void write(std::int32_t slot, const Tensor& value) = 0;
};

/// Which rows of a whole batch a step has, where several processes share it: its row r is row
/// first + r·stride of the whole. Dropout is keyed by the place in the whole batch.
struct BatchRows {
  std::int64_t first = 0;
  std::int64_t stride = 1;
  std::int64_t count = 0;  ///< Rows here; 0: all of the batch are here.
  bool whole() const noexcept { return count == 0 || stride == 1; }
};

/// Numbers that change from step to step.
struct StepNumbers {
  float learning_rate = 0.0F;
  std::int64_t iteration = 0;         ///< Steps done before this one.
  std::int64_t steps_per_update = 1;  ///< Adam's t is iteration / steps_per_update + 1.
  std::uint64_t seed = 0;             ///< With `iteration`, names the streams of dropout.
  bool guard = false;  ///< Look at CompileOptions::guarded before variables are written.
  BatchRows rows{};
  /// Of a step that several processes take together: what is synchronized is over the rows of all.
  RankMeeting* ranks = nullptr;
  /// Set by run() where updates are divided.
  GradientListener* divided = nullptr;
  std::int64_t updates() const noexcept { return iteration / steps_per_update; }
};

/// One entry of a compiled plan, for tests, reports and profiles.
struct PlanStep {
  std::string op;              ///< "convolution+relu"
  std::string name;            ///< The layers it came from.
  std::string implementation;  ///< "jit:avx512_core", "own:dense_1", "reference"
  bool border_reorder =
      false;             ///< A reorder between plain and engine layout at an input or output.
  bool reorder = false;  ///< Any reorder.
  double floating_point_operations = 0.0;
  std::size_t bytes = 0;  ///< Read and written, each operand counted once for either.
};
struct PlanReport {
  std::vector<PlanStep> steps;
  std::size_t arena_bytes = 0;    ///< Intermediate values, by lifetime.
  std::size_t alive_bytes = 0;    ///< The most of them that are needed at one step.
  std::size_t scratch_bytes = 0;  ///< Shared by all steps.
  int threads = 1;                ///< Small programs may take fewer than they were given.
};

/// A compiled program. run() allocates nothing and looks nothing up. One thread at a time.
class Plan {
 public:
  virtual ~Plan() = default;
  /// Binds input `index` of the program to `value`; its memory must stay valid and unchanged until
  /// run() returns. Throws ShapeError if dtype or shape differ. A binding lasts until the next one.
  virtual void bind_input(std::size_t index, const Tensor& value) = 0;
  /// Runs all steps. Throws EngineError (E001) if an input is not bound. With `numbers.guard`: if a
  /// guarded value is NaN or infinite, ends before the first variable is written and returns the
  /// position of the first such value in CompileOptions::guarded; outputs that come from before
  /// can be read.
  virtual std::optional<std::size_t> run(const StepNumbers& numbers) = 0;
  /// `call` is called by run() behind each step, in its thread, with how many are done by then: for
  /// work that goes on beside them, as messages to other processes. Empty: for nothing.
  virtual void set_between_steps(std::function<void(std::size_t steps_done)> call) = 0;
  /// After so many steps of a run, output `index` has the value that it keeps.
  virtual std::size_t steps_until(std::size_t index) const = 0;
  /// Does what run() does, and returns the seconds of each step of report().steps, in their order.
  /// With `numbers.guard` the look at the guarded values is part of the time; what it finds is not
  /// told, and the variables are written. For measuring.
  virtual std::vector<double> profile(const StepNumbers& numbers) = 0;
  /// Output `index` of the program in plain row-major layout; a view valid until the next run().
  virtual Tensor output(std::size_t index) const = 0;
  virtual const PlanReport& report() const noexcept = 0;
  /// The gradients that the program's updates apply; empty where it updates nothing. Addresses hold
  /// as long as the plan.
  virtual std::vector<GradientRange> gradient_ranges() const { return {}; }
  /// Equal where the ranges of two plans, perhaps of two processes, are of the same weights in the
  /// same order, and lie alike: sizes, layouts, distances from where the arena begins. 0 where
  /// there are none.
  virtual std::uint64_t gradient_layout() const { return 0; }
  /// What updates take of gradients that lie together, in the order of the gradients; empty where
  /// they take them otherwise than as the ranges have them (clipped), or by steps that are no
  /// updates. Holds until another plan of the same variables is compiled.
  virtual std::vector<UpdateRun> update_runs() { return {}; }
  /// What run() does from the gradients on, with gradients that are 0 at first: for a process that
  /// shares a step of which it has no rows. The listener is told of all ranges; outputs, and
  /// variables that are made of rows, come to nothing. Returns what run() does.
  virtual std::optional<std::size_t> run_updates(const StepNumbers& /*numbers*/) { return {}; }
  /// Who is told of them in each run(), until the next call; nullptr: nobody. Not owned.
  virtual void listen(GradientListener* /*listener*/) {}
};

struct CompileOptions {
  Precision precision = Precision::kFloat32;
  int threads = 0;  ///< 0: as many as the machine has cores (and OMP_NUM_THREADS allows).
  /// float32 values that a guarded run looks at. They are made before any node that writes a
  /// variable; throws EngineError (E001) if not.
  std::vector<ops::ValueId> guarded{};
  /// Names of passes (Engine::passes) to leave out, for tests and measurements. Throws EngineError
  /// (E001) for a name that is none.
  std::vector<std::string> without_passes{};
  /// Where intermediate values are to lie, if given: `total` bytes of 0 in 64-byte lines, of which
  /// the first `gradients` hold the ranges that lie together (gradient_ranges.hpp). Called once per
  /// plan that has such; undefined: the plan's own memory.
  std::function<Tensor(std::size_t total, std::size_t gradients)> arena{};
  /// Where variables are to lie that updates take together, if given; not owned, for the time of
  /// compile().
  const VariableMemory* variable_memory = nullptr;
};

/// A rewriting of programs that an engine does while it compiles them. Each can be left out; the
/// numbers stay the same but for rounding.
struct PassDescription {
  std::string name;
  std::string purpose;
};

/// Compiles programs for one kind of hardware. Thread-safe; one object per process and kind.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string_view name() const noexcept = 0;  ///< "reference", "onednn"
  virtual std::string description() const = 0;         ///< "oneDNN 2.6.3, AVX-512, 2 threads"
  /// Why the engine does not compute so here, for people: "the processor has no AVX512_BF16, …";
  /// empty where it does.
  virtual std::string obstacle(Precision precision) const = 0;
  bool supports(Precision precision) const { return obstacle(precision).empty(); }
  /// In the order in which they take place.
  virtual std::vector<PassDescription> passes() const { return {}; }
  virtual std::shared_ptr<Variables> create_variables(std::vector<VariableSpec> specs) const = 0;
  /// Throws EngineError (E001) if the engine lacks an op or a precision, naming it.
  virtual std::unique_ptr<Plan> compile(const ops::Program& program,
                                        std::shared_ptr<Variables> variables,
                                        const CompileOptions& options = {}) const = 0;
};

/// The plain engine, the judge of all others. Always there.
const Engine& reference_engine();
/// The oneDNN engine. Throws EngineError that says how to get it where it was not built in.
const Engine& onednn_engine();
bool has_onednn_engine() noexcept;
/// By name: "reference", "onednn", or "" for the best one built in. Throws EngineError.
/// (Defined in train, which is the room that sees all engines' libraries.)

}  // namespace tenon::backend
