#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tenon/lineage.hpp"

namespace tenon::report {

/// A row of the picture: all that was ever called `key`.
struct Lane {
  std::string key;
  bool alive = false;  ///< A key of that name is there at the end.
  std::string spec;    ///< What it is then.
};

/// A stretch of a lane in which a key was there, from column to column.
struct Stretch {
  std::size_t lane = 0;
  std::size_t story = 0;  ///< Stretches of one story are parts of one key, under several names.
  std::size_t from = 0;
  std::size_t to = 0;
  bool to_the_end = false;  ///< Beyond the last column.
  bool renamed = false;     ///< Goes on in another lane.
  bool alive = false;       ///< The key is there at the end, maybe under another name.
};

enum class MarkKind : std::uint8_t { kCreated, kReshaped, kChanged, kRenamed, kRemoved, kUsed };

/// What is drawn where a lane meets a column.
struct Mark {
  MarkKind kind = MarkKind::kCreated;
  std::size_t lane = 0;
  std::size_t story = 0;
  std::size_t column = 0;
  std::string name;  ///< The key, where a lane begins behind the source.
  std::string spec;  ///< Where it is new or has changed.
  std::string tip;   ///< The whole event in words.
};

/// A line from lane to lane: a rename, or a key that was made out of another.
struct Link {
  bool rename = false;
  std::size_t column = 0;
  std::size_t from_lane = 0;
  std::size_t to_lane = 0;
  std::size_t story = 0;
};

/// A lineage on a grid: a lane per name, a column per stage (0: the source).
struct LineageLayout {
  std::size_t columns = 0;
  std::vector<Lane> lanes;
  std::vector<Stretch> stretches;
  std::vector<Mark> marks;
  std::vector<Link> links;
};

/// Lanes are in the order in which their names appear, those made out of another below it.
LineageLayout lay_out(const Lineage& lineage);

}  // namespace tenon::report
