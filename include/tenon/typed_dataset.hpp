#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tenon/dataset.hpp"
#include "tenon/detail/declaration.hpp"
#include "tenon/detail/key_edits.hpp"
#include "tenon/detail/key_join.hpp"

namespace tenon::typed {

template <class... Entries>
class Dataset;

namespace detail {

template <class L>
struct DatasetOf;
template <class... Entries>
struct DatasetOf<List<Entries...>> {
  using Type = Dataset<Entries...>;
};

/// The dataset, observed, if it has these keys; see Dataset's constructor.
tenon::Dataset verified(const tenon::Dataset& data, std::span<const DeclaredKey> keys,
                        SourceLocation location);
/// The texts of names, for a stage.
tenon::Keys texts_of(std::span<const KeyName> names);
/// … of names (from, to, from, to, …).
KeyMap pairs_of(std::span<const KeyName> names);

}  // namespace detail

/// A dataset and its keys. `Entries` are keys, or AsInput<K>, AsTarget<K>, AsWeight<K> where the
/// role is stated, too; behind them, after stages, what was Dropped and Renamed. Stages take keys
/// as template arguments, and fail to compile where the dataset does not have them:
///
///     typed::Dataset<small_, label> raw(Dataset::from_npz("cells.npz"));
///     auto train = raw.rename<small_, Small>().scale<Small>(1.0 / 255.0).batch(32);
///
/// A value like tenon::Dataset, whose functions of the same names say what the stages do.
template <class... Entries>
class Dataset {
 public:
  using Here = SourceLocation;
  using Keys = detail::List<Entries...>;

  /// Throws ContractError with what is wrong with `data` already, and KeyError (K007, K010) unless
  /// its keys are those of the list, in any order, in the roles that are stated. Runs maps without
  /// a declared result on one sample.
  explicit Dataset(const tenon::Dataset& data, Here location = Here::current())
      : data_(detail::verified(data, detail::kFacts<Keys>, location)) {
    detail::require_distinct<Keys>();
  }
  /// The same keys in another order, or with another history.
  template <class... Other>
  requires(!std::is_same_v<Dataset<Other...>, Dataset>)
      Dataset(const Dataset<Other...>& other)  // NOLINT(google-explicit-constructor)
      : data_(other.untyped()) {
    detail::SameKeys<Keys, detail::List<Other...>>::require();
  }

  const tenon::Dataset& untyped() const noexcept { return data_; }

  // --- stages on keys
  /// rename<From, To, From, To, …>(): all at once.
  template <Key... Names>
  auto rename(Here location = Here::current()) const {
    static_assert(sizeof...(Names) % 2 == 0, "rename<From, To, From, To, …>()");
    using Pairs = std::make_index_sequence<sizeof...(Names) / 2>;
    using Before = detail::Before<Keys, Names...>;
    detail::require_renaming<Before, Names...>(Pairs());
    return as<detail::RenameKeys<Before, Names...>>(
        data_.rename(detail::pairs_of(detail::kNames<Names...>), location));
  }
  template <Key... Names>
  auto drop(Here location = Here::current()) const {
    using Before = detail::Before<Keys, Names...>;
    detail::require_keys<detail::StageNeedsKey, Before, Names...>();
    return as<detail::DropKeys<Before, Names...>>(data_.drop(texts<Names...>(), location));
  }
  template <Key From, Key To>
  auto copy(Here location = Here::current()) const {
    using Before = detail::Before<Keys, From>;
    detail::require_keys<detail::StageNeedsKey, Before, From>();
    detail::require_new<Before, To>();
    return as<detail::AddKey<Before, From, To>>(data_.copy(text<From>(), text<To>(), location));
  }
  template <Key... Names>
  auto select(Here location = Here::current()) const {
    using Before = detail::Before<Keys, Names...>;
    detail::require_keys<detail::StageNeedsKey, Before, Names...>();
    return as<detail::SelectKeys<Before, Names...>>(data_.select(texts<Names...>(), location));
  }

