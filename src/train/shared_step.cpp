#include "train/shared_step.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/cache_line.hpp"

namespace tenon::train {
namespace {

using backend::GradientRange;
using dist::Sum;

/// Neighbours as one, up to about so many bytes. What lies apart is a piece of the second area,
/// whose `values` have their sizes only.
std::vector<SharedPlaces::Piece> pieces_of(const std::vector<GradientRange>& ranges,
                                           std::size_t bucket_bytes) {
  std::vector<SharedPlaces::Piece> pieces;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const GradientRange& range = ranges[i];
    const auto count = static_cast<std::size_t>(range.count);
    SharedPlaces::Piece* last = pieces.empty() ? nullptr : &pieces.back();
    const bool follows =
        last != nullptr && range.offset >= 0 && last->area == Sum::kGradients &&
        last->values.data() + whole_lines_of_floats(last->values.size()) == range.data &&
        last->values.size_bytes() < bucket_bytes;
    if (follows) {
      last->values = {last->values.data(), range.data + count};
      last->last_range = i;
    } else if (range.offset >= 0) {
      pieces.push_back({i, Sum::kGradients, {range.data, count}, nullptr});
    } else {
      pieces.push_back({i, Sum::kRest, {range.data, count}, range.data});
    }
  }
  return pieces;
}

std::size_t offset_in(const Tensor& area, const float* data) {
  return static_cast<std::size_t>(reinterpret_cast<const std::byte*>(data) - area.bytes());
}

/// Of weights or slots whose updates are divided.
std::size_t area_of(const Sum::Areas& areas, const float* data) {
  for (std::size_t i = Sum::kFirstSpread; i < areas.size(); ++i) {
    if (!areas[i].defined()) continue;
    const auto* at = reinterpret_cast<const std::byte*>(data);
    if (at >= areas[i].bytes() && at < areas[i].bytes() + areas[i].byte_size()) return i;
  }
  return areas.size();
}

std::size_t floats_of(const backend::VariableSpec& spec) {
  return static_cast<std::size_t>(spec.shape.element_count());
}

}  // namespace

class SharedStep::RowMemory final : public backend::VariableMemory {
 public:
  explicit RowMemory(dist::Sum& sum) : sum_(sum) {}
  Tensor make(std::size_t bytes) const override { return sum_.memory(bytes, bytes); }
  bool made(const void* data) const override { return sum_.memory_of(data).defined(); }

 private:
  dist::Sum& sum_;
};

SharedStep::SharedStep(dist::Communicator& communicator, std::size_t bucket_bytes, bool divides)
    : communicator_(communicator), bucket_bytes_(bucket_bytes), sum_(dist::make_sum(communicator)) {
  if (divides && sum_->divides() && communicator.options().divided_updates)
    row_memory_ = std::make_unique<RowMemory>(*sum_);
}

SharedStep::~SharedStep() = default;

const backend::VariableMemory* SharedStep::variable_memory() const noexcept {
  return row_memory_.get();
}

std::unique_ptr<backend::Plan> SharedStep::compile(
    const backend::Engine& engine, const StepProgram& step,
    const std::shared_ptr<backend::Variables>& variables, backend::CompileOptions options,
    SharedPlaces& places) const {
  options.arena = [&](std::size_t total, std::size_t gradients) {
    return places.areas[Sum::kGradients] = sum_->memory(total, gradients);
  };
  auto plan = engine.compile(step.program, variables, options);
  const std::vector<GradientRange> ranges = plan->gradient_ranges();
  if (ranges.empty() || plan->steps_until(*step.loss) > ranges.front().step + 1) return plan;
  places.pieces = pieces_of(ranges, std::min(bucket_bytes_, sum_->useful_bytes()));
  std::size_t floats = whole_lines_of_floats(1);  // The loss.
  for (const std::int32_t slot : step.written)
    floats += whole_lines_of_floats(floats_of(variables->specs()[static_cast<std::size_t>(slot)]));
  for (const SharedPlaces::Piece& piece : places.pieces)
    floats += piece.area == Sum::kRest ? whole_lines_of_floats(piece.values.size()) : 0;
  const std::size_t bytes = floats * sizeof(float);
  Tensor& rest = places.areas[Sum::kRest];
  rest = sum_->memory(bytes, bytes);
  if (!rest.defined()) rest = Tensor(DType::kUInt8, Shape{static_cast<std::int64_t>(bytes)});
  auto* next = reinterpret_cast<float*>(rest.bytes());
  const auto take = [&next](std::size_t count) {
    const std::span<float> taken(next, count);
    next += whole_lines_of_floats(count);
    return taken;
  };
  places.loss = take(1);
  for (const std::int32_t slot : step.written)
    places.written.push_back(take(floats_of(variables->specs()[static_cast<std::size_t>(slot)])));
  for (SharedPlaces::Piece& piece : places.pieces) {
    if (piece.area == Sum::kRest) piece.values = take(piece.values.size());
  }
  return plan;
}

