// Damaged and hostile .npy and .npz files: each gives a FormatError, and takes no memory for what
// the file does not hold.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/temporary_folder.hpp"
#include "core/throws.hpp"
#include "tenon/file.hpp"
#include "tenon/npz.hpp"

namespace tenon {
namespace {

/// Not written atomically: these tests write thousands of files, and a sync takes milliseconds.
void put(const std::string& path, const std::string& contents) {
  // Removed first: some file systems flush a file that is cut to nothing and written again.
  std::filesystem::remove(path);
  std::ofstream(path, std::ios::binary) << contents;
}

std::string npy(const std::string& dictionary, const std::string& data = "", char major = 1) {
  const std::string text = dictionary + "\n";
  std::string file("\x93NUMPY", 6);
  file +=
      {major, '\0', static_cast<char>(text.size() & 0xFFU), static_cast<char>(text.size() >> 8)};
  if (major > 1) file += std::string(2, '\0');
  return file + text + data;
}

std::string header(const std::string& descr, const std::string& shape) {
  return "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }";
}

class NpyHostile : public ::testing::Test {
 protected:
  /// The text of the FormatError that reading `contents` throws, from the file's name on.
  std::string refusal(const std::string& contents) {
    put(path_, contents);
    const std::string text = text_thrown<FormatError>([&] { return load_npy(path_); });
    const std::string start = "error[F001]: " + path_;
    EXPECT_TRUE(text.starts_with(start)) << text;
    return text.size() < start.size() ? text : text.substr(start.size());
  }
  Tensor load(const std::string& contents) {
    put(path_, contents);
    return load_npy(path_);
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("a.npy");
};

TEST_F(NpyHostile, TruncatedAtEveryByte) {
  for (const std::string& whole : {npy(header("<f4", "(2,)"), "12345678"),
                                   npy(header("<U1", "(1,)"), std::string("a\0\0\0", 4), 2)}) {
    EXPECT_NO_THROW(load(whole));
    for (std::size_t size = 0; size < whole.size(); ++size) refusal(whole.substr(0, size));
  }
}

TEST_F(NpyHostile, ClaimsMoreThanTheFileHolds) {
  EXPECT_EQ(refusal(npy(header("<f4", "(3,)"), "12345678")),
            ": ends too early: the array (3,) needs 12 bytes behind the header\n"
            "  expected: at least 80 bytes, it has 76\n"
            "  fix: copy or write the file again");
  EXPECT_EQ(refusal(npy(header("<f4", "(1099511627776, 4)"))).substr(0, 49),
            ": the array (1099511627776, 4) is too large\n  exp");
  refusal(npy(header("|u1", "(4294967296, 4294967296, 4294967296)")));
  refusal(npy(header("|u1", "(9223372036854775807, 9223372036854775807)")));
  refusal(npy(header("|u1", "(99999999999999999999,)")));
  refusal(npy(header("<U268435455", "(1000,)")));
  EXPECT_EQ(load(npy(header("<f4", "(4294967296, 4294967296, 0)"))).size(), 0);
}

TEST_F(NpyHostile, HeaderLengthBeyondTheFile) {
  std::string file = npy(header("<f4", "()"), "1234");
  file[8] = '\xFF';
  file[9] = '\xFF';
  EXPECT_EQ(refusal(file).substr(0, 37), ": the .npy header claims 65535 bytes\n");
  file = npy(header("<f4", "()"), "1234", 2);
  file[11] = '\x7F';
  refusal(file);
}

TEST_F(NpyHostile, PickledObjectsAreRefused) {
  EXPECT_EQ(
      refusal(npy(header("|O", "(1,)"), "cos\nsystem\n")),
      ": the array's dtype \"|O\" means pickled objects, which are never loaded: they can run "
      "code\n"
      "  expected: bool, int8 to int64, uint8 to uint64, float16 to float64, or strings\n"
      "  fix: convert it with numpy's astype before saving");
}

TEST_F(NpyHostile, DtypesWithoutAWord) {
  for (const std::string descr : {"<c8", "<M8[ns]", "|V2", "<f16", "<f", "f4", "", "<", "<U", "<U0",
                                  "<U-1", "<U9999999999", "<Ux", "!f4", "<i3", "|b8"}) {
    refusal(npy(header(descr, "(1,)"), std::string(64, '\0')));
  }
  refusal(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "1234"));
}

TEST_F(NpyHostile, DictionariesThatAreNone) {
  for (const std::string text :
       {"", "{", "{}", "[]", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1.5,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 3}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (), 'more': 1}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}",
        "{'descr': '<f4, 'fortran_order': False, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': ()} x",
        "{'descr': __import__('os'), 'fortran_order': False, 'shape': ()}"}) {
    refusal(npy(text, std::string(64, '\0')));
  }
  std::string axes = "(";
  for (int i = 0; i < 65; ++i) axes += "1, ";
  refusal(npy(header("<f4", axes + ")"), "1234"));
}

TEST_F(NpyHostile, AcceptsWhatPythonMayWrite) {
  const std::string two = "{\"shape\": (2L,),\n 'descr':'|u1','fortran_order' :True}";
  EXPECT_EQ(load(npy(two, "ab")).data<std::uint8_t>()[1], 'b');
  EXPECT_EQ(load(npy(header("=u2", "(1)"), "\x01\x02")).data<std::uint16_t>()[0], 0x0201);
}

