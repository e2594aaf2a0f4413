#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tenon/callbacks.hpp"
#include "tenon/dataset.hpp"
#include "tenon/distribution.hpp"
#include "tenon/generator.hpp"
#include "tenon/history.hpp"
#include "tenon/layer.hpp"
#include "tenon/losses.hpp"
#include "tenon/metrics.hpp"
#include "tenon/npz.hpp"
#include "tenon/optimizers.hpp"
#include "tenon/per_output.hpp"
#include "tenon/plan.hpp"
#include "tenon/training_interface.hpp"

namespace tenon {

namespace graph {
class ModelObject;
}
namespace train {
class Trainer;
}

/// Inputs or outputs of a model: one tensor, a list, or a map from name to tensor. Data are bound
/// by name in each case: an input's name is its Input's, an output's the layer's that makes it (or
/// the map's key).
class Tensors {
 public:
  Tensors(SymbolicTensor one) : list_{std::move(one)}, single_(true) {}  // NOLINT
  Tensors(std::initializer_list<SymbolicTensor> list) : list_(list) {}
  Tensors(std::vector<SymbolicTensor> list) : list_(std::move(list)) {}  // NOLINT
  Tensors(std::initializer_list<std::pair<const char*, SymbolicTensor>> map);
  Tensors(std::vector<std::pair<std::string, SymbolicTensor>> map);  // NOLINT

  const std::vector<SymbolicTensor>& list() const noexcept { return list_; }
  const std::vector<std::string>& names() const noexcept {
    return names_;
  }  ///< Empty unless a map.
  bool single() const noexcept { return single_; }