void SharedStep::divide(backend::Plan& plan, SharedPlaces& places) {
  DividedUpdates& divided = places.divided;
  if (divided.version == version_) return;
  divided = {.version = version_, .runs = {}, .parts = {}, .layout = plan.gradient_layout()};
  for (std::size_t i = Sum::kFirstSpread; i < Sum::kAreas; ++i) places.areas[i] = {};
  if (row_memory_ == nullptr) return;
  std::vector<backend::UpdateRun> runs = plan.update_runs();
  std::size_t used = Sum::kFirstSpread;
  const auto add = [&](std::uint64_t value) {
    divided.layout = (divided.layout ^ value) * 1099511628211U;
  };
  // False where others cannot see it.
  const auto find_area = [&](const float* data) {
    const Tensor memory = sum_->memory_of(data);
    if (!memory.defined()) return false;
    std::size_t area = Sum::kFirstSpread;
    while (area < used && places.areas[area].bytes() != memory.bytes()) ++area;
    if (area == Sum::kAreas) return false;
    if (area == used) places.areas[used++] = memory;
    add(area);
    add(offset_in(memory, data));
    return true;
  };
  for (const backend::UpdateRun& run : runs) {
    add(offset_in(places.areas[Sum::kGradients], run.gradients));
    add(static_cast<std::uint64_t>(run.count));
    if (!find_area(run.weights)) return;
    for (const float* slot : run.slots) {
      if (slot != nullptr && !find_area(slot)) return;
    }
  }
  divided.parts.resize(static_cast<std::size_t>(communicator_.size()));
  for (const SharedPlaces::Piece& piece : places.pieces) {
    if (piece.area != Sum::kGradients) continue;
    for (int rank = 0; rank < communicator_.size(); ++rank)
      divided.parts[static_cast<std::size_t>(rank)].push_back(sum_->part_of(piece.values, rank));
  }
  divided.runs = std::move(runs);
}

std::uint64_t SharedStep::layout(backend::Plan& plan, SharedPlaces& places) {
  divide(plan, places);
  return places.divided.layout;
}

void SharedStep::complete_slots() {
  if (incomplete_ == nullptr) return;
  const SharedPlaces& places = *std::exchange(incomplete_, nullptr);
  for (int rank = 0; rank < communicator_.size(); ++rank) {
    if (rank == communicator_.rank()) continue;
    for (const std::span<float> part : places.divided.parts[static_cast<std::size_t>(rank)]) {
      for (const backend::UpdateRun& run : places.divided.runs)
        fetch_slots(places.areas, rank, part, run);
    }
  }
}

/// Those that `rank` has of a part of its gradients, as far as it is in `run`.
void SharedStep::fetch_slots(const Sum::Areas& areas, int rank, std::span<float> part,
                             const backend::UpdateRun& run) {
  const float* first = std::max<const float*>(part.data(), run.gradients);
  const float* last = std::min<const float*>(part.data() + part.size(), run.gradients + run.count);
  if (first >= last) return;
  for (float* slot : run.slots) {
    if (slot == nullptr) continue;
    const std::span values(slot + (first - run.gradients), static_cast<std::size_t>(last - first));
    sum_->fetch(area_of(areas, values.data()), rank, values);
  }
}

