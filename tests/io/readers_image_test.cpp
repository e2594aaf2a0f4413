#include "io/readers/image.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tiffio.h>

#include <cmath>
#include <filesystem>
#include <thread>
#include <vector>

#include "io/readers/image_writer.hpp"
#include "io/readers_drawn_images.hpp"
#include "io/readers_temporary_folder.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"

namespace tenon::readers {
namespace {

using testing::drawn_image;
using testing::drawn_jpeg;
using testing::drawn_tiff;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

template <class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

double mean_difference(const Tensor& left, const Tensor& right) {
  const auto a = left.data<std::uint8_t>();
  const auto b = right.data<std::uint8_t>();
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += std::abs(static_cast<int>(a[i]) - static_cast<int>(b[i]));
  }
  return sum / static_cast<double>(a.size());
}

/// A picture that JPEG can hold well: slow slopes in each channel.
Tensor smooth_image(int channels) {
  Tensor image(DType::kUInt8, {24, 40, channels});
  auto out = image.data<std::uint8_t>().begin();
  for (int y = 0; y < 24; ++y) {
    for (int x = 0; x < 40; ++x) {
      for (int channel = 0; channel < channels; ++channel) {
        *out++ = static_cast<std::uint8_t>(40 + 3 * x + (channel - 1) * 2 * y);
      }
    }
  }
  return image;
}

TEST(Image, PngComesBackBitForBitInEveryFormWritten) {
  const TemporaryFolder folder;
  for (const DType dtype : {DType::kUInt8, DType::kUInt16}) {
    for (int channels = 1; channels <= 4; ++channels) {
      const Tensor image = drawn_image(7, 5, channels, dtype);
      const std::string path = folder.path("drawn.png");
      write_png(path, image);
      EXPECT_TRUE(decode_image(path).equals(image)) << channels;
      const ImageInfo expected{7, 5, channels, dtype == DType::kUInt16 ? 16 : 8};
      EXPECT_EQ(read_image_info(path), expected);
    }
  }
}

TEST(Image, PngOfRankTwoIsGrey) {
  const Tensor image = drawn_image(3, 4, 1);
  EXPECT_TRUE(decode_image(encode_png(image.reshape({3, 4})), "x").equals(image));
}

TEST(Image, InterlacedPng) {
  for (const DType dtype : {DType::kUInt8, DType::kUInt16}) {
    const Tensor image = drawn_image(13, 11, 3, dtype);
    EXPECT_TRUE(decode_image(testing::drawn_interlaced_png(image), "x").equals(image));
  }
}

TEST(Image, PalettePngBecomesColours) {
  const Tensor indices = Tensor::from<std::uint8_t>({1, 4}, {0, 3, 1, 2});
  for (const int bits : {2, 4, 8}) {
    const std::string opaque = testing::drawn_palette_png(indices, bits, false);
    const Tensor expected =
        Tensor::from<std::uint8_t>({1, 4, 3}, {0, 0, 255, 3, 6, 252, 1, 2, 254, 2, 4, 253});
    EXPECT_TRUE(decode_image(opaque, "x").equals(expected)) << bits;
    EXPECT_EQ(read_image_info(opaque, "x"), (ImageInfo{1, 4, 3, 8}));
    const Tensor seen = decode_image(testing::drawn_palette_png(indices, bits, true), "x");
    const Tensor with_alpha = Tensor::from<std::uint8_t>(
        {1, 4, 4}, {0, 0, 255, 0, 3, 6, 252, 255, 1, 2, 254, 255, 2, 4, 253, 255});
    EXPECT_TRUE(seen.equals(with_alpha)) << bits;
  }
}

TEST(Image, GreyPngOfFewBitsIsSpreadOverTheWholeRange) {
  const Tensor values = Tensor::from<std::uint8_t>({1, 4}, {0, 1, 2, 3});
  EXPECT_TRUE(decode_image(testing::drawn_low_grey_png(values, 2), "x")
                  .equals(Tensor::from<std::uint8_t>({1, 4, 1}, {0, 85, 170, 255})));
  const Tensor bits = Tensor::from<std::uint8_t>({1, 3}, {0, 1, 1});
  EXPECT_TRUE(decode_image(testing::drawn_low_grey_png(bits, 1), "x")
                  .equals(Tensor::from<std::uint8_t>({1, 3, 1}, {0, 255, 255})));
}

TEST(Image, JpegComesBackNearly) {
  const TemporaryFolder folder;
  for (const int channels : {1, 3}) {
    const Tensor image = smooth_image(channels);
    write_jpeg(folder.path("drawn.jpg"), image, 95);
    const Tensor read = decode_image(folder.path("drawn.jpg"));
    ASSERT_EQ(read.shape(), image.shape());
    EXPECT_LT(mean_difference(read, image), 1.5);
    const Tensor progressive = decode_image(drawn_jpeg(image, true), "x");
    EXPECT_LT(mean_difference(progressive, image), 2.0);
  }
}

TEST(Image, FourColourJpegBecomesRedGreenBlue) {
  Tensor inks(DType::kUInt8, {16, 16, 4});
  for (std::size_t pixel = 0; pixel < 256; ++pixel) {
    auto samples = inks.data<std::uint8_t>();
    samples[4 * pixel] = 200;  // Inverted, as Adobe stores it: 255 is no ink.
    samples[4 * pixel + 1] = 100;
    samples[4 * pixel + 2] = 50;
    samples[4 * pixel + 3] = 180;
  }
  std::string bytes = drawn_jpeg(inks, false);
  const Tensor read = decode_image(bytes, "x");
  ASSERT_EQ(read.shape(), (Shape{16, 16, 3}));
  EXPECT_NEAR(read.data<std::uint8_t>()[0], 200 * 180 / 255, 3);
  EXPECT_NEAR(read.data<std::uint8_t>()[1], 100 * 180 / 255, 3);
  EXPECT_NEAR(read.data<std::uint8_t>()[2], 50 * 180 / 255, 3);
}

TEST(Image, TiffOfEveryLayoutComesBackBitForBit) {
  int seen = 0;
  for (const bool big_endian : {false, true}) {
    for (const bool planar : {false, true}) {
      for (const std::uint32_t tile : {0U, 16U}) {
        for (const DType dtype : {DType::kUInt8, DType::kUInt16}) {
          for (int channels = 1; channels <= 4; ++channels) {
            const Tensor image = drawn_image(19, 21, channels, dtype);
            const std::string bytes =
                drawn_tiff(image, {.big_endian = big_endian, .planar = planar, .tile = tile});
            EXPECT_EQ(bytes.substr(0, 2), big_endian ? "MM" : "II");
            EXPECT_TRUE(decode_image(bytes, "x").equals(image))
                << big_endian << planar << tile << channels;
            ++seen;
          }
        }
      }
    }
  }
  EXPECT_EQ(seen, 64);
}

TEST(Image, CompressedTiffs) {
  const Tensor image = drawn_image(19, 21, 3);
  for (const int compression : {COMPRESSION_LZW, COMPRESSION_PACKBITS, COMPRESSION_ADOBE_DEFLATE}) {
    const std::string bytes =
        drawn_tiff(image, {.compression = static_cast<std::uint16_t>(compression)});
    EXPECT_TRUE(decode_image(bytes, "x").equals(image)) << compression;
  }
  const Tensor smooth = smooth_image(3);
  const std::string jpeg = drawn_tiff(
      smooth,
      {.rows_per_strip = 16, .compression = COMPRESSION_JPEG, .photometric = PHOTOMETRIC_YCBCR});
  EXPECT_LT(mean_difference(decode_image(jpeg, "x"), smooth), 6.0);
}

TEST(Image, WhiteIsZeroAndPaletteTiffs) {
  const Tensor image = Tensor::from<std::uint8_t>({1, 3, 1}, {0, 7, 255});
  EXPECT_TRUE(decode_image(drawn_tiff(image, {.photometric = PHOTOMETRIC_MINISWHITE}), "x")
                  .equals(Tensor::from<std::uint8_t>({1, 3, 1}, {255, 248, 0})));
  EXPECT_TRUE(
      decode_image(drawn_tiff(image, {.photometric = PHOTOMETRIC_PALETTE}), "x")
          .equals(Tensor::from<std::uint8_t>({1, 3, 3}, {0, 255, 0, 7, 248, 3, 255, 0, 127})));
}

TEST(Image, HalfFloatTiffIsRefusedWithItsReason) {
  const std::string bytes =
      drawn_tiff(drawn_image(2, 2, 1, DType::kUInt16), {.sample_format = SAMPLEFORMAT_IEEEFP});
  const std::string message = message_of([&] { decode_image(bytes, "half.tif"); });
  EXPECT_THAT(message, HasSubstr("half.tif"));
  EXPECT_THAT(message, HasSubstr("16 bits (floating)"));
}

struct SmallFile {
  std::string name;
  std::string bytes;
};

std::vector<SmallFile> small_files() {
  const Tensor colour = drawn_image(9, 10, 3);
  const auto pixels_last = [&](int compression) {
    return testing::with_pixels_last(drawn_tiff(
        colour, {.rows_per_strip = 16, .compression = static_cast<std::uint16_t>(compression)}));
  };
  return {
      {"plain_last.tif", pixels_last(COMPRESSION_NONE)},
      {"lzw_last.tif", pixels_last(COMPRESSION_LZW)},
      {"packbits_last.tif", pixels_last(COMPRESSION_PACKBITS)},
      {"deflate_last.tif", pixels_last(COMPRESSION_ADOBE_DEFLATE)},
      {"jpeg_last.tif",
       testing::with_pixels_last(drawn_tiff(colour, {.rows_per_strip = 16,
                                                     .compression = COMPRESSION_JPEG,
                                                     .photometric = PHOTOMETRIC_YCBCR}))},
      {"baseline.jpg", encode_jpeg(colour, 90)},
      {"progressive.jpg", drawn_jpeg(colour, true)},
      {"four_colours.jpg", drawn_jpeg(drawn_image(9, 10, 4), false)},
      {"colour.png", encode_png(colour)},
      {"wide.png", encode_png(drawn_image(9, 10, 2, DType::kUInt16))},
      {"palette.png",
       testing::drawn_palette_png(Tensor::from<std::uint8_t>({1, 4}, {0, 3, 1, 2}), 2, true)},
      {"interlaced.png", testing::drawn_interlaced_png(colour)},
      {"strips.tif", drawn_tiff(colour)},
      {"tiles.tif",
       drawn_tiff(drawn_image(9, 10, 1, DType::kUInt16), {.big_endian = true, .tile = 16})},
      {"lzw.tif", drawn_tiff(colour, {.planar = true, .compression = COMPRESSION_LZW})},
      {"packbits.tif", drawn_tiff(colour, {.compression = COMPRESSION_PACKBITS})},
      {"deflate.tif", drawn_tiff(colour, {.compression = COMPRESSION_ADOBE_DEFLATE})},
      {"palette.tif", drawn_tiff(drawn_image(5, 4, 1), {.photometric = PHOTOMETRIC_PALETTE})},
      {"jpeg.tif", drawn_tiff(colour, {.rows_per_strip = 16,
                                       .compression = COMPRESSION_JPEG,
                                       .photometric = PHOTOMETRIC_YCBCR})},
  };
}

TEST(HostileImage, CutOffAtEveryByteIsAnErrorOrTheWholeImage) {
  for (const SmallFile& file : small_files()) {
    const Tensor whole = decode_image(file.bytes, file.name);
    for (std::size_t length = 0; length < file.bytes.size(); ++length) {
      // A copy of its own, so that the address sanitizer sees a read behind its end.
      const std::vector<char> cut(file.bytes.begin(),
                                  file.bytes.begin() + static_cast<std::ptrdiff_t>(length));
      try {
        const Tensor image = decode_image(std::string_view(cut.data(), cut.size()), file.name);
        EXPECT_TRUE(image.equals(whole)) << file.name << " cut at " << length;
      } catch (const FormatError& error) {
        EXPECT_EQ(error.code(), "F001");
        EXPECT_THAT(error.what(), HasSubstr(file.name));
      }
    }
  }
}

TEST(HostileImage, CutInTheMiddleIsAnErrorForEveryKind) {
  for (const SmallFile& file : small_files()) {
    const std::string half = file.bytes.substr(0, file.bytes.size() / 2);
    EXPECT_THROW(decode_image(half, file.name), FormatError) << file.name;
  }
}

TEST(HostileImage, AJpegInsideOfATiffThatEndsEarlyIsAnError) {
  const std::string whole = drawn_tiff(
      smooth_image(3),
      {.rows_per_strip = 24, .compression = COMPRESSION_JPEG, .photometric = PHOTOMETRIC_YCBCR});
  EXPECT_NO_THROW(decode_image(testing::with_pixels_last(whole), "x"));
  for (const std::size_t missing : {3U, 20U, 100U}) {
    EXPECT_THROW(decode_image(testing::with_pixels_last(whole, missing), "x"), FormatError);
  }
}

TEST(HostileImage, AnyByteChangedNeverCrashes) {
  int refused = 0;
  for (const SmallFile& file : small_files()) {
    for (std::size_t index = 0; index < file.bytes.size(); ++index) {
      for (const unsigned change : {0xFFU, 0x01U, 0x80U}) {
        std::string bytes = file.bytes;
        bytes[index] = static_cast<char>(static_cast<unsigned char>(bytes[index]) ^ change);
        try {
          const ImageInfo info = read_image_info(bytes, file.name);
          const Tensor image = decode_image(bytes, file.name);
          EXPECT_EQ(image.shape(), (Shape{info.height, info.width, info.channels}));
        } catch (const FormatError&) {
          ++refused;
        }
      }
    }
  }
  EXPECT_GT(refused, 100);
}

TEST(HostileImage, SizesAreRefusedBeforeMemoryIsTaken) {
  std::string jpeg = encode_jpeg(drawn_image(8, 8, 3));
  const std::size_t frame = jpeg.find("\xFF\xC0");
  ASSERT_NE(frame, std::string::npos);
  jpeg.replace(frame + 5, 4, "\xFF\x00\xFF\x00", 4);
  EXPECT_THAT(message_of([&] { decode_image(jpeg, "huge.jpg"); }),
              HasSubstr("would take 12784435200 bytes"));

  const std::string tiff = drawn_tiff(drawn_image(4, 4, 1));
  std::string huge = tiff;
  // The tag of the width (256, LONG, count 1), little-endian, then its value.
  const std::size_t tag = huge.find(std::string("\x00\x01\x03\x00\x01\x00\x00\x00", 8));
  ASSERT_NE(tag, std::string::npos);
  huge.replace(tag + 2, 10, std::string("\x04\x00\x01\x00\x00\x00\x00\x00\x01\x00", 10));
  EXPECT_THAT(message_of([&] { decode_image(huge, "huge.tif"); }),
              HasSubstr("at most 65535 a side"));
}

TEST(HostileImage, OtherFilesAreRefusedByWhatTheyAre) {
  const TemporaryFolder folder;
  write_file_atomically(folder.path("note.jpg"), "this is text");
  const std::string text = message_of([&] { decode_image(folder.path("note.jpg")); });
  EXPECT_THAT(text, HasSubstr("note.jpg"));
  EXPECT_THAT(text, HasSubstr("a JPEG, PNG or TIFF file"));
  write_file_atomically(folder.path("empty.png"), "");
  EXPECT_THAT(message_of([&] { decode_image(folder.path("empty.png")); }),
              HasSubstr("the file is empty"));
  EXPECT_THAT(message_of([&] { decode_image(folder.path("absent.png")); }),
              HasSubstr("absent.png"));
}

TEST(HostileImage, AVolumeIsToldWithTheStageThatLoadsIt) {
  const std::string tiff_start = drawn_tiff(drawn_image(6, 5, 3, DType::kUInt8), {}).substr(0, 8);
  const std::vector<std::pair<std::string, std::string>> files = {
      {std::string(128, '\0') + "DICM", "a DICOM file"},
      {tiff_start + std::string(120, '\0') + "DICM", "a DICOM file"},
      {std::string(344, '\0') + "n+1", "a NIfTI file"},
      {"NRRD0004\n", "a NRRD file"},
      {"ObjectType = Image\n", "a MetaImage file"}};
  for (const auto& [bytes, kind] : files) {
    const std::string told = message_of([&] { decode_image(bytes, "a.dat"); });
    EXPECT_THAT(told, HasSubstr("a.dat: this is " + kind + ", and no image"));
    EXPECT_THAT(told, HasSubstr("use load_volume"));
    EXPECT_THAT(message_of([&] { read_image_info(bytes, "a.dat"); }), HasSubstr("use load_volume"));
  }
  EXPECT_THAT(message_of([] { decode_image("\x1f\x8b\x08", "a.nii.gz"); }),
              HasSubstr("use load_volume"));
  EXPECT_THAT(message_of([] { decode_image("\x1f\x8b\x08", "a.gz"); }),
              HasSubstr("not an image of a kind"));
}

TEST(ConvertChannels, LumaIsThatOfItuR601) {
  const Tensor colour =
      Tensor::from<std::uint8_t>({1, 4, 3}, {255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30});
  // Pillow's convert("L") gives these.
  EXPECT_TRUE(
      convert_channels(colour, 1).equals(Tensor::from<std::uint8_t>({1, 4, 1}, {76, 150, 29, 18})));
  const Tensor wide = Tensor::from<std::uint16_t>({1, 1, 3}, {65535, 65535, 65535});
  EXPECT_EQ(convert_channels(wide, 1).data<std::uint16_t>()[0], 65535);
}

TEST(ConvertChannels, EveryPairOfCounts) {
  const Tensor grey = Tensor::from<std::uint8_t>({1, 1, 1}, {9});
  const Tensor grey_alpha = Tensor::from<std::uint8_t>({1, 1, 2}, {9, 4});
  const Tensor colour = Tensor::from<std::uint8_t>({1, 1, 3}, {1, 2, 3});
  const Tensor colour_alpha = Tensor::from<std::uint8_t>({1, 1, 4}, {1, 2, 3, 4});
  const auto pixel = [](const Tensor& image, int channels) {
    const Tensor converted = convert_channels(image, channels);
    const auto data = converted.data<std::uint8_t>();
    return std::vector<int>(data.begin(), data.end());
  };
  using Pixel = std::vector<int>;
  EXPECT_EQ(pixel(grey, 3), (Pixel{9, 9, 9}));
  EXPECT_EQ(pixel(grey, 4), (Pixel{9, 9, 9, 255}));
  EXPECT_EQ(pixel(grey_alpha, 1), (Pixel{9}));
  EXPECT_EQ(pixel(grey_alpha, 3), (Pixel{9, 9, 9}));
  EXPECT_EQ(pixel(grey_alpha, 4), (Pixel{9, 9, 9, 4}));
  EXPECT_EQ(pixel(colour, 4), (Pixel{1, 2, 3, 255}));
  EXPECT_EQ(pixel(colour_alpha, 3), (Pixel{1, 2, 3}));
  EXPECT_EQ(pixel(colour_alpha, 0), (Pixel{1, 2, 3, 4}));
  EXPECT_EQ(convert_channels(grey, 1).bytes(), grey.bytes()) << "nothing to do copies nothing";
  EXPECT_THAT(message_of([&] { convert_channels(grey, 2); }), HasSubstr("channels = 2"));
}

TEST(LoadImage, ConvertsToTheDtypeAskedForAndKeepsValues) {
  const TemporaryFolder folder;
  const std::string narrow = folder.path("narrow.png");
  const std::string wide = folder.path("wide.png");
  write_png(narrow, Tensor::from<std::uint8_t>({1, 2, 1}, {3, 255}));
  write_png(wide, Tensor::from<std::uint16_t>({1, 2, 1}, {3, 60000}));
  EXPECT_EQ(load_image(narrow, 1, DType::kUInt16).data<std::uint16_t>()[1], 255);
  EXPECT_EQ(load_image(wide, 1, DType::kUInt16).data<std::uint16_t>()[1], 60000);
  EXPECT_EQ(load_image(wide, 1, DType::kInt32).data<std::int32_t>()[1], 60000);
  EXPECT_EQ(load_image(wide, 3, DType::kFloat32).data<float>()[5], 60000.0F);
  EXPECT_THAT(message_of([&] { load_image(narrow, 1, DType::kInt64); }), HasSubstr("int64"));
}

TEST(LoadImage, SixteenBitsIntoEightIsD001WithTheWayOut) {
  const TemporaryFolder folder;
  write_png(folder.path("wide.png"), drawn_image(2, 2, 1, DType::kUInt16));
  try {
    load_image(folder.path("wide.png"), 3, DType::kUInt8);
    FAIL() << "nothing was thrown";
  } catch (const DataError& error) {
    EXPECT_EQ(error.code(), "D001");
    EXPECT_THAT(error.what(), HasSubstr("wide.png"));
    EXPECT_THAT(error.what(), HasSubstr("dtype = \"uint16\" or \"float32\""));
  }
}

TEST(WriteImage, RefusesWhatTheFormatCannotHold) {
  const TemporaryFolder folder;
  const std::string path = folder.path("x.png");
  EXPECT_THAT(message_of([&] {
                write_png(path, Tensor(DType::kFloat32, {2, 2, 3}));
              }),
              HasSubstr("write_png"));
  EXPECT_THAT(message_of([&] {
                write_png(path, Tensor(DType::kUInt8, {2, 2, 5}));
              }),
              HasSubstr("1 to 4 channels"));
  EXPECT_THAT(message_of([&] { write_jpeg(path, drawn_image(2, 2, 2), 90); }),
              HasSubstr("2 channels"));
  EXPECT_THAT(message_of([&] { write_jpeg(path, drawn_image(2, 2, 3), 0); }),
              HasSubstr("quality = 0"));
  EXPECT_THAT(message_of([&] { write_jpeg(path, drawn_image(2, 2, 3, DType::kUInt16), 90); }),
              HasSubstr("uint8"));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Image, ThreadsDecodeAtOnce) {
  const std::vector<SmallFile> files = small_files();
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (const SmallFile& file : files) {
        const Tensor once = decode_image(file.bytes, file.name);
        wrong[t] += decode_image(file.bytes, file.name).equals(once) ? 0 : 1;
        EXPECT_THROW(decode_image(file.bytes.substr(0, 30), file.name), FormatError);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(RealImages, BloodCellsAreDecodedWhole) {
  const std::filesystem::path folder = TENON_SOURCE_DIR "/../shared/data/blood_cells/images";
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << "skipped: no ../shared/data";
  }
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (++count > 40) {
      break;
    }
    const Tensor image = decode_image(entry.path().string());
    EXPECT_EQ(image.shape(), (Shape{480, 640, 3})) << entry.path();
  }
  EXPECT_GT(count, 40);
}

}  // namespace
}  // namespace tenon::readers
