#pragma once

#include <memory>
#include <string>

#include "data/region.hpp"
#include "data/stages/named_stage.hpp"

namespace tenon::readers {

/// What a file holds, of which a part can be had. Of one thread at a time.
class FileValue {
 public:
  virtual ~FileValue() = default;
  virtual const Shape& shape() const = 0;
  virtual DType dtype() const = 0;
  /// nullptr: the file states none.
  virtual const Geometry* geometry() const = 0;
  virtual Tensor whole() = 0;
  /// The part of `size` voxels from `first` on, which lies inside.
  virtual Tensor box(const data::Index3D& first, const data::Size3D& size) = 0;
};
/// … which was read as a whole.
std::unique_ptr<FileValue> whole_value(Tensor value);

/// A stage that reads the file that each sample's key `from` names, and puts what is in it under
/// the key `to`. Works on samples, before batch.
class LoadStage : public data::NamedStage<data::SampleStage>, public data::PartwiseStage {
 public:
  /// `root` is put before relative names.
  LoadStage(std::string name, std::string from, std::string to, std::string root,
            SourceLocation location);

  void edit(data::SchemaEditor& editor) const override;
  data::SampleFunction bind(std::shared_ptr<const Schema> in,
                            std::shared_ptr<const Schema> out) const override;
  data::Partwise bind_parts(std::shared_ptr<const Schema> in,
                            std::shared_ptr<const Schema> out) const override;
  std::string arguments() const override;
  std::optional<data::FileKey> file_key() const override;

 protected:
  /// What each sample gets.
  virtual TensorSpec spec() const = 0;
  /// Throws FormatError or DataError; the file's name is put into it.
  virtual Tensor read(const std::string& path) const = 0;
  /// The same, to be read in parts. What is wrong with the file is found here, not later.
  virtual std::unique_ptr<FileValue> open(const std::string& path) const {
    return whole_value(read(path));
  }
  /// What becomes of a sample's text: read() of the file that it names.
  virtual Tensor load(const std::string& text, const SampleIdentity& sample) const;
  virtual std::unique_ptr<FileValue> open_text(const std::string& text,
                                               const SampleIdentity& sample) const;
  const std::string& from() const noexcept { return from_; }
  /// The other arguments as text.
  virtual std::string more_arguments() const = 0;

 private:
  std::string from_;
  std::string to_;
  std::string root_;
};

}  // namespace tenon::readers
