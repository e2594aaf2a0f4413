#include "io/readers/load_stage.hpp"

#include <fmt/format.h>

#include "core/address.hpp"

namespace tenon::readers {
namespace {

/// The sample's own file is the table that named the one that is read.
std::vector<Diagnostic> for_file(const Error& error, SampleIdentity sample,
                                 const std::string& path) {
  sample.file = path;
  sample.row = -1;
  std::vector<Diagnostic> diagnostics = error.diagnostics();
  for (Diagnostic& diagnostic : diagnostics) diagnostic.sample = sample;
  return diagnostics;
}

void check_paths(data::SchemaEditor& editor, const std::string& stage, const std::string& key,
                 const TensorSpec& spec) {
  const std::string_view wanted = stage == "decode_image" ? "file" : "path";
  const std::string is = fmt::format("{}: {} is {}", stage, quote_key(key), spec.to_string());
  if (spec.dtype != DType::kString) {
    editor.problem(make_diagnostic("D001", is + ", not text",
                                   {fmt::format("a {} for each sample is needed", wanted)}));
  } else if (!spec.rank_known || spec.rank() != 0) {
    editor.problem(make_diagnostic("S002", fmt::format("{}, not one {}", is, wanted), {},
                                   fmt::format("put {} before batch", stage)));
  }
}

}  // namespace

LoadStage::LoadStage(std::string name, std::string from, std::string to, std::string root,
                     SourceLocation location)
    : NamedStage(std::move(name), location),
      from_(std::move(from)),
      to_(std::move(to)),
      root_(std::move(root)) {}

void LoadStage::edit(data::SchemaEditor& editor) const {
  const TensorSpec* spec_of_path = editor.require(from_);
  if (spec_of_path != nullptr) check_paths(editor, name(), from_, *spec_of_path);
  to_ == from_ ? editor.change(to_, spec()) : editor.add(to_, spec(), from_);
}

std::string LoadStage::arguments() const {
  return fmt::format("{:?} {:?} {:?} {}", from_, to_, root_, more_arguments());
}

std::optional<data::FileKey> LoadStage::file_key() const { return data::FileKey{from_, root_}; }

data::SampleFunction LoadStage::bind(std::shared_ptr<const Schema> in,
                                     std::shared_ptr<const Schema> out) const {
  const std::size_t from = in->slot(from_);
  const std::size_t to = out->slot(to_);
  return [this, from, to, out](Record record, const data::SampleContext&) {
    std::vector<Tensor> values = record.values();
    Tensor loaded = load(values[from].item<std::string>(), record.sample());
    values.resize(out->size());  // A key that is new is the last one.
    values[to] = std::move(loaded);
    return Record(out, std::move(values), std::move(record.samples()));
  };
}

Tensor LoadStage::load(const std::string& name, const SampleIdentity& sample) const {
  const std::string path = path_below(root_, name);
  try {
    return read(path);
  } catch (const FormatError& error) {
    throw FormatError(for_file(error, sample, path));
  } catch (const DataError& error) {
    throw DataError(for_file(error, sample, path));
  }
}

}  // namespace tenon::readers
