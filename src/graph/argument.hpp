#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tenon/layers.hpp"

namespace tenon::graph {

/// The member of a layer's settings that an argument stands for. A new kind of argument is an
/// alternative here, and a reader and a writer in argument_json.cpp and argument_cpp.cpp.
using ArgumentReference =
    std::variant<bool*, int*, std::int64_t*, double*, std::string*, Pair*, Triple*,
                 std::optional<Pair>*, std::optional<Triple>*, std::optional<double>*,
                 std::optional<std::int64_t>*, std::vector<std::int64_t>*, std::vector<double>*,
                 std::vector<Dim>*, DType*, Initializer*, Regularizer*, Padding2D*, Padding3D*>;

/// What values an argument may have beyond its type.
struct Rule {
  std::string expected;  ///< "at least 1"; empty: all.
  std::function<bool(const ArgumentReference&)> holds;
  std::vector<std::string> words{};  ///< Of one_of: what a word that is none may have meant.
};

/// One argument of a layer: Keras's name and what stands for it.
struct Argument {
  std::string name;
  std::function<ArgumentReference(void* settings)> member;  ///< Empty: of one value only, `fixed`.
  Rule rule{};
  bool positional = false;   ///< Of the C++ constructor's own parameters, not of its options.
  bool dims = false;         ///< Integers of which -1 means "that axis' own size": null in configs.
  std::string older_name{};  ///< Also read by this name: that of older versions of Keras.
  /// JSON text of the only value that is taken; empty: any, as it changes nothing.
  std::string fixed{};
  bool written = true;  ///< False: only read; current versions of Keras do not know it.
};

/// All numbers in a value: both of a pair, none of an absent one.
std::vector<double> numbers_of(const ArgumentReference& reference);
/// Sets one argument to another's value; both are of one type.
void copy_value(const ArgumentReference& from, const ArgumentReference& to);
/// The values of two settings' arguments are equal.
bool equal_values(const ArgumentReference& a, const ArgumentReference& b);

/// All numbers of the value are at least, more than, or below the limit.
Rule at_least(double limit);
Rule more_than(double limit);
Rule at_least_and_below(double low, double limit);
Rule between(double low, double high);
Rule finite();
/// A text of this list.
Rule one_of(std::vector<std::string> words);
/// A word of Activation's list.
Rule activation_word();

}  // namespace tenon::graph
