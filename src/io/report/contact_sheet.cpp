#include "io/report/contact_sheet.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/unicode.hpp"
#include "io/report/bitmap_text.hpp"
#include "io/report/picture.hpp"
#include "tenon/diagnostic.hpp"

namespace tenon::report {
namespace {

// Pixels.
constexpr std::int64_t kLargestCell = 128;
constexpr std::int64_t kSmallestCell = 16;
constexpr std::int64_t kMostPixels = std::int64_t{48} << 20;
constexpr std::int64_t kBetweenSamples = 12;
constexpr std::int64_t kPadding = 6;  ///< Between a panel's border and its images.
constexpr std::int64_t kBetweenImages = 4;

constexpr std::int64_t kMostImagesInALine = 4;
constexpr double kWantedRatio = 4.0 / 3.0;

constexpr std::uint8_t kSheetGround = 24;
constexpr Color kPanel = {58, 58, 62};
constexpr Color kKeyColor = {165, 170, 180};
constexpr Color kWordColor = {240, 240, 240};

using Lines = std::vector<std::string>;

/// How all samples are drawn; every panel is as large as the largest has to be.
struct Sheet {
  std::int64_t cell = kLargestCell;
  std::int64_t scale = 2;  ///< Of the text.
  std::int64_t images_in_line = 1;
  std::int64_t image_lines = 1;
  std::int64_t word_lines = 0;
  std::int64_t columns = 1;
  std::int64_t rows = 1;