 private:
  std::vector<SymbolicTensor> list_;
  std::vector<std::string> names_;
  bool single_ = false;
};

struct ModelOptions {
  std::string name{};  ///< Empty: "functional", "sequential".
};

struct CompileArguments {
  Optimizer optimizer{};
  PerOutput<Loss> loss{};
  PerOutput<double> loss_weights{};
  PerOutput<Metrics> metrics{};
  PerOutput<Metrics> weighted_metrics{};
  std::string engine{};  ///< "onednn", "reference"; empty: the best one built in.
  /// "float32" or "mixed_bfloat16", Keras's dtype policy: bfloat16 activations and factors, float32
  /// weights, sums, statistics, losses and outputs. Given, it is the policy of all layers from then
  /// on (files keep it); empty: that of the layers, float32 unless a file said otherwise.
  std::string precision{};
  int threads = 0;  ///< Compute threads, 64 or 4 per core at most; 0: one per core.
};

/// Class id -> weight, by position in the list; ids beyond the list weigh 1.
using ClassWeights = std::vector<double>;

/// A state that fit is to go on from: what BackupAndRestore wrote, or its folder.
struct ResumeFrom {
  ResumeFrom(std::string file,  // NOLINT(google-explicit-constructor)
             const StateStore& state_store = default_state_store())
      : path(std::move(file)), store(&state_store) {}
  ResumeFrom(const char* file) : ResumeFrom(std::string(file)) {}  // NOLINT
  std::string path;
  const StateStore* store;
};
struct FitArguments {
  std::optional<std::int64_t> steps_per_epoch{};
  std::int64_t epochs = 1;
  std::int64_t initial_epoch = 0;
  std::optional<Dataset> validation_data{};
  std::optional<std::int64_t> validation_steps{};
  std::int64_t validation_freq = 1;
  Callbacks callbacks{};
  PerOutput<ClassWeights> class_weight{};
  /// Output name -> data key that holds a weight per row.
  KeyMap sample_weight{};
  Keys ignore_keys{};      ///< Data keys that may stay unused.
  int verbose = 1;         ///< 0 silent, 1 progress bar, 2 one line per epoch.
  std::uint64_t seed = 0;  ///< Of shuffling, augmentation and dropout.
  int data_threads = 0;    ///< Workers of the pipeline, bounded like threads; 0: as many as help.
  /// NaN and Inf in inputs, targets, the loss and the gradients end the run (D002), told with step,
  /// key, layer and sample, before that step has touched a weight.
  bool check_finite = true;
  /// Groups of keys whose volumes must lie on one grid: {{"t1", "t2"}}. Grids that are known and
  /// differ are S008.
  std::vector<Keys> same_grid{};
  /// A key of the sources ("patient") whose value must not be in two splits; see check_leakage.
  std::string group_key{};
  /// Never trained on and not evaluated; only held against the other splits for leakage.
  std::optional<Dataset> test_data{};
  /// Goes on from a state, bit for bit on the same engine and number of threads: throws FormatError
  /// (F001) where there is none, or of another training.
  std::optional<ResumeFrom> resume{};
  /// The processes that train together: Distribution::mpi(). Every one of them calls fit with the
  /// same data, whose batch size is that of all together, and gets the same history.
  Distribution distribution{};
  /// Asked before and after each step, on every process that trains along: whether somebody wants
  /// an end, for callbacks (TrainingControl::interrupted).
  std::function<bool()> interrupted{};
  /// Warns (L001) of samples, files and groups that are in two splits. Compares names only.
  bool check_leakage = true;
};
struct EvaluateArguments {
  std::optional<std::int64_t> steps{};
  KeyMap sample_weight{};
  Keys ignore_keys{};
  int verbose = 0;
  int data_threads = 0;
  /// The processes that share the data: Distribution::mpi(). Every one of them calls evaluate with
  /// the same data, and gets the same numbers: those of all rows.
  Distribution distribution{};
};
/// Whole images and volumes by windows that overlap, as MONAI's sliding_window_inference: what the
/// windows say of a voxel is averaged. Volumes smaller than a window are padded on both sides.
struct SlidingWindow {
  /// Voxels along each axis: [depth, height, width], or [height, width] of images. Empty: the fixed
  /// sizes of the model's inputs.
  std::vector<std::int64_t> size{};
  double overlap = 0.25;           ///< Of a window, in [0, 1).
  std::string blend = "gaussian";  ///< What counts more the nearer to a window's middle;
                                   ///< "constant": all alike.
  double sigma_scale = 0.125;      ///< gaussian: its deviation, of a window.
  std::int64_t batch_size = 1;     ///< Windows at a time.
  double padding_value = 0.0;
};
struct PredictArguments {
  std::optional<std::int64_t> steps{};
  Keys ignore_keys{};  ///< Keys that are no input are ignored by predict anyway if they are
                       ///< outputs' targets.
  int verbose = 0;
  int data_threads = 0;
  /// The inputs with as many spatial axes as the window's size are cut at the same places and must
  /// be of one size; others go along with each window. The outputs have the geometry of the first.
  std::optional<SlidingWindow> sliding_window{};
  /// Called for each row, in order, with the outputs without the batch axis. Then the result holds
  /// no outputs: for volumes of several sizes, or that do not fit into memory together.
  std::function<void(const NamedTensors& outputs, const SampleIdentity& sample)> on_sample{};
  /// The processes that share the data: Distribution::mpi(). Every one of them calls predict with
  /// the same data. Rank 0 gets the rows of all, in the order of the data; the others get no
  /// outputs. on_sample is called by the rank that a row belongs to.
  Distribution distribution{};
};
struct PredictResult {
  NamedTensors outputs;                 ///< By output name, rows in the order of the data.
  std::vector<SampleIdentity> samples;  ///< One per row where the data have identities.
  std::vector<BadSample> bad_samples;
};

struct SummaryOptions {
  bool expand_nested = false;
  bool show_trainable = false;
  int line_length = 0;  ///< In characters; 0: 76, as Keras prints on a terminal of 80.
};

/// A model with named inputs and outputs. Layers without a name get theirs from their first model,
/// as Keras names them in a fresh process: "conv2d", "conv2d_1", … in the order in which they were
/// made. A handle: copies are the same model. Built without an engine; compile() says how it is
/// trained, the first fit() compiles the step. Not thread-safe.
class Model {
 public:
  /// Throws ModelError (M001): a disconnected graph (naming the undeclared input and the path from
  /// it), an input that no output needs, two inputs, outputs or layers of one name.
  Model(Tensors inputs, Tensors outputs, ModelOptions options = {},
        SourceLocation location = SourceLocation::current());
  explicit Model(std::shared_ptr<graph::ModelObject> object);

  /// Uses the whole model as a layer (nesting); weights are shared.
  SymbolicTensor operator()(const SymbolicTensor& input,
                            SourceLocation location = SourceLocation::current()) const;
  std::vector<SymbolicTensor> operator()(const std::vector<SymbolicTensor>& inputs,
                                         SourceLocation location = SourceLocation::current()) const;

