#include "data/collate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "data/numeric.hpp"
#include "tenon/error.hpp"

namespace tenon::data {
namespace {

std::string describe(const Tensor& tensor) {
  return fmt::format("{} {}", short_name_of(tensor.dtype()), tensor.shape().to_string());
}

/// The first axis along which the shapes differ; -1 if ranks do.
int differing_axis(const Shape& a, const Shape& b) {
  if (a.rank() != b.rank()) return -1;
  for (int axis = 0; axis < a.rank(); ++axis) {
    if (a.dim(axis) != b.dim(axis)) return axis;
  }
  return -1;
}

std::string axis_name(const TensorSpec& batched, int axis) {
  const auto letter = static_cast<std::size_t>(axis) + 1;
  if (letter >= batched.axes.size()) return fmt::format("axis {}", axis);
  switch (batched.axes[letter]) {
    case 'D':
      return fmt::format("axis {} (depth)", axis);
    case 'H':
      return fmt::format("axis {} (height)", axis);
    case 'W':
      return fmt::format("axis {} (width)", axis);
    case 'C':
      return fmt::format("axis {} (channels)", axis);
    default:
      return fmt::format("axis {}", axis);
  }
}

[[noreturn]] void throw_mismatch(const Field& field, const Record& first, const Record& other,
                                 std::size_t slot) {
  const Tensor& a = first[slot];
  const Tensor& b = other[slot];
  const int axis = differing_axis(a.shape(), b.shape());
  std::string what = "dtype";
  if (a.dtype() == b.dtype()) what = axis < 0 ? "rank" : axis_name(field.spec, axis);
  Diagnostic diagnostic = make_diagnostic(
      "S006",
      fmt::format("samples of {} differ in {} and cannot be batched", quote_key(field.key), what),
      {fmt::format("{} is {}", to_string(first.sample()), describe(a)),
       fmt::format("{} is {}", to_string(other.sample()), describe(b))});
  KeyReport report;
  report.key = field.key;
  report.role = field.role;
  report.expected = TensorSpec::of(a.dtype(), a.shape());
  report.actual = TensorSpec::of(b.dtype(), b.shape());
  diagnostic.keys.push_back(std::move(report));
  diagnostic.sample = other.sample();
  const std::string key = quote_key(field.key);
  Fix resize;
  resize.text = "bring all samples to one size before batch: resize, pad or crop";
  resize.cpp = fmt::format(".resize({{{}}}, {{height, width}})", key);
  resize.toml = fmt::format("{{ op = \"resize\", keys = [{}], size = [height, width] }},", key);
  Fix padded;
  padded.text = "or let batch pad at the end to the largest";
  padded.cpp = ".batch(n, {.padded = true})";
  padded.toml = "{ op = \"batch\", size = n, padded = true },";
  diagnostic.fixes = {std::move(resize), std::move(padded)};
  throw ShapeError(std::move(diagnostic));
}

/// The smallest shape that holds the tensors of all samples in `slot`.
Shape common_shape(const std::vector<Record>& samples, std::size_t slot, const Field& field,
                   bool padded) {
  const Tensor& first = samples.front()[slot];
  Shape common = first.shape();
  for (const Record& sample : samples) {
    const Tensor& value = sample[slot];
    const bool alike = value.dtype() == first.dtype() && value.rank() == first.rank();
    if (!alike || (!padded && value.shape() != first.shape())) {
      throw_mismatch(field, samples.front(), sample, slot);
    }
    for (std::size_t axis = 0; axis < value.shape().dims().size(); ++axis) {
      common[axis] = std::max(common[axis], value.shape()[axis]);
    }
  }
  return common;
}

void copy_row(Tensor row, const Tensor& value) {
  if (value.size() == 0) return;
  if (value.dtype() == DType::kString) {
    const auto from = value.data<std::string>();
    std::copy(from.begin(), from.end(), row.data<std::string>().begin());
    return;
  }
  std::memcpy(row.bytes(), value.bytes(), value.byte_size());
}

/// Copies `value` into the corner of `row`, which is at least as large, axis by axis.
void copy_corner(Tensor row, const Tensor& value) {
  if (row.rank() <= 1 || row.shape().without_batch() == value.shape().without_batch()) {
    if (row.rank() > 0) row = row.slice(0, value.shape()[0]);
    copy_row(row, value);
    return;
  }
  for (std::int64_t i = 0; i < value.shape()[0]; ++i) copy_corner(row.row(i), value.row(i));
}

/// Where every row's place is known, the batch knows them.
template <class GeometryOf>
void keep_geometries(Tensor& batch, const GeometryOf& geometry_of) {
  std::vector<Geometry> geometries;
  for (std::int64_t i = 0; i < batch.dim(0); ++i) {
    const Geometry* geometry = geometry_of(i);
    if (geometry == nullptr) return;
    geometries.push_back(*geometry);
  }
  batch.set_row_geometries(std::move(geometries));
}

Tensor stack_slot(const std::vector<Record>& samples, std::size_t slot, const Field& field,
                  const BatchOptions& options) {
  const Shape shape = common_shape(samples, slot, field, options.padded);
  const auto count = static_cast<std::int64_t>(samples.size());
  const DType dtype = samples.front()[slot].dtype();
  Tensor batch = Tensor::uninitialized(dtype, shape.with_batch(count));
  if (options.padded) fill_tensor(batch, options.padding_value);
  for (std::int64_t i = 0; i < count; ++i) {
    const Tensor& value = samples[static_cast<std::size_t>(i)][slot];
    if (value.shape() == shape) {
      copy_row(batch.row(i), value);
    } else {
      copy_corner(batch.row(i), value);
    }
  }
  keep_geometries(
      batch, [&](std::int64_t i) { return samples[static_cast<std::size_t>(i)][slot].geometry(); });
  return batch;
}

void copy_strings(const Tensor& from, std::int64_t row, std::int64_t each, Tensor& to,
                  std::int64_t at) {
  const auto values = from.data<std::string>();
  std::copy_n(values.begin() + row * each, each, to.data<std::string>().begin() + at * each);
}

}  // namespace

Tensor gather_rows(const Tensor& rows, std::span<const std::int64_t> indices) {
  const auto count = static_cast<std::int64_t>(indices.size());
  Shape shape = rows.shape();
  shape[0] = count;
  Tensor batch = Tensor::uninitialized(rows.dtype(), std::move(shape));
  const std::int64_t each = count == 0 ? 0 : batch.size() / count;
  const std::size_t bytes = static_cast<std::size_t>(each) * size_of(rows.dtype());
  for (std::int64_t i = 0; i < count;) {
    const std::int64_t first = indices[static_cast<std::size_t>(i)];
    if (rows.dtype() == DType::kString) {
      copy_strings(rows, first, each, batch, i++);
      continue;
    }
    // Neighbours are copied together.
    std::int64_t run = 1;
    while (i + run < count && indices[static_cast<std::size_t>(i + run)] == first + run) ++run;
    std::memcpy(batch.bytes() + static_cast<std::size_t>(i) * bytes,
                rows.bytes() + static_cast<std::size_t>(first) * bytes,
                static_cast<std::size_t>(run) * bytes);
    i += run;
  }
  keep_geometries(batch, [&](std::int64_t i) {
    return rows.row_geometry(indices[static_cast<std::size_t>(i)]);
  });
  return batch;
}

Record collate(std::vector<Record> samples, const std::shared_ptr<const Schema>& schema,
               const BatchOptions& options) {
  std::vector<Tensor> values;
  values.reserve(schema->size());
  for (std::size_t slot = 0; slot < schema->size(); ++slot) {
    values.push_back(stack_slot(samples, slot, (*schema)[slot], options));
  }
  std::vector<SampleIdentity> identities;
  identities.reserve(samples.size());
  for (Record& sample : samples) {
    identities.push_back(sample.samples().empty() ? SampleIdentity()
                                                  : std::move(sample.samples().front()));
  }
  return Record(schema, std::move(values), std::move(identities));
}

}  // namespace tenon::data
