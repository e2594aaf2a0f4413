#include "cli/command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>

#include "cli/as_rank.hpp"
#include "cli/commands.hpp"
#include "cli/table_reader.hpp"
#include "tenon/error.hpp"

namespace tenon::cli {
namespace {

using Words = std::vector<std::string>;

/// Refuses what is none of `words`, whatever the case.
CLI::Validator one_of(const Words& words) {
  return CLI::Validator(
      [words](std::string& given) {
        const std::string word = CLI::detail::to_lower(given);
        if (std::find(words.begin(), words.end(), word) == words.end()) {
          return fmt::format("{} where {} is expected", quote_key(given), fmt::join(words, " or "));
        }
        given = word;
        return std::string();
      },
      "");
}

void add_common(CLI::App& command, CommonOptions& common) {
  command.add_flag("--quiet,-q", common.quiet, "No progress, no notes");
  command
      .add_option_function<std::string>(
          "--format",
          [&common](const std::string& word) {
            common.format = word == "json" ? Format::kJson : Format::kText;
          },
          "text or json")
      ->transform(one_of({"text", "json"}));
}

void add_experiment(CLI::App& command, std::string& file, std::vector<std::string>& sets) {
  command.add_option("experiment", file, "The experiment file (TOML)")->required();
  command.add_option("--set", sets, "Change a value of the file: --set fit.epochs=1")
      ->allow_extra_args(false);
}

/// Everything that CLI11 fills, and what is to be run once it has.
struct CommandLine {
  CommonOptions common;
  CheckOptions check;
  TrainOptions train;
  EvaluateOptions evaluate;
  PredictOptions predict;
  PeekOptions peek;
  LineageOptions lineage;
  DemoOptions demo;
  SummaryCommandOptions summary;
  CacheCommandOptions cache;
  std::string code;
  std::function<int()> action;
};

void add_check_and_train(CLI::App& app, CommandLine& line) {
  CLI::App* check_command =
      app.add_subcommand("check", "Hold the data against the model; trains nothing");
  add_experiment(*check_command, line.check.file, line.check.sets);
  CLI::Option* fix =
      check_command->add_flag("--fix", line.check.fix, "Show the mending change as a diff");
  check_command->add_flag("--write", line.check.write, "Write it")->needs(fix);
  add_common(*check_command, line.common);
  check_command->callback([&] { line.action = [&] { return check(line.check); }; });

  CLI::App* train_command = app.add_subcommand("train", "Train as the experiment file says");
  add_experiment(*train_command, line.train.file, line.train.sets);
  CLI::Option* resume = train_command->add_flag(
      "--resume", line.train.resume, "Go on where a run into the same output folder was ended");
  train_command
      ->add_option("--resume-from", line.train.resume_from,
                   "Go on from a checkpoint's file, or a folder with a state")
      ->excludes(resume);
  add_common(*train_command, line.common);
  train_command->callback([&] { line.action = [&] { return train(line.train); }; });
}

void add_windows(CLI::App& command, PredictOptions& options) {
  CLI::Option* window = command
                            .add_option("--sliding-window", options.window,
                                        "Whole volumes by windows of so many voxels: 64,64,64")
                            ->delimiter(',');
  command.add_option("--overlap", options.overlap, "Of two windows, 0 to below 1 (0.25)")
      ->needs(window);
  command.add_option("--blend", options.blend, "gaussian or constant")->needs(window);
  command.add_option("--window-batch", options.window_batch, "Windows at a time (1)")
      ->needs(window);
  command.add_flag("--labels", options.labels, "Volumes of class ids, not of one number per class");
}

void add_evaluate_and_predict(CLI::App& app, CommandLine& line) {
  CLI::App* evaluate_command = app.add_subcommand("evaluate", "Metrics of a split, per class too");
  add_experiment(*evaluate_command, line.evaluate.file, line.evaluate.sets);
  evaluate_command->add_option("--split", line.evaluate.split, "train, validation or test");
  evaluate_command->add_option("--weights", line.evaluate.weights, "A .keras or .weights.h5 file");
  add_common(*evaluate_command, line.common);
  evaluate_command->callback([&] { line.action = [&] { return evaluate(line.evaluate); }; });

  CLI::App* predict_command =
      app.add_subcommand("predict", "Outputs of a split, or of an .npz of inputs");
  predict_command
      ->add_option("subject", line.predict.subject, "An experiment file, or a model with --inputs")
      ->required();
  predict_command->add_option("--set", line.predict.sets, "Change a value of the file")
      ->allow_extra_args(false);
  predict_command->add_option("--split", line.predict.split, "train, validation or test");
  predict_command->add_option("--weights", line.predict.weights, "A .keras or .weights.h5 file");
  predict_command->add_option("--inputs", line.predict.inputs, "An .npz of batches by input name");
  predict_command
      ->add_option("--output", line.predict.output, "The .npz to write, or .nii.gz: volumes")
      ->required();
  add_windows(*predict_command, line.predict);
  add_common(*predict_command, line.common);
  predict_command->callback([&] { line.action = [&] { return predict(line.predict); }; });
}

LineageFormat lineage_format(const std::string& word) {
  if (word == "json") return LineageFormat::kJson;
  if (word == "dot") return LineageFormat::kDot;
  return word == "svg" ? LineageFormat::kSvg : LineageFormat::kText;
}

void add_lineage(CLI::App& app, CommandLine& line) {
  CLI::App* command = app.add_subcommand("lineage", "What happens to each key, stage by stage");
  add_experiment(*command, line.lineage.file, line.lineage.sets);
  command->add_option("--split", line.lineage.split, "train, validation or test");
  command->add_option("--output", line.lineage.output, "The file to write; else standard output");
  command->add_flag("--quiet,-q", line.common.quiet, "No progress, no notes");
  command
      ->add_option_function<std::string>(
          "--format",
          [&line](const std::string& word) { line.lineage.format = lineage_format(word); },
          "text, json, dot or svg")
      ->transform(one_of({"text", "json", "dot", "svg"}));
  command->callback([&] {
    if (line.lineage.format == LineageFormat::kJson) line.common.format = Format::kJson;
    line.action = [&] { return lineage(line.lineage); };
  });
}

void add_summary(CLI::App& app, CommandLine& line) {
  CLI::App* command =
      app.add_subcommand("summary", "The layers of a model; what the engine makes of them");
  command->add_option("model", line.summary.subject, "A .keras or .json file, or an experiment")
      ->required();
  CLI::Option* plan = command->add_flag("--plan", line.summary.plan,
                                        "The compiled steps: kernels, operations, bytes, memory");
  command->add_option("--batch", line.summary.batch, "Rows of a batch")
      ->check(CLI::Range(1, 1 << 24))
      ->needs(plan);
  command->add_option("--set", line.summary.sets, "Change a value of the file")
      ->allow_extra_args(false);
  add_common(*command, line.common);
  command->callback([&] { line.action = [&] { return summary(line.summary); }; });
}

void add_cache(CLI::App& app, CommandLine& line) {
  CLI::App* command = app.add_subcommand("cache", "The folder of a disk cache: ls, prune");
  command->require_subcommand(1);
  CLI::App* list = command->add_subcommand("ls", "What lies in it, by pipeline");
  CLI::App* prune = command->add_subcommand(
      "prune",
      "Remove samples whose files have changed, and with a budget those not used for longest");
  for (CLI::App* each : {list, prune}) {
    each->add_option("folder", line.cache.folder, "As in { op = \"cache\", folder = … }")
        ->required();
    add_common(*each, line.common);
    each->callback([&line, each, prune] {
      line.cache.prune = each == prune;
      line.action = [&line] { return cache(line.cache); };
    });
  }
  prune->add_option("--budget", line.cache.budget, "What may be left: \"10 GB\"");
  prune->add_option("--days", line.cache.days, "Also those not used for so many days")
      ->check(CLI::Range(0, 36500));
  prune->add_flag("--all", line.cache.all, "Everything");
}

void add_looks(CLI::App& app, CommandLine& line) {
  CLI::App* peek_command =
      app.add_subcommand("peek", "What the model would see: first samples after all stages");
  add_experiment(*peek_command, line.peek.file, line.peek.sets);
  peek_command->add_option("--split", line.peek.split, "train, validation or test");
  CLI::Option* count =
      peek_command->add_option("--count", line.peek.count, "Samples")->check(CLI::Range(1, 100000));
  CLI::Option* profile = peek_command->add_flag(
      "--profile", line.peek.profile, "Run an epoch, or --count samples: what the stages take");
  peek_command->add_option("--output", line.peek.output, "An .npz, or a .png that shows the images")
      ->excludes(profile);
  add_common(*peek_command, line.common);
  peek_command->callback([&line, count] {
    line.peek.counted = count->count() > 0;
    line.action = [&line] { return peek(line.peek); };
  });

  add_summary(app, line);
  add_cache(app, line);

  CLI::App* demo_command = app.add_subcommand("demo", "Draw a data set, train on it, report");
  demo_command->add_option("--output", line.demo.output, "The folder to write");
  demo_command->add_option("--seed", line.demo.seed, "Of the drawing and the training")
      ->check(CLI::Validator(
          [](const std::string& given) {
            return given.starts_with('-') ? given + " where 0 or more is expected" : std::string();
          },
          ""));
  add_common(*demo_command, line.common);
  demo_command->callback([&] { line.action = [&] { return demo(line.demo); }; });

  CLI::App* explain_command =
      app.add_subcommand("explain", "The page of a diagnostic: tenon explain K003");
  explain_command
      ->add_option("code", line.code, "A code, as in error[K003]; or stages: all words of a file")
      ->required();
  add_common(*explain_command, line.common);
  explain_command->callback([&] { line.action = [&] { return explain(line.common, line.code); }; });
}

/// The commands whose work ranks share; what of the others there is to do is done by rank 0.
bool is_shared(const std::string& command) {
  return command == "train" || command == "evaluate" || command == "predict";
}

int run_action(CommandLine& line) {
  line.check.common = line.train.common = line.evaluate.common = line.common;
  line.predict.common = line.peek.common = line.demo.common = line.common;
  line.lineage.common = line.summary.common = line.cache.common = line.common;
  end_at_signals();
  try {
    return line.action();
  } catch (const Error& error) {
    report(error.diagnostics(), line.common);
    return exit_status_of(error);
  } catch (const std::exception& error) {
    if (line.common.format == Format::kJson) {
      report(std::vector{make_diagnostic("", error.what())}, line.common);
    } else {
      print_error(std::string("error: ") + error.what() + "\n");
    }
    return kFailed;
  }
}

/// --format json, also of a command line that could not be read.
CommonOptions common_of(const Words& arguments) {
  CommonOptions common;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const bool here = arguments[i] == "--format=json";
    const bool next =
        arguments[i] == "--format" && i + 1 < arguments.size() && arguments[i + 1] == "json";
    if (here || next) common.format = Format::kJson;
  }
  return common;
}

Words option_names(const CLI::App& command) {
  Words names;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_lnames().empty()) names.push_back("--" + option->get_lnames().front());
  }
  return names;
}