  const std::string& name() const noexcept;
  std::vector<Port> inputs() const;  ///< In the order given; specs with batch axis "B".
  std::vector<Port> outputs() const;
  /// In Keras's order: by depth from the output. A Sequential's are without its Input, as in Keras.
  std::vector<Layer> layers() const;
  Layer get_layer(
      const std::string& layer_name) const;  ///< Throws ModelError with the nearest name.
  /// All weights, layer by layer, trainable ones of a layer first (Keras's model.weights).
  std::vector<std::shared_ptr<Variable>> weights() const;
  std::vector<std::shared_ptr<Variable>> trainable_weights() const;
  std::int64_t count_params() const;
  /// Draws all weights anew from their initialisers; the same for the same seed.
  void initialize(std::uint64_t seed);
  std::string summary(SummaryOptions options = {}) const;
  /// Keras's config.json of this model (module, class_name, config, …).
  std::string to_json() const;
  /// Throws FormatError (F001, M001), naming the layer and the argument it cannot take; refuses
  /// Lambda.
  static Model from_json(const std::string& json);

  // --- training; defined in the room train
  void compile(CompileArguments arguments, SourceLocation location = SourceLocation::current());
  bool compiled() const noexcept;
  /// Everything is checked before the first step; throws ContractError with all problems at once.
  /// What ends a run in the middle (G001, G002, G003, D002, a callback's exception) leaves the
  /// model with the weights and the optimizer's state after the last whole step.
  History fit(const Dataset& data, FitArguments arguments = {},
              SourceLocation location = SourceLocation::current());
  /// Needs steps_per_epoch, or ends each epoch with the generator.
  History fit_generator(Generator generator, FitArguments arguments = {},
                        SourceLocation location = SourceLocation::current());
  Logs evaluate(const Dataset& data, EvaluateArguments arguments = {},
                SourceLocation location = SourceLocation::current());
  PredictResult predict(const Dataset& data, PredictArguments arguments = {},
                        SourceLocation location = SourceLocation::current());
  /// One whole batch by input name.
  NamedTensors predict_on_batch(const Inputs& inputs);
  /// One update; the batch's loss and metrics before it.
  Logs train_on_batch(const Example& batch, SourceLocation location = SourceLocation::current());
  Logs test_on_batch(const Example& batch, SourceLocation location = SourceLocation::current());
  /// The problems that fit would throw, without training; empty if data and model fit.
  std::vector<Diagnostic> check(const Dataset& data, const FitArguments& arguments = {},
                                SourceLocation location = SourceLocation::current());

  /// What the engine makes of this model: the steps that run for one batch, and the memory that
  /// they take. Compiles the step, which a later fit with that size of batch need not do again.
  /// Throws ContractError (A001) for a mode that is none, an input of open size that no size is
  /// given for, or mode "train" of a model that was not compiled.
  ModelPlan plan(PlanOptions options = {});

  // --- files; defined in the room io/models
  void save(const std::string& path) const;          ///< .keras
  void save_weights(const std::string& path) const;  ///< .weights.h5
  /// By layer name. Throws ContractError (W001) that lists all that does not fit; nothing is then
  /// loaded.
  void load_weights(const std::string& path);

  const std::shared_ptr<graph::ModelObject>& object() const noexcept { return object_; }
  const std::shared_ptr<train::Trainer>& trainer() const noexcept { return *trainer_; }
  void set_trainer(std::shared_ptr<train::Trainer> trainer) { *trainer_ = std::move(trainer); }

 protected:
  Model();
  std::shared_ptr<graph::ModelObject> object_;
  /// Shared by copies of the handle.
  std::shared_ptr<std::shared_ptr<train::Trainer>> trainer_;
};

/// An Input or a layer, as Sequential's list takes them.
class SequentialItem {
 public:
  SequentialItem(SymbolicTensor input) : item_(std::move(input)) {}  // NOLINT
  SequentialItem(Layer layer) : item_(std::move(layer)) {}           // NOLINT
  SequentialItem(const Model& model);                                // NOLINT: nested, as a layer.
  const std::variant<SymbolicTensor, Layer>& get() const noexcept { return item_; }

 private:
  std::variant<SymbolicTensor, Layer> item_;
};

/// A plain stack: one input, one output. A second Input is a ModelError (M001) that shows the
/// functional form that was meant.
class Sequential : public Model {
 public:
  Sequential(std::initializer_list<SequentialItem> items, ModelOptions options = {},
             SourceLocation location = SourceLocation::current());
  explicit Sequential(std::vector<SequentialItem> items, ModelOptions options = {},
                      SourceLocation location = SourceLocation::current());
};

struct LoadOptions {
  bool compile =
      true;  ///< Also the compile config and the optimizer's state, where the file has them.
};
/// Reads a .keras file (Keras v3). Throws FormatError (F001), ModelError, ContractError (W001).
Model load_model(const std::string& path, LoadOptions options = {});

}  // namespace tenon
