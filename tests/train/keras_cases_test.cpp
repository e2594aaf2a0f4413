// The page docs/keras.md, held to what Tenon says: one row per kind of case.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "tenon/tenon.hpp"

namespace tenon::train {
namespace {

using Make = std::function<Example(std::int64_t step)>;

Tensor filled(Shape shape, DType dtype = DType::kFloat32) { return Tensor(dtype, shape); }
Tensor small_batch(std::int64_t rows = 8) { return filled({rows, 32, 32, 3}); }
Tensor large_batch(std::int64_t rows = 8) { return filled({rows, 64, 64, 3}); }
Tensor labels(std::int64_t rows = 8) { return filled({rows, 1}); }

Example right() {
  return Example(inputs("Small", small_batch(), "Large", large_batch()), labels());
}
Example named(const std::string& small, const std::string& large) {
  return Example(inputs(small, small_batch(), large, large_batch()), labels());
}

Generator generate(Make make, std::int64_t count) {
  for (std::int64_t step = 0; step < count; ++step) co_yield make(step);
}

Model two_inputs() {
  auto small = Input({32, 32, 3}, {.name = "Small"});
  auto large = Input({64, 64, 3}, {.name = "Large"});
  auto a = GlobalAveragePooling2D()(Conv2D(2, {3, 3})(small));
  auto b = GlobalAveragePooling2D()(Conv2D(2, {3, 3})(large));
  auto out = Dense(1, {.activation = "sigmoid", .name = "label"})(Concatenate()({a, b}));
  return Model({small, large}, out, {.name = "two_inputs"});
}

class CountSteps : public Callback {
 public:
  std::string name() const override { return "CountSteps"; }
  void on_train_batch_end(TrainingControl&, const StepInfo&, const Logs&) override { ++steps; }
  int steps = 0;
};

/// What was said, and after how many steps.
struct Said {
  std::string text = "nothing";
  int steps = 0;
};

struct Run {
  Make make = [](std::int64_t) { return right(); };
  std::int64_t batches = 1000;
  CompileArguments compile = {.loss = "binary_crossentropy", .engine = "reference"};
  FitArguments fit = {.steps_per_epoch = 5, .epochs = 3};
};

/// As code in a cell of a table.
std::string code(const std::string& text) {
  const std::string fence = text.find('`') == std::string::npos ? "`" : "``";
  return fence + text + (text.back() == '`' ? " " : "") + fence;
}

/// The first line of the first diagnostic and its first fix.
std::string headline(const Diagnostic& diagnostic) {
  const std::string text = render_text(diagnostic);
  std::string cell = code(text.substr(0, text.find('\n')));
  if (!diagnostic.fixes.empty()) cell += "<br>" + code("fix: " + diagnostic.fixes.front().text);
  return cell;
}

Said answer(const std::function<void(CountSteps&)>& body, std::shared_ptr<CountSteps> count) {
  Said said;
  const MessageSink before = set_message_sink([&](const Diagnostic& told) {
    if (told.severity == Severity::kWarning) said.text = headline(told);
  });
  try {
    body(*count);
  } catch (const Error& error) {
    said.text = headline(error.diagnostics().front());
  }
  set_message_sink(before);
  said.steps = count->steps;
  return said;
}

Said fit(Run run) {
  auto count = std::make_shared<CountSteps>();
  run.fit.callbacks.push_back(count);
  run.fit.verbose = 0;
  return answer(
      [&](CountSteps&) {
        Model model = two_inputs();
        model.compile(run.compile);
        model.fit_generator(generate(run.make, run.batches), run.fit);
      },
      count);
}

Said with(Make make) {
  Run run;
  run.make = std::move(make);
  return fit(std::move(run));
}

Said always(const Example& example) {
  return with([example](std::int64_t) { return example; });
}

Example with_label(Tensor label) {
  return Example(inputs("Small", small_batch(), "Large", large_batch()), std::move(label));
}

Example with_small(Tensor small) {
  return Example(inputs("Small", std::move(small), "Large", large_batch()), labels());
}

Said with_loss(CompileArguments compile) {
  Run run;
  run.compile = std::move(compile);
  run.compile.engine = "reference";
  return fit(std::move(run));
}

Tensor all(Tensor tensor, float value) {
  for (float& each : tensor.data<float>()) each = value;
  return tensor;
}

Tensor with_a_nan(Tensor tensor) {
  tensor.data<float>()[5] = std::numeric_limits<float>::quiet_NaN();
  return tensor;
}

Dataset dataset_with(const std::string& small) {
  return Dataset::from_tensors(
             {{small, small_batch()}, {"Large", large_batch()}, {"label", labels()}})
      .batch(4);
}

struct Case {
  const char* id;
  std::function<Said()> run;
};

std::vector<Case> all_cases();

Said fit_with_validation() {
  Run run;
  run.fit.validation_data = dataset_with("small");
  return fit(std::move(run));
}

Said predict_small() {
  return answer([](CountSteps&) { two_inputs().predict(dataset_with("small").drop({"label"})); },
                std::make_shared<CountSteps>());
}

std::vector<Case> key_cases() {
  return {
      {"b", [] { return with([](std::int64_t) { return right(); }); }},
      {"c", [] { return always(named("small", "Large")); }},
      {"d", [] { return always(Example(inputs("Small", small_batch()), labels())); }},
      {"e",
       [] {
         return always(
             Example(inputs("Small", small_batch(), "Large", large_batch(), "Extra", small_batch()),
                     labels()));
       }},
      {"f", [] { return always(named("Small ", "Large")); }},
      {"g",
       [] {
         return always(Example(inputs("Small", large_batch(), "Large", small_batch()), labels()));
       }},
      {"validation", fit_with_validation},
      {"predict", predict_small},
  };
}

std::vector<Case> shape_cases() {
  return {
      {"h",
       [] {
         return always(Example(inputs("Small", filled({32, 32, 3}), "Large", filled({64, 64, 3})),
                               filled({1})));
       }},
      {"h'",
       [] {
         return always(with_small(filled({8, 32, 32})));
       }},
      {"h''",
       [] {
         return always(with_small(filled({8, 32, 32, 3, 1})));
       }},
      {"h'''", [] { return always(with_small(small_batch(4))); }},
      {"i",
       [] {
         return always(with_small(filled({8, 32, 32, 3}, DType::kUInt8)));
       }},
      {"i text",
       [] {
         return always(with_small(filled({8, 32, 32, 3}, DType::kString)));
       }},
      {"k", [] { return always(with_label(labels(16))); }},
      {"k'",
       [] {
         Run run;
         run.make = [](std::int64_t) { return with_label(filled({8, 3})); };
         run.compile.loss = "mse";
         return fit(std::move(run));
       }},
      {"k''", [] { return always(with_label(all(labels(), 7.0F))); }},
  };
}

std::vector<Case> training_cases() {
  return {
      {"j", [] { return always(Example(inputs("Small", small_batch(), "Large", large_batch()))); }},
      {"j named",
       [] {
         return always(Example(inputs("Small", small_batch(), "Large", large_batch()),
                               targets("label", labels())));
       }},
      {"p",
       [] {
         return with_loss({.loss = {{"lable", "binary_crossentropy"}}});
       }},
      {"p weights",
       [] {
         return with_loss({.loss = "binary_crossentropy", .loss_weights = {{"lable", 1.0}}});
       }},
      {"p loss",
       [] {
         return answer([](CountSteps&) { with_loss({.loss = "binary_cross_entropi"}); },
                       std::make_shared<CountSteps>());
       }},
  };
}

std::vector<Case> run_cases() {
  return {
      {"l",
       [] {
         return with([](std::int64_t step) {
           return step == 4 ? Example(inputs("Small", small_batch()), labels()) : right();
         });
       }},
      {"m",
       [] {
         Run run;
         run.batches = 7;
         return fit(std::move(run));
       }},
      {"m'",
       [] {
         Run run;
         run.batches = 0;
         return fit(std::move(run));
       }},
      {"n",
       [] {
         return with([](std::int64_t step) {
           if (step == 3) throw std::runtime_error("the scanner is off");
           return right();
         });
       }},
      {"o", [] { return always(with_small(with_a_nan(small_batch()))); }},
  };
}

std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (const auto part : {key_cases, shape_cases, training_cases, run_cases}) {
    for (Case& each : part()) all.push_back(std::move(each));
  }
  return all;
}

/// The row `| (id) | what | Keras | when | Tenon | when |` of the page.
std::vector<std::string> row_of(const std::string& page, const std::string& id) {
  const std::size_t begin = page.find("\n| (" + id + ") |");
  if (begin == std::string::npos) return {};
  const std::string line = page.substr(begin + 1, page.find('\n', begin + 1) - begin - 1);
  std::vector<std::string> cells;
  std::size_t at = 0;
  while ((at = line.find('|', at)) != std::string::npos) {
    const std::size_t next = line.find('|', at + 1);
    if (next == std::string::npos) break;
    cells.push_back(line.substr(at + 2, next - at - 3));
    at = next;
  }
  return cells;
}

TEST(KerasCases, ThePageSaysWhatTenonSays) {
  const std::string page = read_file(TENON_SOURCE_DIR "/docs/keras.md");
  for (const Case& each : all_cases()) {
    const Said said = each.run();
    const auto cells = row_of(page, each.id);
    if (cells.size() != 6U) {
      ADD_FAILURE() << "no row for (" << each.id << ") | " << said.text << " | " << said.steps;
      continue;
    }
    EXPECT_EQ(cells[4], said.text) << each.id;
    EXPECT_EQ(cells[5], std::to_string(said.steps)) << each.id;
  }
}

}  // namespace
}  // namespace tenon::train