  // --- stages on values
  /// `After`: the entries of what the function leaves; without them it is to leave the keys as they
  /// are. Which it does is verified as in the constructor, on one sample if `options.result` is not
  /// given.
  template <class... After>
  auto map(std::function<void(Record&)> function, MapOptions options = {},
           Here location = Here::current()) const {
    return verified<After...>(data_.map(std::move(function), std::move(options), location),
                              location);
  }
  template <Key From, Key To>
  auto load_image(LoadImageOptions options = {}, Here location = Here::current()) const {
    return made<From, To>(data_.load_image(text<From>(), text<To>(), std::move(options), location));
  }
  template <Key... Names>
  auto resize(std::vector<std::int64_t> size, ResizeOptions options = {},
              Here location = Here::current()) const {
    return changed<Names...>(data_.resize(texts<Names...>(), std::move(size), options, location));
  }
  template <Key From, Key To, Key XMin, Key YMin, Key XMax, Key YMax>
  auto crop_box(CropOptions options = {}, Here location = Here::current()) const {
    return made<From, To, XMin, YMin, XMax, YMax>(data_.crop_box(
        text<From>(), text<To>(), {text<XMin>(), text<YMin>(), text<XMax>(), text<YMax>()}, options,
        location));
  }
  template <Key From, Key To, Key XMin, Key YMin, Key XMax, Key YMax>
  auto crop_around(Size2D extent, CropOptions options = {}, Here location = Here::current()) const {
    return made<From, To, XMin, YMin, XMax, YMax>(data_.crop_around(
        text<From>(), text<To>(), {text<XMin>(), text<YMin>(), text<XMax>(), text<YMax>()}, extent,
        options, location));
  }
  template <Key... Names>
  auto scale(double factor, double offset = 0.0, Here location = Here::current()) const {
    return changed<Names...>(data_.scale(texts<Names...>(), factor, offset, location));
  }
  template <Key... Names>
  auto normalize(std::vector<double> mean, std::vector<double> standard_deviation,
                 Here location = Here::current()) const {
    return changed<Names...>(data_.normalize(texts<Names...>(), std::move(mean),
                                             std::move(standard_deviation), location));
  }
  template <Key... Names>
  auto cast(DType dtype, Here location = Here::current()) const {
    return changed<Names...>(data_.cast(texts<Names...>(), dtype, location));
  }
  template <Key From, Key To>
  auto encode(std::vector<std::string> classes, Here location = Here::current()) const {
    return made<From, To>(data_.encode(text<From>(), text<To>(), std::move(classes), location));
  }
  template <Key... Names>
  auto one_hot(std::int64_t depth, Here location = Here::current()) const {
    return changed<Names...>(data_.one_hot(texts<Names...>(), depth, location));
  }
  template <Key... Names>
  auto transpose(std::vector<int> permutation, Here location = Here::current()) const {
    return changed<Names...>(data_.transpose(texts<Names...>(), std::move(permutation), location));
  }
  template <Key... Names>
  auto pad(Size2D size, PadOptions options = {}, Here location = Here::current()) const {
    return changed<Names...>(data_.pad(texts<Names...>(), size, options, location));
  }
  template <Key... Names>
  auto random_flip(std::vector<std::string> axes, Here location = Here::current()) const {
    return changed<Names...>(data_.random_flip(texts<Names...>(), std::move(axes), location));
  }

  // --- stages on the stream
  Dataset shuffle(std::int64_t buffer, Here location = Here::current()) const {
    return same(data_.shuffle(buffer, location));
  }
  Dataset batch(std::int64_t size, BatchOptions options = {},
                Here location = Here::current()) const {
    return same(data_.batch(size, options, location));
  }
  Dataset repeat(std::int64_t count = -1, Here location = Here::current()) const {
    return same(data_.repeat(count, location));
  }
  Dataset take(std::int64_t count, Here location = Here::current()) const {
    return same(data_.take(count, location));
  }
  Dataset skip(std::int64_t count, Here location = Here::current()) const {
    return same(data_.skip(count, location));
  }
  Dataset filter(std::function<bool(const Record&)> keep, Here location = Here::current()) const {
    return same(data_.filter(std::move(keep), location));
  }
  template <Key K>
  auto filter(FilterOptions options, Here location = Here::current()) const {
    return changed<K>(data_.filter(text<K>(), std::move(options), location));
  }
  Dataset shard(std::int64_t rank, std::int64_t of, ShardOptions options = {},
                Here location = Here::current()) const {
    return same(data_.shard(rank, of, options, location));
  }
  Dataset cache(CacheOptions options = {}, Here location = Here::current()) const {
    return same(data_.cache(std::move(options), location));
  }
  Dataset cache(std::string folder, CacheOptions options = {},
                Here location = Here::current()) const {
    return same(data_.cache(std::move(folder), std::move(options), location));
  }
  Dataset with_options(DatasetOptions options) const { return same(data_.with_options(options)); }
  Dataset prefetch(std::int64_t batches, Here location = Here::current()) const {
    return same(data_.prefetch(batches, location));
  }
  /// A stage of the caller's own; `After` as for map.
  template <class... After>
  auto stage(std::shared_ptr<const data::Stage> stage, Here location = Here::current()) const {
    return verified<After...>(data_.stage(std::move(stage)), location);
  }
  Dataset on_bad_sample(BadSampleOptions options) const {
    return same(data_.on_bad_sample(options));
  }

  DatasetIterator iterate(IterateOptions options = {}) const { return data_.iterate(options); }

 private:
  template <class... Other>
  friend class Dataset;

  /// Says that the keys are known to be right.
  struct Known {};
  Dataset(Known, tenon::Dataset data) : data_(std::move(data)) {}

  template <class L>
  static auto as(tenon::Dataset data) {
    using Result = typename detail::DatasetOf<L>::Type;
    return Result(typename Result::Known(), std::move(data));
  }
  /// Behind a stage that changes the values of `Names`.
  template <class... Names>
  static auto changed(tenon::Dataset data) {
    using Before = detail::Before<Keys, Names...>;
    detail::require_keys<detail::StageNeedsKey, Before, Names...>();
    return as<Before>(std::move(data));
  }
  /// Behind a stage that makes `To` out of `From`, which may be the same key.
  template <class From, class To, class... Names>
  static auto made(tenon::Dataset data) {
    using Before = detail::Before<Keys, From, Names...>;
    detail::require_keys<detail::StageNeedsKey, Before, From, Names...>();
    if constexpr (!(detail::kName<From> == detail::kName<To>)) detail::require_new<Before, To>();
    return as<detail::AddKey<Before, From, To>>(std::move(data));
  }
  static Dataset same(tenon::Dataset data) { return Dataset(Known(), std::move(data)); }
  template <class... After>
  static auto verified(const tenon::Dataset& data, Here location) {
    if constexpr (sizeof...(After) == 0) {
      return Dataset(data, location);
    } else {
      return Dataset<After...>(data, location);
    }
  }

  template <class K>
  static std::string text() {
    return std::string(K::text());
  }
  template <class... Names>
  static tenon::Keys texts() {
    return detail::texts_of(detail::kNames<Names...>);
  }

  tenon::Dataset data_;
};

}  // namespace tenon::typed