/// What is wrong with a command line, with the word that was likely meant.
std::vector<Diagnostic> usage_problems(const CLI::App& app, const CLI::ParseError& error,
                                       const Words& arguments) {
  Words commands;
  for (const CLI::App* command : app.get_subcommands(nullptr))
    commands.push_back(command->get_name());
  const auto chosen = app.get_subcommands();
  if (chosen.empty()) {
    Problems problems("tenon");
    const std::string word = arguments.empty() ? "" : arguments.front();
    if (word.empty() || word.starts_with('-')) {
      problems.add(0, error.what(),
                   fmt::format("write tenon COMMAND: {}", fmt::join(commands, ", ")));
    } else {
      problems.unknown(0, "command", word, commands);
    }
    return problems.all();
  }
  Problems problems("tenon " + chosen.front()->get_name());
  const Words extra = chosen.front()->remaining();
  for (const std::string& word : extra) {
    if (word.starts_with('-')) problems.unknown(0, "option", word, option_names(*chosen.front()));
  }
  if (problems.all().empty()) {
    problems.add(0, error.what(),
                 fmt::format("tenon {} --help shows what it takes", chosen.front()->get_name()));
  }
  return problems.all();
}

int parse_and_run(int argc, char** argv) {
  CLI::App app{"Trains models with several named inputs from streams of named data", "tenon"};
  app.set_version_flag("--version", version_text());
  app.require_subcommand(1);
  CommandLine line;
  add_check_and_train(app, line);
  add_evaluate_and_predict(app, line);
  add_looks(app, line);
  add_lineage(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked = error.get_exit_code() == 0;
    if (is_silent_rank() && asked) return kDone;
    if (asked) return app.exit(error);
    if (is_silent_rank() && !wait_for_the_end()) return kUsage;
    const Words arguments(argv + 1, argv + argc);
    report(usage_problems(app, error, arguments), common_of(arguments));
    return kUsage;
  }
  const bool shared = is_shared(app.get_subcommands().front()->get_name());
  if (is_silent_rank() && !shared) return kDone;
  if (shared) warn_if_started_apart();
  return run_action(line);
}

}  // namespace

int exit_status_of(const Error& error) {
  if (dynamic_cast<const FormatError*>(&error) != nullptr) return kUsage;
  if (dynamic_cast<const ContractError*>(&error) != nullptr) return kContract;
  return kFailed;
}

int run(int argc, char** argv) {
  const int status = parse_and_run(argc, argv);
  return output_is_whole() ? status : kFailed;
}

}  // namespace tenon::cli
