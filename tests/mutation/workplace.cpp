#include "workplace.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "cli/command.hpp"
#include "generator/data_files.hpp"
#include "generator/model_text.hpp"

namespace tenon::mutation {
namespace {

/// Sends a stream elsewhere for the time it lives.
class Caught {
 public:
  explicit Caught(std::ostream& stream) : stream_(stream), before_(stream.rdbuf(text_.rdbuf())) {}
  ~Caught() { stream_.rdbuf(before_); }
  Caught(const Caught&) = delete;
  Caught& operator=(const Caught&) = delete;
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::ostream& stream_;
  std::streambuf* before_;
};

void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace

Outcome run_tenon(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"tenon"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  Outcome outcome;
  {
    const Caught out(std::cout);
    const Caught err(std::cerr);
    outcome.status = cli::run(static_cast<int>(words.size()), argv.data());
    outcome.out = out.text();
    outcome.err = err.text();
  }
  outcome.json = nlohmann::json::parse(outcome.out, nullptr, false);
  if (outcome.json.is_discarded()) outcome.json = nullptr;
  return outcome;
}

Outcome check(const std::string& file) { return run_tenon({"check", file, "--format", "json"}); }

Workplace::Workplace() {
  const auto path =
      std::filesystem::temp_directory_path() / ("tenon_mutation_" + std::to_string(::getpid()));
  std::filesystem::create_directories(path);
  folder_ = path.string();
  draw_pools(folder_ + "/pools");
}

Workplace::~Workplace() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Written Workplace::write(const Experiment& experiment, const std::string& name) const {
  Written written;
  written.file = folder_ + "/" + name + ".toml";
  written.rendered = render(experiment, name + ".json", data_stem(experiment));
  write_text(written.file, written.rendered.text);
  write_text(folder_ + "/" + name + ".json", model_json(experiment));
  write_data(experiment, folder_);
  return written;
}

}  // namespace tenon::mutation
