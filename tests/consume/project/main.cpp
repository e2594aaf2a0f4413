// Uses something of every room, so that a package without one of them does not link.
#include <cstdio>
#include <fstream>
#include <string>

#include "tenon/tenon.hpp"

using namespace tenon;

int main(int, char** arguments) {
  const std::string folder = arguments[1];
  std::ofstream(folder + "/table.csv") << "x,y\n1,2\n2,4\n3,6\n4,8\n";
  const Dataset data =
      Dataset::from_csv(folder + "/table.csv",
                        {.types = {{"x", DType::kFloat32}, {"y", DType::kFloat32}}})
          .batch(2);

  auto x = Input({1}, {.name = "x"});
  Model model(x, Dense(1, {.name = "y"})(x), {.name = "line"});
  model.compile({.optimizer = SGD({.learning_rate = 0.01}), .loss = "mse"});
  const std::vector<Diagnostic> problems = model.check(data);
  if (problems.empty()) {
    std::printf("no problem was found, but x is (B,) and (B, 1) is wanted\n");
    return 1;
  }
  const Tensor ones = Tensor::from<float>({4, 1}, {1, 2, 3, 4});
  const Dataset columns = Dataset::from_tensors({{"x", ones}, {"y", ones}}).batch(2);
  const History history = model.fit(columns, {.epochs = 50, .verbose = 0});
  model.save(folder + "/line.keras");
  const Model again = load_model(folder + "/line.keras");
  std::printf("%s: loss %.6f\n", again.name().c_str(), history.logs.back().at("loss"));
  return history.logs.back().at("loss") < history.logs.front().at("loss") ? 0 : 1;
}
