#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/console.hpp"
#include "tenon/distribution.hpp"
#include "tenon/error.hpp"

namespace tenon::cli {

struct CheckOptions {
  CommonOptions common;
  std::string file;
  std::vector<std::string> sets;
  bool fix = false;    ///< Show the change that mends it.
  bool write = false;  ///< … and write it.
};
int check(const CheckOptions& options);

struct TrainOptions {
  CommonOptions common;
  std::string file;
  std::vector<std::string> sets;
  bool resume = false;
  std::string resume_from{};    ///< A checkpoint, or a folder with a state; empty: none.
  Distribution distribution{};  ///< Begun by train() in what mpirun started.
};
int train(TrainOptions options);

/// What the process ends with after `error`.
int exit_status_of(const Error& error);

/// How a training ended.
struct TrainOutcome {
  int status = 0;
  std::string json;  ///< One object for --format json; empty where problems were reported.
};
/// The same without the JSON on standard output.
TrainOutcome run_training(const TrainOptions& options);

struct EvaluateOptions {
  CommonOptions common;
  std::string file;
  std::vector<std::string> sets;
  std::string split = "test";
  std::string weights;  ///< A .keras or .weights.h5 file; empty: output/model.keras, else [model].
  Distribution distribution{};  ///< As in TrainOptions.
};
int evaluate(EvaluateOptions options);

struct PredictOptions {
  CommonOptions common;
  std::string subject;  ///< An experiment file, or a model with `inputs`.
  std::vector<std::string> sets;
  std::string split = "test";
  std::string weights;
  std::string inputs;   ///< An .npz of batches by input name.
  std::string output;   ///< .npz, or .nii and .nii.gz: a volume per sample and output.
  bool labels = false;  ///< Volumes of class ids in place of one channel per class.
  std::vector<std::int64_t> window{};  ///< Voxels of a sliding window; empty: none.
  double overlap = 0.25;
  std::string blend = "gaussian";
  std::int64_t window_batch = 1;
  Distribution distribution{};  ///< As in TrainOptions.
};
int predict(PredictOptions options);

struct PeekOptions {
  CommonOptions common;
  std::string file;
  std::vector<std::string> sets;
  std::string split = "train";
  std::int64_t count = 8;
  std::string output;    ///< .npz or .png; empty: only the table.
  bool profile = false;  ///< Runs an epoch (or `count` elements), and tells what the stages took.
  bool counted = false;  ///< `count` was given.
};
int peek(const PeekOptions& options);

enum class LineageFormat : std::uint8_t { kText, kJson, kDot, kSvg };

struct LineageOptions {
  CommonOptions common;
  std::string file;
  std::vector<std::string> sets;
  std::string split = "train";
  std::optional<LineageFormat> format;  ///< Nothing: as the ending of `output` tells, else text.
  std::string output;                   ///< Empty: standard output.
};
int lineage(const LineageOptions& options);

struct DemoOptions {
  CommonOptions common;
  std::string output = "demo_output";
  std::int64_t seed = 1;  ///< 0 or more.
};
int demo(const DemoOptions& options);

struct SummaryCommandOptions {
  CommonOptions common;
  std::string subject;  ///< A model file, or an experiment whose model and [fit] are taken.
  std::vector<std::string> sets;
  bool plan = false;       ///< The compiled steps instead of the layers.
  std::int64_t batch = 0;  ///< 0: the experiment's, else 32.
};
int summary(const SummaryCommandOptions& options);

struct CacheCommandOptions {
  CommonOptions common;
  std::string folder;
  bool prune = false;                ///< Else it is listed.
  std::string budget;                ///< "10 GB": what is left at most; empty: no matter how much.
  std::optional<std::int64_t> days;  ///< Since the last use, at most.
  bool all = false;
};
int cache(const CacheCommandOptions& options);
int explain(const CommonOptions& options, const std::string& code);
std::string version_text();

}  // namespace tenon::cli
