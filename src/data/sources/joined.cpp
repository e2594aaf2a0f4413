#include "data/sources/joined.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "data/source_node.hpp"
#include "tenon/error.hpp"

namespace tenon::data {
namespace {

class JoinedSource final : public Source {
 public:
  explicit JoinedSource(std::vector<std::shared_ptr<const Source>> parts)
      : parts_(std::move(parts)) {
    for (const auto& part : parts_)
      ends_.push_back((ends_.empty() ? 0 : ends_.back()) + part->cardinality().count);
  }

  StageReference reference() const override { return parts_.front()->reference(); }
  std::shared_ptr<const Schema> schema() const override { return parts_.front()->schema(); }
  Cardinality cardinality() const override {
    return {Cardinality::Kind::kKnown, ends_.back(), true};
  }
  std::vector<Diagnostic> problems() const override { return parts_.front()->problems(); }
  std::string arguments() const override {
    std::string text;
    for (const auto& part : parts_) text += part->arguments() + "\n";
    return text;
  }
  std::vector<FileContents> contents() const override {
    std::vector<FileContents> all;
    for (const auto& part : parts_) {
      auto own = part->contents();
      if (own.empty()) return {};
      std::move(own.begin(), own.end(), std::back_inserter(all));
    }
    return all;
  }
  std::string settings() const override { return parts_.front()->settings(); }
  bool known_by_record() const override { return parts_.front()->known_by_record(); }
  std::optional<Record> known_by(std::int64_t index) const override {
    const std::size_t part = part_of(index);
    std::optional<Record> record = parts_[part]->known_by(index - begin_of(part));
    if (record) record->samples() = {identity(index)};
    return record;
  }
  std::vector<std::int64_t> part_ends() const override { return ends_; }
  void keep_parts(std::size_t count) const override {
    for (const auto& part : parts_) part->keep_parts(count);
  }

  Record read(std::int64_t index) const override {
    const std::size_t part = part_of(index);
    Record record = fit_to_schema(parts_[part]->read(index - begin_of(part)), schema());
    for (SampleIdentity& sample : record.samples()) sample.index += begin_of(part);
    return record;
  }
  SampleIdentity identity(std::int64_t index) const override {
    const std::size_t part = part_of(index);
    SampleIdentity identity = parts_[part]->identity(index - begin_of(part));
    identity.index = index;
    return identity;
  }

  std::optional<std::vector<std::string>> texts(const std::string& key) const override {
    std::vector<std::string> all;
    for (const auto& part : parts_) {
      auto texts = part->texts(key);
      if (!texts) return std::nullopt;
      std::move(texts->begin(), texts->end(), std::back_inserter(all));
    }
    return all;
  }

  std::optional<ColumnSummary> summary(const std::string& key) const override {
    std::optional<ColumnSummary> sum;
    std::set<std::string> known;
    for (const auto& part : parts_) {
      if (part->cardinality().count == 0) continue;
      const auto own = part->summary(key);
      if (!own) return std::nullopt;
      if (!sum) {
        sum = own;
        if (own->texts) known.insert(own->texts->begin(), own->texts->end());
        continue;
      }
      if (own->texts.has_value() != sum->texts.has_value()) return std::nullopt;
      if (own->texts) add_new(*own->texts, known, *sum->texts);
      if (!own->range || !sum->range) continue;
      sum->range->low = std::min(sum->range->low, own->range->low);
      sum->range->high = std::max(sum->range->high, own->range->high);
    }
    return sum;
  }

  std::optional<OddCells> odd_cells(const std::string& key) const override {
    std::optional<OddCells> all;
    for (std::size_t part = 0; part < parts_.size(); ++part) {
      auto own = parts_[part]->odd_cells(key);
      if (!own) continue;
      if (all) {
        all->count += own->count;
      } else {
        all = std::move(own);
        all->index += begin_of(part);
      }
    }
    return all;
  }

 private:
  static void add_new(const std::vector<std::string>& texts, std::set<std::string>& known,
                      std::vector<std::string>& all) {
    std::copy_if(texts.begin(), texts.end(), std::back_inserter(all),
                 [&](const std::string& text) { return known.insert(text).second; });
  }
  std::size_t part_of(std::int64_t index) const {
    return static_cast<std::size_t>(std::upper_bound(ends_.begin(), ends_.end(), index) -
                                    ends_.begin());
  }
  std::int64_t begin_of(std::size_t part) const { return part == 0 ? 0 : ends_[part - 1]; }

  std::vector<std::shared_ptr<const Source>> parts_;
  std::vector<std::int64_t> ends_;
};

std::string keys_text(const Schema& schema) {
  std::vector<std::string> parts;
  for (const Field& field : schema)
    parts.push_back(fmt::format("{} {}", quote_key(field.key), field.spec.to_string()));
  std::sort(parts.begin(), parts.end());
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

std::shared_ptr<const Source> join_sources(std::vector<std::shared_ptr<const Source>> parts,
                                           const std::vector<std::string>& names) {
  const std::string expected = keys_text(*parts.front()->schema());
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::string own = keys_text(*parts[i]->schema());
    if (own == expected) continue;
    throw_file_error(names[i], fmt::format("it holds {}", own),
                     fmt::format("{}, as {} before it", expected, names[0]),
                     "read files of different keys as sources of their own");
  }
  return std::make_shared<JoinedSource>(std::move(parts));
}

}  // namespace tenon::data
