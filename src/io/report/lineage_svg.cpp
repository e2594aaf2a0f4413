#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/unicode.hpp"
#include "io/report/lineage_layout.hpp"
#include "io/report/lineage_words.hpp"
#include "io/report/markup.hpp"

namespace tenon {
namespace {

using report::LineageLayout;
using report::Mark;
using report::MarkKind;
using report::xml_text;

// Pixels. A character of a monospaced font is about 0.61 of its size wide.
constexpr double kNameSize = 12.0;
constexpr double kSpecSize = 10.5;
constexpr double kTitleSize = 15.0;
constexpr double kCharacter = 0.61;
constexpr double kMargin = 16.0;
constexpr double kLaneHeight = 34.0;
constexpr double kLaneMiddle = 21.0;
constexpr double kHeadHeight = 82.0;
constexpr double kLegendHeight = 52.0;
constexpr double kBeforeMark = 26.0;  ///< Of a column: room for links.
constexpr double kBehindMark = 8.0;
constexpr double kAfterText = 12.0;
constexpr double kEndGap = 30.0;
constexpr double kRepeatNameAfter = 800.0;
constexpr double kLeastWidth = 860.0;  ///< That of the legend.

constexpr std::size_t kLongestTitle = 100;
constexpr std::size_t kLongestName = 32;
constexpr std::size_t kLongestSpec = 36;
constexpr std::size_t kLongestStage = 24;

constexpr std::array kColors = {"#1f5fa8", "#b3541e", "#2e7d4f", "#8a3ca0",
                                "#0f7c8a", "#9a4668", "#6b6b00", "#5a4fcf"};
constexpr const char* kInk = "#1f2328";
constexpr const char* kGrey = "#656d76";
constexpr const char* kRed = "#c01f33";

double text_width(const std::string& text, double size) {
  return static_cast<double>(display_width(text)) * size * kCharacter;
}

std::string short_name(const std::string& name) { return report::shortened(name, kLongestName); }
std::string short_spec(const std::string& spec) { return report::shortened(spec, kLongestSpec); }

const char* color_of(std::size_t story) { return kColors[story % kColors.size()]; }

/// `x,y` of a shape's corner.
std::string at(double x, double y) { return fmt::format("{:.1f},{:.1f}", x, y); }

std::string diamond(double x, double y, double radius, const std::string& fill) {
  return fmt::format("<polygon points=\"{} {} {} {}\" fill=\"{}\"/>", at(x - radius, y),
                     at(x, y - radius), at(x + radius, y), at(x, y + radius), fill);
}

std::string triangle(double x, double y, double radius, const std::string& fill) {
  return fmt::format("<polygon points=\"{} {} {}\" fill=\"{}\"/>", at(x - radius, y - radius),
                     at(x + radius, y), at(x - radius, y + radius), fill);
}

std::string cross(double x, double y, double radius) {
  return fmt::format("<path d=\"M{} L{} M{} L{}\" stroke=\"{}\" stroke-width=\"2.5\"/>",
                     at(x - radius, y - radius), at(x + radius, y + radius),
                     at(x - radius, y + radius), at(x + radius, y - radius), kRed);
}

std::string symbol(MarkKind kind, double x, double y, const std::string& color) {
  switch (kind) {
    case MarkKind::kCreated:
      return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\" fill=\"{}\"/>", x, y, color);
    case MarkKind::kReshaped:
      return diamond(x, y, 6.0, color);
    case MarkKind::kChanged:
      return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.2\" fill=\"{}\"/>", x, y,
                         color);
    case MarkKind::kRenamed:
      return triangle(x, y, 5.0, color);
    case MarkKind::kRemoved:
      return cross(x, y, 5.0);
    case MarkKind::kUsed:
      break;
  }
  return fmt::format(
      "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"#ffffff\" stroke=\"{}\" "
      "stroke-width=\"1.5\"/>",
      x, y, color);
}

