#include "data/bad_samples.hpp"

#include <fmt/format.h>

namespace tenon::data {
namespace {

constexpr std::size_t kMostListed = 5;

std::vector<Diagnostic> original_diagnostics(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& known) {
    return known.diagnostics();
  } catch (const std::exception& other) {
    return {make_diagnostic("G003", other.what())};
  } catch (...) {
    return {make_diagnostic("G003", "something that is no std::exception was thrown")};
  }
}

/// A row of a table file is found by its line, other samples by their number.
std::string location_of(const SampleIdentity& sample) {
  if (sample.row < 0 || sample.file.empty()) return to_string(sample);
  return fmt::format("{}, row {}", to_string(sample), sample.row);
}

}  // namespace

std::vector<Diagnostic> describe_failure(const Failure& failure) {
  std::vector<Diagnostic> diagnostics = original_diagnostics(failure.error);
  for (Diagnostic& diagnostic : diagnostics) {
    if (!diagnostic.stage) diagnostic.stage = failure.stage;
    if (!diagnostic.sample && failure.samples.size() == 1) {
      diagnostic.sample = failure.samples.front();
    }
    const std::string sample =
        diagnostic.sample ? to_string(*diagnostic.sample) : to_string(failure.samples);
    diagnostic.message = fmt::format("{} failed on {}: {}", to_string(*diagnostic.stage), sample,
                                     diagnostic.message);
  }
  return diagnostics;
}

void check_budget(const BadSampleOptions& options, const SampleCounts& counts,
                  const std::vector<BadSample>& met) {
  if (counts.bad == 0) return;
  const double share = static_cast<double>(counts.bad) / static_cast<double>(counts.read);
  if (share <= options.max_bad) return;
  Diagnostic diagnostic = make_diagnostic(
      "G003", fmt::format("{} of {} samples read are bad ({:.2f} %), more than max_bad = {:.2f} %",
                          counts.bad, counts.read, 100.0 * share, 100.0 * options.max_bad));
  for (std::size_t i = 0; i < met.size() && i < kMostListed; ++i) {
    diagnostic.notes.push_back(fmt::format("{}, {}: {}", location_of(met[i].sample),
                                           to_string(met[i].stage), met[i].reason));
  }
  if (met.size() > kMostListed) {
    diagnostic.notes.push_back(fmt::format("and {} more", met.size() - kMostListed));
  }
  if (!met.empty()) {
    diagnostic.sample = met.front().sample;
    diagnostic.stage = met.front().stage;
  }
  Fix fix;
  fix.text = "mend the samples or the stage that cannot take them, or raise max_bad";
  diagnostic.fixes.push_back(std::move(fix));
  throw TooManyBadSamples({std::move(diagnostic)}, met);
}

std::vector<BadSample> BadSampleLog::note_failure(const Failure& failure, bool again) {
  std::vector<Diagnostic> diagnostics = describe_failure(failure);
  const bool broken_contract = diagnostics.front().code == "G002";
  if (options_.policy == BadSamplePolicy::kStop || broken_contract) {
    throw DataError(std::move(diagnostics));
  }
  const Diagnostic& first = diagnostics.front();
  const std::string reason = original_diagnostics(failure.error).front().message;
  const bool one = failure.samples.size() == 1;
  std::vector<BadSample> bad;
  for (const SampleIdentity& sample : failure.samples)
    bad.push_back({one ? *first.sample : sample, *first.stage, reason, sample});
  const std::lock_guard lock(mutex_);
  if (!again) counts_.bad += static_cast<std::int64_t>(bad.size());
  for (const BadSample& each : bad) add(each);
  return bad;
}

void BadSampleLog::add(const BadSample& entry) {
  if (entry.sample.index >= 0 && !listed_.emplace(entry.sample.index, entry.stage.index).second) {
    return;
  }
  entries_.push_back(entry);
  size_.store(entries_.size(), std::memory_order_release);
}

void BadSampleLog::count_read(std::int64_t samples) {
  const std::lock_guard lock(mutex_);
  counts_.read += samples;
  if (judges_ && counts_.read >= kFewestJudged) check_budget(options_, counts_, entries_);
}

void BadSampleLog::check_at_end() const {
  const std::lock_guard lock(mutex_);
  if (judges_) check_budget(options_, counts_, entries_);
}

std::vector<BadSample> BadSampleLog::entries() const {
  const std::lock_guard lock(mutex_);
  return entries_;
}

BadSampleLog::Counts BadSampleLog::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void BadSampleLog::restore(Counts counts, std::vector<BadSample> entries) {
  const std::lock_guard lock(mutex_);
  counts_ = counts;
  entries_ = std::move(entries);
  listed_.clear();
  for (const BadSample& entry : entries_) {
    listed_.emplace(entry.sample.index, entry.stage.index);
  }
  size_.store(entries_.size(), std::memory_order_release);
}

}  // namespace tenon::data