  std::int64_t text_height() const { return (kGlyphHeight + 3) * scale; }
  std::int64_t inner_width() const {
    return images_in_line * cell + (images_in_line - 1) * kBetweenImages;
  }
  std::int64_t panel_width() const { return inner_width() + 2 * kPadding; }
  std::int64_t panel_height() const {
    return image_lines * (cell + kBetweenImages + text_height()) + word_lines * text_height() +
           2 * kPadding;
  }
  std::int64_t width() const {
    return columns * (panel_width() + kBetweenSamples) + kBetweenSamples;
  }
  std::int64_t height() const {
    return rows * (panel_height() + kBetweenSamples) + kBetweenSamples;
  }
};

std::string fitted(const std::string& text, std::int64_t width, std::int64_t scale) {
  if (bitmap_text_width(text, scale) <= width) return text;
  const auto most =
      static_cast<std::size_t>(std::max<std::int64_t>(width / (kGlyphAdvance * scale) - 2, 1));
  return encode_utf8(decode_utf8(text).substr(0, most)) + "..";
}

/// Words put one behind another while they fit.
Lines lines_of(const Lines& words, std::int64_t width, std::int64_t scale) {
  Lines lines;
  for (const std::string& word : words) {
    const std::string longer = lines.empty() ? word : lines.back() + "  " + word;
    if (!lines.empty() && bitmap_text_width(longer, scale) <= width) {
      lines.back() = longer;
    } else {
      lines.push_back(fitted(word, width, scale));
    }
  }
  return lines;
}

/// The larger text, if every key and word fits.
std::int64_t scale_for(const std::vector<ContactSample>& samples, const Sheet& sheet) {
  if (sheet.cell < kLargestCell) return 1;
  constexpr std::int64_t kLarge = 2;
  const auto fits = [](const std::string& text, std::int64_t width) {
    return bitmap_text_width(text, kLarge) <= width;
  };
  for (const ContactSample& sample : samples) {
    for (const auto& [key, image] : sample.images) {
      if (!fits(visible(key), sheet.cell)) return 1;
    }
    for (const std::string& word : sample.words) {
      if (!fits(word, sheet.inner_width())) return 1;
    }
  }
  return kLarge;
}

void choose_columns(Sheet& sheet, std::int64_t count) {
  double best = INFINITY;
  Sheet tried = sheet;
  for (std::int64_t columns = 1; columns <= count; ++columns) {
    tried.columns = columns;
    tried.rows = (count + columns - 1) / columns;
    const double ratio = static_cast<double>(tried.width()) / static_cast<double>(tried.height());
    const double distance = std::abs(std::log(ratio / kWantedRatio));
    if (distance >= best) continue;
    best = distance;
    sheet = tried;
  }
}

Sheet plan(const std::vector<ContactSample>& samples) {
  Sheet sheet;
  std::size_t images = 1;
  for (const ContactSample& sample : samples) images = std::max(images, sample.images.size());
  const auto count = static_cast<std::int64_t>(images);
  // Three slices of a volume stand side by side.
  const std::int64_t most = count > kMostImagesInALine && count % 3 == 0 ? 3 : kMostImagesInALine;
  sheet.images_in_line = std::min(count, most);
  sheet.image_lines = (count + most - 1) / most;
  for (;; sheet.cell /= 2) {
    sheet.scale = scale_for(samples, sheet);
    sheet.word_lines = 0;
    for (const ContactSample& sample : samples) {
      const Lines lines = lines_of(sample.words, sheet.inner_width(), sheet.scale);
      sheet.word_lines = std::max(sheet.word_lines, static_cast<std::int64_t>(lines.size()));
    }
    choose_columns(sheet, static_cast<std::int64_t>(samples.size()));
    if (sheet.cell <= kSmallestCell || sheet.width() * sheet.height() <= kMostPixels) return sheet;
  }
}

void fill(Tensor& ground, const Frame& frame, Color color) {
  const auto pixels = ground.data<std::uint8_t>();
  for (std::int64_t y = frame.top; y < frame.top + frame.height; ++y) {
    for (std::int64_t x = frame.left; x < frame.left + frame.width; ++x) {
      const auto at = static_cast<std::size_t>((y * ground.dim(1) + x) * 3);
      std::copy(color.begin(), color.end(), pixels.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
}

/// The largest frame of the image's proportions in the middle of a cell.
Frame frame_in_cell(const Tensor& image, std::int64_t top, std::int64_t left, std::int64_t cell) {
  const std::int64_t longest = std::max(image.dim(0), image.dim(1));
  const std::int64_t height = std::max<std::int64_t>(image.dim(0) * cell / longest, 1);
  const std::int64_t width = std::max<std::int64_t>(image.dim(1) * cell / longest, 1);
  return {top + (cell - height) / 2, left + (cell - width) / 2, height, width};
}

void draw_sample(Tensor& ground, const ContactSample& sample, const Sheet& sheet, std::int64_t top,
                 std::int64_t left) {
  fill(ground, {top, left, sheet.panel_height(), sheet.panel_width()}, kPanel);
  top += kPadding;
  left += kPadding;
  for (std::size_t i = 0; i < sample.images.size(); ++i) {
    const auto& [key, image] = sample.images[i];
    const auto at = static_cast<std::int64_t>(i);
    const std::int64_t cell_left = left + at % sheet.images_in_line * (sheet.cell + kBetweenImages);
    const std::int64_t cell_top =
        top + at / sheet.images_in_line * (sheet.cell + kBetweenImages + sheet.text_height());
    if (is_image(image)) {
      draw_image(ground, image, frame_in_cell(image, cell_top, cell_left, sheet.cell));
    }
    draw_text(ground, fitted(visible(key), sheet.cell, sheet.scale),
              cell_top + sheet.cell + kBetweenImages, cell_left, sheet.scale, kKeyColor);
  }
  top += sheet.image_lines * (sheet.cell + kBetweenImages + sheet.text_height());
  for (const std::string& line : lines_of(sample.words, sheet.inner_width(), sheet.scale)) {
    draw_text(ground, line, top, left, sheet.scale, kWordColor);
    top += sheet.text_height();
  }
}

}  // namespace

Tensor contact_sheet(const std::vector<ContactSample>& samples) {
  const Sheet sheet = plan(samples);
  Tensor ground(DType::kUInt8, {sheet.height(), sheet.width(), 3});
  std::fill_n(ground.data<std::uint8_t>().begin(), ground.size(), kSheetGround);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    draw_sample(ground, samples[i], sheet,
                kBetweenSamples + at / sheet.columns * (sheet.panel_height() + kBetweenSamples),
                kBetweenSamples + at % sheet.columns * (sheet.panel_width() + kBetweenSamples));
  }
  return ground;
}

}  // namespace tenon::report
