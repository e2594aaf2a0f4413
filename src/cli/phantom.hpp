#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tenon/random.hpp"
#include "tenon/tensor.hpp"

namespace tenon::cli {

/// A cell drawn into a picture, with its tight box: pixels, upper end not included.
struct DrawnCell {
  std::string cell_type;  ///< "RBC", "WBC" or "Platelets"
  std::int64_t xmin = 0;
  std::int64_t ymin = 0;
  std::int64_t xmax = 0;
  std::int64_t ymax = 0;
};

/// A picture like a blood smear under the microscope.
struct Smear {
  Tensor image;  ///< uint8 (height, width, 3)
  std::vector<DrawnCell> cells;
};

/// Draws red cells (pale in the middle), white cells (a lobed purple nucleus) and platelets (small,
/// purple): platelets and nuclei have the same colours and, cut tight and resized, nearly the same
/// look; only what lies around tells their size. `random` alone decides what is drawn.
Smear draw_smear(Random& random, std::int64_t height = 480, std::int64_t width = 640);

}  // namespace tenon::cli
