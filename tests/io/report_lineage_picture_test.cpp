// The two drawings of a lineage: SVG, and Graphviz's language.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "io/report/lineage_layout.hpp"
#include "io/report/markup.hpp"
#include "io/report_support.hpp"

namespace tenon {
namespace {

using report::LineageLayout;
using report::MarkKind;
using report_test::hostile_stream;
using report_test::told_stream;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

/// Every element is closed, in order, and every & begins an entity: enough of XML for what is
/// written here.
void expect_well_formed(const std::string& xml) {
  std::vector<std::string> open;
  for (std::size_t at = 0; at < xml.size(); ++at) {
    if (xml[at] == '&') {
      const std::string entity = xml.substr(at, xml.find(';', at) - at + 1);
      EXPECT_THAT((std::vector<std::string>{"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"}),
                  ::testing::Contains(entity));
    }
    if (xml[at] != '<') continue;
    const std::size_t end = xml.find('>', at);
    ASSERT_NE(end, std::string::npos);
    const std::string tag = xml.substr(at + 1, end - at - 1);
    EXPECT_EQ(occurrences(tag, "\"") % 2, 0U) << tag;
    EXPECT_EQ(occurrences(tag, "<"), 0U) << tag;
    if (tag.front() == '/') {
      ASSERT_FALSE(open.empty()) << tag;
      EXPECT_EQ(open.back(), tag.substr(1));
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(tag.substr(0, tag.find(' ')));
    }
  }
  EXPECT_TRUE(open.empty());
}

std::vector<std::string> lane_names(const LineageLayout& layout) {
  std::vector<std::string> names;
  for (const report::Lane& lane : layout.lanes) names.push_back(lane.key);
  return names;
}

TEST(LineageLayout, LanesAreNamesBelowThoseTheyWereMadeOf) {
  const LineageLayout layout = report::lay_out(told_stream().lineage());
  EXPECT_EQ(layout.columns, 9U);
  EXPECT_THAT(lane_names(layout), ElementsAre("image", "Small", "name", "label", "id"));
  EXPECT_TRUE(layout.lanes[0].alive);
  EXPECT_EQ(layout.lanes[0].spec, "f32 (B, 6, 6, 3)");
  EXPECT_FALSE(layout.lanes[2].alive);
}

TEST(LineageLayout, ALaneEndsWhereItsKeyIsDroppedOrRenamed) {
  const LineageLayout layout = report::lay_out(told_stream().lineage());
  std::vector<std::string> stretches;
  for (const report::Stretch& each : layout.stretches) {
    stretches.push_back(layout.lanes[each.lane].key + " " + std::to_string(each.from) + "-" +
                        std::to_string(each.to) + (each.to_the_end ? " end" : "") +
                        (each.renamed ? " renamed" : ""));
  }
  EXPECT_THAT(stretches, ::testing::UnorderedElementsAre("image 0-4 renamed", "Small 4-8 end",
                                                         "name 0-6", "id 0-6", "Small 1-4 renamed",
                                                         "image 4-8 end", "label 3-8 end"));
}

TEST(LineageLayout, RenamesAndCopiesAreLinks) {
  const LineageLayout layout = report::lay_out(told_stream().lineage());
  std::vector<std::string> links;
  for (const report::Link& each : layout.links) {
    links.push_back(layout.lanes[each.from_lane].key + (each.rename ? " => " : " -> ") +
                    layout.lanes[each.to_lane].key + " at " + std::to_string(each.column));
  }
  EXPECT_THAT(links, ::testing::UnorderedElementsAre("image -> Small at 1", "name -> label at 3",
                                                     "image => Small at 4", "Small => image at 4"));
}

TEST(LineageLayout, SpecsStandWhereTheyChange) {
  const LineageLayout layout = report::lay_out(told_stream().lineage());
  const auto scaled = std::find_if(layout.marks.begin(), layout.marks.end(), [](const auto& mark) {
    return mark.column == 2 && mark.kind == MarkKind::kReshaped;
  });
  ASSERT_NE(scaled, layout.marks.end());
  EXPECT_EQ(scaled->spec, "f32 (6, 6, 3)");
  EXPECT_EQ(scaled->tip,
            "\"Small\" changed by stage 1 scale (train.cpp:12): u8 (6, 6, 3) -> f32 (6, 6, 3)");
}

TEST(LineageLayout, ANameThatIsMadeAgainHasOneLaneOfTwoStretches) {
  const Dataset dataset = Dataset::from_tensors({{"a", Tensor(DType::kFloat32, {2, 4})},
                                                 {"b", Tensor(DType::kInt64, {2})}})
                              .drop({"a"})
                              .copy("b", "a");
  const LineageLayout layout = report::lay_out(dataset.lineage());
  EXPECT_EQ(layout.lanes.size(), 2U);
  EXPECT_EQ(layout.stretches.size(), 3U);
  EXPECT_EQ(layout.lanes[0].spec, "i64 ()");
}

TEST(LineageSvg, IsAPictureOfItsOwn) {
  const std::string svg = lineage_svg(told_stream().lineage(), "pairs");
  expect_well_formed(svg);
  EXPECT_EQ(svg.rfind("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", 0), 0U);
  EXPECT_THAT(svg, HasSubstr("<title>Lineage of pairs</title>"));
  EXPECT_THAT(svg, HasSubstr(">7 batch</text>"));
  EXPECT_THAT(svg, HasSubstr(">line 18</text>"));
  EXPECT_THAT(svg, HasSubstr("lines of train.cpp"));
  EXPECT_THAT(svg, Not(HasSubstr("href")));
  EXPECT_EQ(occurrences(svg, "stroke-dasharray"), 2U) << "copies";
  EXPECT_EQ(occurrences(svg, "<title>&quot;id&quot; used by stage 4 filter"), 1U);
}

TEST(LineageSvg, PlacesOfSeveralFilesAreNamedWhole) {
  const Dataset dataset =
      Dataset::from_tensors({{"a", Tensor(DType::kFloat32, {2, 4})}}, {"one.cpp", 3})
          .scale({"a"}, 2.0, 0.0, {"two.cpp", 4});
  EXPECT_THAT(lineage_svg(dataset.lineage()), HasSubstr(">two.cpp:4</text>"));
}

TEST(LineageSvg, HostileKeysStayText) {
  const std::string svg = lineage_svg(hostile_stream().lineage(), "</title><script>");
  expect_well_formed(svg);
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_THAT(svg, HasSubstr("a&lt;b&gt;&amp;&quot;c&#39;"));
  EXPECT_THAT(svg, HasSubstr(">blank·<"));
  EXPECT_THAT(svg, HasSubstr("xxx…<")) << "a long key is cut";
}

TEST(LineageSvg, OfNothingIsAPictureToo) { expect_well_formed(lineage_svg({})); }

TEST(LineageDot, HasABoxPerEventAndArrowsWithTheStagesWord) {
  const std::string dot = lineage_dot(told_stream().lineage(), "pairs");
  EXPECT_EQ(dot.rfind("digraph lineage {\n", 0), 0U);
  EXPECT_THAT(dot, HasSubstr("k0_0 [label=\"image\\nu8 (6, 6, 3)\"];"));
  EXPECT_THAT(dot, HasSubstr("k0_0 -> k0_1 [label=\"rename\"];"));
  EXPECT_THAT(dot, HasSubstr("k0_0 -> k3_0 [label=\"copy\"];"));
  EXPECT_THAT(dot, HasSubstr("[label=\"7 batch\\ntrain.cpp:18\", shape=plaintext"));
  EXPECT_EQ(occurrences(dot, "label=\"x\""), 2U) << "two keys are dropped";
}

TEST(LineageDot, HostileKeysStayInsideOfTheirQuotes) {
  const std::string dot = lineage_dot(hostile_stream().lineage());
  EXPECT_THAT(dot, HasSubstr("label=\"\\\" onload=\\\"x\\nf32 (3,)\""));
  EXPECT_THAT(dot, HasSubstr("label=\"back\\\\slash\\\\n\\nf32 (3,)\""));
  EXPECT_THAT(dot, HasSubstr("label=\"&amp;amp;\\nf32 (3,)\""));
}

TEST(Markup, HasNoCharacterThatXmlRefuses) {
  EXPECT_EQ(report::xml_text("a\x01"
                             "b\xff\xef\xbf\xbe"
                             "c"),
            "a\uFFFD"
            "b\uFFFD\uFFFD"
            "c");
  EXPECT_EQ(report::dot_text("a\nb\x02"), "a\\nb\uFFFD");
}

}  // namespace
}  // namespace tenon