TEST_F(NpyHostile, ValuesThatCannotBeHeld) {
  EXPECT_EQ(refusal(npy(header("<u8", "(1,)"), std::string(8, '\xFF'))),
            ": a uint64 array holds 18446744073709551615\n"
            "  expected: at most 2^63 - 1: it becomes int64");
  refusal(npy(header("<U1", "(1,)"), std::string(4, '\x7F')));
  refusal(npy(header("<U1", "(1,)"), std::string("\x00\xD8\x00\x00", 4)));
  const Tensor bools = load(npy(header("|b1", "(3,)"), std::string("\x00\x02\xFF", 3)));
  EXPECT_EQ(static_cast<int>(bools.bytes()[1]), 1) << "a byte of 2 would be no bool";
  EXPECT_TRUE(bools.data<bool>()[2]);
}

TEST_F(NpyHostile, OtherFilesAndVersions) {
  refusal("");
  refusal("PK\x03\x04 and so on");
  EXPECT_EQ(refusal(npy(header("<f4", "()"), "1234", 4)).substr(0, 32),
            ": has the .npy version 4.0\n  exp");
  EXPECT_EQ(load(npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()}", "1234", 3)).size(),
            1);
}

class NpzHostile : public NpyHostile {
 protected:
  std::string zip_refusal(const std::string& contents) {
    put(path_, contents);
    return text_thrown<FormatError>([&] { return load_npz(path_); });
  }
  std::string small_archive() {
    save_npz(path_, {{"x", Tensor::from({2}, {1.0F, 2.0F})}, {"y", Tensor::scalar(1.0F)}});
    return read_file(path_);
  }
};

TEST_F(NpzHostile, TruncatedAtEveryByte) {
  const std::string whole = small_archive();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(zip_refusal(whole.substr(0, size)), "") << size;
  }
}

TEST_F(NpzHostile, EveryByteChangedNeverCrashes) {
  const std::string whole = small_archive();
  std::size_t refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int change : {0x01, 0x80, 0xFF}) {
      std::string changed = whole;
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ change);
      put(path_, changed);
      try {
        load_npz(path_);
      } catch (const FormatError&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, whole.size()) << "most changes are noticed";
}

TEST_F(NpzHostile, ChangedDataIsNoticedByTheChecksum) {
  std::string whole = small_archive();
  const std::string one("\x00\x00\x80\x3F\x00\x00\x00\x40", 8);
  const std::size_t at = whole.find(one);
  ASSERT_NE(at, std::string::npos);
  whole[at] = '\x01';
  EXPECT_NE(zip_refusal(whole).find("cannot be unpacked"), std::string::npos);
}

TEST_F(NpzHostile, OtherMembersAreRefused) {
  std::string whole = small_archive();
  for (std::size_t at = whole.find("y.npy"); at != std::string::npos; at = whole.find("y.npy")) {
    whole.replace(at, 5, "y.txt");
  }
  EXPECT_EQ(zip_refusal(whole), "error[F001]: " + path_ +
                                    ": the member \"y.txt\" is no .npy file\n"
                                    "  expected: an archive of .npy files only");
}

TEST_F(NpzHostile, DoubledMembersAreRefused) {
  std::string whole = small_archive();
  for (std::size_t at = whole.find("y.npy"); at != std::string::npos; at = whole.find("y.npy")) {
    whole.replace(at, 5, "x.npy");
  }
  EXPECT_EQ(zip_refusal(whole), "error[F001]: " + path_ +
                                    ": the member \"x\" is there twice\n"
                                    "  expected: one array per name");
}

TEST_F(NpzHostile, MissingAndForeignFiles) {
  EXPECT_THROW(load_npz(folder_.file("missing.npz")), FormatError);
  EXPECT_THROW(list_npz(folder_.file("missing.npz")), FormatError);
  EXPECT_THROW(load_npz(folder_.file("")), FormatError);
  EXPECT_NE(zip_refusal("no archive at all"), "");
}

/// A stored member whose directory claims `size` bytes; its data are `data`.
std::string lying_zip(std::uint32_t size, const std::string& data, char method) {
  const auto number = [](std::uint64_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>((value >> (8 * i)) & 0xFFU);
    return text;
  };
  const std::string name = "x.npy";
  const std::string common = number(20, 2) + number(0, 2) + std::string{method, '\0'} +
                             number(0, 4) + number(0, 4) +
                             number(static_cast<std::uint32_t>(data.size()), 4) + number(size, 4) +
                             number(5, 2) + number(0, 2);
  const std::string local = "PK\x03\x04" + common + name + data;
  const std::string central =
      "PK\x01\x02" + number(20, 2) + common + number(0, 6) + number(0, 4) + number(0, 4) + name;
  return local + central + "PK\x05\x06" + number(0, 4) + number(1, 2) + number(1, 2) +
         number(static_cast<std::uint32_t>(central.size()), 4) +
         number(static_cast<std::uint32_t>(local.size()), 4) + number(0, 2);
}

TEST_F(NpzHostile, ClaimsBeyondWhatTheArchiveCouldHold) {
  EXPECT_EQ(zip_refusal(lying_zip(0xFFFFFFF0U, npy(header("|u1", "(4294967000,)")), 8)),
            "error[F001]: " + path_ +
                ": the member \"x\" claims 4294967280 bytes in an archive of 185\n"
                "  expected: stored or deflated data, at most 1032 times the archive");
}

TEST_F(NpzHostile, MoreBytesThanTheHeaderSays) {
  const std::string data = npy(header("|u1", "(1,)"), "ab");
  EXPECT_NE(zip_refusal(lying_zip(static_cast<std::uint32_t>(data.size()), data, 0))
                .find("has more bytes than its header says"),
            std::string::npos);
}

}  // namespace
}  // namespace tenon
