#include "io/readers/load_stage.hpp"

#include <fmt/format.h>

#include "core/address.hpp"
#include "io/readers/download.hpp"

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

/// Calls `use`; what is wrong is told of the file at `path`.
template <class Use>
auto told_of_file(const SampleIdentity& sample, const std::string& path, Use use) {
  try {
    return use();
  } catch (const FormatError& error) {
    throw FormatError(for_file(error, sample, path));
  } catch (const DataError& error) {
    throw DataError(for_file(error, sample, path));
  }
}

class WholeValue final : public FileValue {
 public:
  explicit WholeValue(Tensor value) : value_(std::move(value)) {}
  const Shape& shape() const override { return value_.shape(); }
  DType dtype() const override { return value_.dtype(); }
  const Geometry* geometry() const override { return value_.geometry(); }
  Tensor whole() override { return value_; }
  Tensor box(const data::Index3D& first, const data::Size3D& size) override {
    return data::crop_volume(value_, first, size);
  }

 private:
  Tensor value_;
};

/// A record's reader with what a file holds in one slot more.
class FileReader final : public data::ReaderOver {
 public:
  FileReader(data::RegionReader& before, std::size_t slot, std::unique_ptr<FileValue> value)
      : ReaderOver(before), slot_(slot), value_(std::move(value)) {}

  const Shape& shape(std::size_t slot) const override {
    return slot == slot_ ? value_->shape() : ReaderOver::shape(slot);
  }
  const Geometry* geometry(std::size_t slot) const override {
    return slot == slot_ ? value_->geometry() : ReaderOver::geometry(slot);
  }
  Tensor whole(std::size_t slot) override {
    return slot == slot_ ? value_->whole() : ReaderOver::whole(slot);
  }
  Tensor part(std::size_t slot, const data::Index3D& first, const data::Size3D& size,
              double padding) override {
    if (slot != slot_) return ReaderOver::part(slot, first, size, padding);
    return data::part_from_box(value_->shape(), value_->geometry(), first, size, padding,
                               [&](const data::Index3D& low, const data::Size3D& inside) {
                                 return value_->box(low, inside);
                               });
  }
  void expect(std::size_t slot, const data::Index3D& first, const data::Size3D& size) override {
    if (slot != slot_) ReaderOver::expect(slot, first, size);
  }

 private:
  std::size_t slot_;
  std::unique_ptr<FileValue> value_;
};

/// Tells of its file what goes wrong while it is read.
class ToldValue final : public FileValue {
 public:
  ToldValue(std::unique_ptr<FileValue> value, SampleIdentity sample, std::string path)
      : value_(std::move(value)), sample_(std::move(sample)), path_(std::move(path)) {}
  const Shape& shape() const override { return value_->shape(); }
  DType dtype() const override { return value_->dtype(); }
  const Geometry* geometry() const override { return value_->geometry(); }
  Tensor whole() override {
    return told_of_file(sample_, path_, [&] { return value_->whole(); });
  }
  Tensor box(const data::Index3D& first, const data::Size3D& size) override {
    return told_of_file(sample_, path_, [&] { return value_->box(first, size); });
  }

 private:
  std::unique_ptr<FileValue> value_;
  SampleIdentity sample_;
  std::string path_;
};

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
      root_(std::move(root)) {
  take_addresses();
}

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

data::Partwise LoadStage::bind_parts(std::shared_ptr<const Schema> in,
                                     std::shared_ptr<const Schema> out) const {
  const std::size_t from = in->slot(from_);
  const std::size_t to = out->slot(to_);
  data::SlotFlow flow = data::SlotFlow::of_all(in->size(), out->size());
  flow.origins[to] = data::SlotFlow::kMade;
  flow.wholes = {from};
  flow.reads_files = true;
  return {std::move(flow),
          [this, from, to](data::RegionReader& before,
                           const data::SampleContext&) -> std::unique_ptr<data::RegionReader> {
            const std::vector<SampleIdentity> samples = before.samples();
            const SampleIdentity sample = samples.empty() ? SampleIdentity{} : samples.front();
            const std::string text = before.whole(from).item<std::string>();
            return std::make_unique<FileReader>(before, to, open_text(text, sample));
          }};
}

Tensor LoadStage::load(const std::string& name, const SampleIdentity& sample) const {
  const std::string path = path_below(root_, name);
  return told_of_file(sample, path, [&] { return read(path); });
}

std::unique_ptr<FileValue> LoadStage::open_text(const std::string& name,
                                                const SampleIdentity& sample) const {
  const std::string path = path_below(root_, name);
  return std::make_unique<ToldValue>(told_of_file(sample, path, [&] { return open(path); }), sample,
                                     path);
}

std::unique_ptr<FileValue> whole_value(Tensor value) {
  return std::make_unique<WholeValue>(std::move(value));
}

}  // namespace tenon::readers