void SharedStep::before_compile() {
  complete_slots();
  ++version_;
}

std::optional<std::size_t> SharedStep::run(const Run& run, const backend::StepNumbers& numbers) {
  backend::Plan& plan = run.plan;
  has_rows_ = run.rows[static_cast<std::size_t>(communicator_.rank())] > 0;
  const auto all = std::reduce(run.rows.begin(), run.rows.end());
  weights_.clear();
  for (const std::int64_t rows : run.rows)
    weights_.push_back(static_cast<float>(static_cast<double>(rows) / static_cast<double>(all)));
  places_ = &run.places;
  divide(plan, run.places);
  divided_ = !run.places.divided.runs.empty();
  if (!divided_ || incomplete_ != &run.places) complete_slots();
  next_ = 0;
  loss_ = plan.output(*run.step.loss);
  if (divided_) {
    sum_->begin_divided(weights_, run.places.areas);
  } else {
    sum_->begin(weights_, run.places.areas);
  }
  plan.listen(this);
  plan.set_between_steps([this](std::size_t) { sum_->progress(); });
  const auto leave = [&] {
    plan.listen(nullptr);
    plan.set_between_steps({});
    loss_.data<float>()[0] = own_loss_;
  };
  std::optional<std::size_t> bad;
  try {
    if (!has_rows_ && run.attend) run.attend();
    bad = has_rows_ ? plan.run(numbers) : plan.run_updates(numbers);
  } catch (...) {
    leave();
    throw;
  }
  leave();
  if (!bad) share_written(run);
  return bad;
}

void SharedStep::ready(std::size_t index) {
  if (index == 0) {  // The loss is there long before.
    own_loss_ = has_rows_ ? loss_.item<float>() : 0.0F;
    places_->loss[0] = own_loss_;
    sum_->give(Sum::kRest, places_->loss);
  }
  for (; next_ < places_->pieces.size() && places_->pieces[next_].last_range == index; ++next_) {
    const SharedPlaces::Piece& piece = places_->pieces[next_];
    if (piece.source != nullptr)
      std::copy_n(piece.source, piece.values.size(), piece.values.begin());
    sum_->give(piece.area, piece.values);
  }
}

bool SharedStep::finish() {
  const bool finite = sum_->finish();
  for (const SharedPlaces::Piece& piece : places_->pieces) {
    if (piece.source != nullptr) std::ranges::copy(piece.values, const_cast<float*>(piece.source));
  }
  loss_.data<float>()[0] = places_->loss[0];  // For the guard.
  return finite;
}

std::optional<std::span<const std::span<float>>> SharedStep::applied_here() {
  if (!divided_) return std::nullopt;
  return places_->divided.parts[static_cast<std::size_t>(communicator_.rank())];
}

void SharedStep::updated(std::span<const float> weights) {
  sum_->spread(area_of(places_->areas, weights.data()), weights);
}

void SharedStep::finish_updates() {
  incomplete_ = places_;
  sum_->meet();
}

void SharedStep::share_written(const Run& run) {
  const std::vector<std::int32_t>& slots = run.step.written;
  if (slots.empty()) return;
  sum_->begin(weights_, run.places.areas);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const Tensor value = run.variables.read(slots[i]);
    const auto own = value.data<float>();
    const std::span<float> given = run.places.written[i];
    std::ranges::transform(own, given.begin(), [&](float v) { return has_rows_ ? v : 0.0F; });
  }
  const std::span<float> first = run.places.written.front();
  const std::span<float> last = run.places.written.back();
  const std::span<float> whole(first.data(), last.data() + last.size());
  sum_->give(Sum::kRest, whole);
  sum_->finish();
  for (std::size_t i = 0; i < slots.size(); ++i) {
    Tensor value(DType::kFloat32, run.variables.specs()[static_cast<std::size_t>(slots[i])].shape);
    std::ranges::copy(run.places.written[i], value.data<float>().begin());
    run.variables.write(slots[i], value);
  }
}

}  // namespace tenon::train