/// The one file that all places are in; empty if there are several.
std::string common_file(const Lineage& lineage) {
  std::string file;
  for (const LineageStage& each : lineage.stages) {
    const SourceLocation& location = each.stage.location;
    if (!location.known()) continue;
    if (!file.empty() && file != location.file) return {};
    file = location.file;
  }
  return file;
}

class SvgWriter {
 public:
  SvgWriter(const Lineage& lineage, const std::string& title)
      : lineage_(lineage),
        layout_(report::lay_out(lineage)),
        title_(report::shortened(visible(title), kLongestTitle)),
        file_(common_file(lineage)) {
    place_columns();
  }

  std::string write() && {
    open();
    write_bands();
    write_heads();
    write_lanes();
    for (const report::Link& link : layout_.links) write_link(link);
    for (const Mark& mark : layout_.marks) write_mark(mark);
    write_legend();
    return std::move(text_) + "</svg>\n";
  }

 private:
  struct Head {
    std::string name;
    std::string place;
  };

  Head head_of(std::size_t column) const {
    if (column >= lineage_.stages.size()) return {std::to_string(column), ""};
    const StageReference& stage = lineage_.stages[column].stage;
    std::string place = to_string(stage.location);
    if (!file_.empty() && stage.location.known())
      place = fmt::format("line {}", stage.location.line);
    if (lineage_.stages[column].opaque) place += place.empty() ? "not observed" : ", not observed";
    return {report::shortened(report::shown_stage(stage), kLongestStage),
            report::shortened(place, kLongestSpec)};
  }

  void place_columns() {
    std::vector<double> widths(layout_.columns, 0.0);
    for (std::size_t c = 0; c < widths.size(); ++c) {
      const Head head = head_of(c);
      widths[c] = std::max(text_width(head.name, kNameSize), text_width(head.place, kSpecSize));
    }
    for (const Mark& mark : layout_.marks) {
      const double gap = mark.name.empty() ? 0.0 : kNameSize;
      const double width = text_width(short_name(mark.name), kNameSize) + gap +
                           text_width(short_spec(mark.spec), kSpecSize);
      widths[mark.column] = std::max(widths[mark.column], width + kBehindMark);
    }
    double gutter = 0.0;
    double ends = 0.0;
    for (const report::Lane& lane : layout_.lanes) {
      const double name = text_width(short_name(report::shown_key(lane.key)), kNameSize);
      gutter = std::max(gutter, name);
      if (!lane.alive) continue;
      ends = std::max(ends, name + kNameSize + text_width(short_spec(lane.spec), kSpecSize));
    }
    double x = kMargin + gutter;
    for (const double width : widths) {
      columns_.push_back(x + kBeforeMark);
      x += kBeforeMark + width + kAfterText;
    }
    end_ = x + kEndGap / 2;
    const double title = text_width(title_ + " lines of " + file_name(), kTitleSize);
    width_ = std::max({end_ + kBehindMark + ends, kMargin + title, kLeastWidth}) + kMargin;
    height_ = kHeadHeight + static_cast<double>(layout_.lanes.size()) * kLaneHeight + kLegendHeight;
  }

  std::string file_name() const { return visible(file_.substr(file_.find_last_of('/') + 1)); }

  static double lane_y(std::size_t lane) {
    return kHeadHeight + static_cast<double>(lane) * kLaneHeight + kLaneMiddle;
  }

  void open() {
    text_ = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
        "viewBox=\"0 0 {0:.0f} {1:.0f}\" role=\"img\" "
        "font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\">\n"
        "<title>{2}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
        width_, height_, xml_text(title_.empty() ? "Lineage" : "Lineage of " + title_));
    write_text(kMargin, 26.0, title_,
               fmt::format("font-size=\"{}\" font-weight=\"bold\" fill=\"{}\"", kTitleSize, kInk));
    if (file_.empty()) return;
    const double behind = title_.empty() ? 0.0 : text_width(title_, kTitleSize) + kNameSize;
    write_text(kMargin + behind, 26.0, "lines of " + file_name(),
               fmt::format("font-size=\"{}\" fill=\"{}\"", kSpecSize, kGrey));
  }

  void write_text(double x, double y, const std::string& text, const std::string& attributes) {
    if (text.empty()) return;
    text_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" {}>{}</text>\n", x, y, attributes,
                         xml_text(text));
  }

  /// Text that stays legible above lines.
  void write_label(double x, double y, const std::string& name, const std::string& spec,
                   const char* color) {
    if (name.empty() && spec.empty()) return;
    text_ += fmt::format(
        "<text x=\"{:.1f}\" y=\"{:.1f}\" paint-order=\"stroke\" stroke=\"#ffffff\" "
        "stroke-width=\"3\" stroke-linejoin=\"round\">",
        x, y);
    if (!name.empty()) {
      text_ += fmt::format("<tspan font-size=\"{}\" font-weight=\"bold\" fill=\"{}\">{}</tspan>",
                           kNameSize, color, xml_text(short_name(name)));
    }
    if (!spec.empty()) {
      text_ += fmt::format("<tspan dx=\"{}\" font-size=\"{}\" fill=\"{}\">{}</tspan>",
                           name.empty() ? 0.0 : kNameSize / 2, kSpecSize, kInk,
                           xml_text(short_spec(spec)));
    }
    text_ += "</text>\n";
  }

  void write_bands() {
    for (std::size_t lane = 0; lane < layout_.lanes.size(); ++lane) {
      const double top = lane_y(lane) - kLaneMiddle;
      if (lane % 2 == 0) {
        text_ += fmt::format(
            "<rect x=\"0\" y=\"{:.1f}\" width=\"{:.0f}\" height=\"{}\" fill=\"#f6f8fa\"/>\n", top,
            width_, kLaneHeight);
      }
    }
    const double bottom = height_ - kLegendHeight;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const bool opaque = c < lineage_.stages.size() && lineage_.stages[c].opaque;
      text_ += fmt::format("<path d=\"M{} V{:.1f}\" stroke=\"{}\" stroke-width=\"{}\"/>\n",
                           at(columns_[c], kHeadHeight - 4.0), bottom,
                           opaque ? "#f2c94c" : "#dfe3e8", opaque ? 8 : 1);
    }
  }

  void write_heads() {
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const Head head = head_of(c);
      const bool busy = std::any_of(layout_.marks.begin(), layout_.marks.end(),
                                    [&](const Mark& mark) { return mark.column == c; });
      write_text(columns_[c] - 5.0, kHeadHeight - 26.0, head.name,
                 fmt::format("font-size=\"{}\" font-weight=\"bold\" fill=\"{}\"", kNameSize,
                             busy ? kInk : kGrey));
      write_text(columns_[c] - 5.0, kHeadHeight - 11.0, head.place,
                 fmt::format("font-size=\"{}\" fill=\"{}\"", kSpecSize, kGrey));
    }
  }

  void write_lanes() {
    for (std::size_t i = 0; i < layout_.lanes.size(); ++i) {
      const report::Lane& lane = layout_.lanes[i];
      const std::string name = report::shown_key(lane.key);
      write_text(kMargin, lane_y(i) + 4.0, short_name(name),
                 fmt::format("font-size=\"{}\" {} fill=\"{}\"", kNameSize,
                             lane.alive ? "font-weight=\"bold\"" : "", lane.alive ? kInk : kGrey));
      if (lane.alive) write_label(end_ + kBehindMark, lane_y(i) + 4.0, name, lane.spec, kInk);
    }
    for (const report::Stretch& stretch : layout_.stretches) write_stretch(stretch);
  }

  void write_stretch(const report::Stretch& stretch) {
    const double from = columns_[stretch.from];
    double to = columns_[stretch.to];
    if (stretch.to_the_end) to = end_;
    if (stretch.renamed) to -= kBeforeMark - 4.0;
    const double y = lane_y(stretch.lane);
    text_ += fmt::format(
        "<path d=\"M{} H{:.1f}\" stroke=\"{}\" stroke-width=\"{}\" opacity=\"{}\"/>\n", at(from, y),
        to, color_of(stretch.story), stretch.alive ? 3 : 2, stretch.alive ? 1.0 : 0.5);
    if (stretch.to_the_end) text_ += triangle(to, y, 5.0, color_of(stretch.story)) + "\n";
    repeat_name(stretch);
  }

  /// The name again where a reader would have to look far to the left for it.
  void repeat_name(const report::Stretch& stretch) {
    const std::string name = report::shown_key(layout_.lanes[stretch.lane].key);
    const double needed = text_width(short_name(name), kSpecSize) + kBeforeMark + kBehindMark;
    double last = columns_[stretch.from];
    for (std::size_t c = stretch.from + 1; c + 1 < columns_.size() && c < stretch.to; ++c) {
      const bool room = columns_[c + 1] - columns_[c] > needed && !labelled(stretch.lane, c);
      if (!room || columns_[c] - last < kRepeatNameAfter) continue;
      write_text(columns_[c] + kBehindMark, lane_y(stretch.lane) - 7.0, short_name(name),
                 fmt::format("font-size=\"{}\" fill=\"{}\"", kSpecSize, kGrey));
      last = columns_[c];
    }
  }

  bool labelled(std::size_t lane, std::size_t column) const {
    return std::any_of(layout_.marks.begin(), layout_.marks.end(), [&](const Mark& mark) {
      return mark.lane == lane && mark.column == column && !(mark.name + mark.spec).empty();
    });
  }

  void write_link(const report::Link& link) {
    const double to = columns_[link.column];
    const double from = to - kBeforeMark + 4.0;
    const double top = lane_y(link.from_lane);
    const double bottom = lane_y(link.to_lane);
    text_ += fmt::format(
        "<path d=\"M{} C{} {} {}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"{}/>\n",
        at(from, top), at((from + to) / 2, top), at((from + to) / 2, bottom), at(to, bottom),
        color_of(link.story), link.rename ? "" : " stroke-dasharray=\"4 3\"");
  }

  void write_mark(const Mark& mark) {
    const double x = columns_[mark.column];
    const double y = lane_y(mark.lane);
    const char* color = color_of(mark.story);
    text_ += fmt::format("<g><title>{}</title>{}</g>\n", xml_text(mark.tip),
                         symbol(mark.kind, x, y, color));
    write_label(x + kBehindMark, y - 7.0, mark.name, mark.spec, color);
  }

  void write_legend() {
    static constexpr std::array<std::pair<MarkKind, const char*>, 6> kEntries = {{
        {MarkKind::kCreated, "made"},
        {MarkKind::kReshaped, "dtype or shape changed"},
        {MarkKind::kChanged, "values changed"},
        {MarkKind::kRenamed, "renamed"},
        {MarkKind::kUsed, "used, left as it is"},
        {MarkKind::kRemoved, "dropped"},
    }};
    double x = kMargin + 6.0;
    const double y = height_ - kLegendHeight / 2;
    for (const auto& [kind, word] : kEntries) {
      text_ += symbol(kind, x, y, kGrey) + "\n";
      write_text(x + 10.0, y + 4.0, word,
                 fmt::format("font-size=\"{}\" fill=\"{}\"", kSpecSize, kGrey));
      x += text_width(word, kSpecSize) + 34.0;
    }
  }

  const Lineage& lineage_;
  LineageLayout layout_;
  std::string title_;
  std::string file_;
  std::vector<double> columns_;  ///< Where marks stand, from the left.
  double end_ = 0.0;
  double width_ = 0.0;
  double height_ = 0.0;
  std::string text_;
};

}  // namespace

std::string lineage_svg(const Lineage& lineage, const std::string& title) {
  return SvgWriter(lineage, title).write();
}

}  // namespace tenon
