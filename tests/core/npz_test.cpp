#include "tenon/npz.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>

#include "core/temporary_folder.hpp"
#include "core/throws.hpp"
#include "tenon/file.hpp"

namespace tenon {
namespace {

NamedTensors samples() {
  return {{"image", random_uniform({2, 3, 4}, 1)},
          {"labels", random_integers({5}, 2, -100, 100)},
          {"mask", Tensor::from({3}, std::vector<bool>{true, false, true})},
          {"double", Tensor::from({2}, {0.1, std::numeric_limits<double>::infinity()})},
          {"byte", Tensor::from({2, 1}, std::vector<std::uint8_t>{0, 255})},
          {"small", Tensor::from({2}, std::vector<std::int8_t>{-128, 127})},
          {"short", Tensor::from({1}, std::vector<std::int16_t>{-300})},
          {"word", Tensor::from({1}, std::vector<std::uint16_t>{65535})},
          {"int", Tensor::from({1}, std::vector<std::int32_t>{-70000})},
          {"names", Tensor::strings({2}, {"größe", ""})},
          {"empty", Tensor(DType::kFloat32, {0, 3})},
          {"scalar", Tensor::scalar(2.5F)}};
}

TEST(Npy, RoundTripsEveryDtype) {
  const TemporaryFolder folder;
  for (const auto& [name, tensor] : samples()) {
    save_npy(folder.file(name), tensor);
    EXPECT_TRUE(load_npy(folder.file(name)).equals(tensor)) << name;
  }
}

TEST(Npy, BFloat16IsWrittenAsFloat32) {
  const TemporaryFolder folder;
  save_npy(folder.file("a.npy"), Tensor::scalar(BFloat16(1.5F)));
  EXPECT_TRUE(load_npy(folder.file("a.npy")).equals(Tensor::scalar(1.5F)));
}

TEST(Npz, RoundTripsInOrder) {
  const TemporaryFolder folder;
  const NamedTensors written = samples();
  save_npz(folder.file("a.npz"), written);
  const NamedTensors read = load_npz(folder.file("a.npz"));
  const std::vector<NpzEntry> listed = list_npz(folder.file("a.npz"));
  ASSERT_EQ(read.size(), written.size());
  ASSERT_EQ(listed.size(), written.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i].first, written[i].first);
    EXPECT_TRUE(read[i].second.equals(written[i].second)) << written[i].first;
    EXPECT_EQ(listed[i].name, written[i].first);
    EXPECT_EQ(listed[i].dtype, written[i].second.dtype());
    EXPECT_EQ(listed[i].shape, written[i].second.shape());
  }
  EXPECT_EQ(folder.num_files(), 1U);
}

TEST(Npz, EqualTensorsGiveEqualFiles) {
  const TemporaryFolder folder;
  save_npz(folder.file("a.npz"), samples());
  save_npz(folder.file("b.npz"), samples());
  EXPECT_EQ(read_file(folder.file("a.npz")), read_file(folder.file("b.npz")));
}

TEST(Npz, WithoutMembersAndWithOddNames) {
  const TemporaryFolder folder;
  save_npz(folder.file("none.npz"), {});
  EXPECT_TRUE(load_npz(folder.file("none.npz")).empty());
  const NamedTensors odd = {{"größe/画像", Tensor::scalar(1.0F)}, {" a ", Tensor::scalar(2.0F)}};
  save_npz(folder.file("odd.npz"), odd);
  const NamedTensors read = load_npz(folder.file("odd.npz"));
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].first, "größe/画像");
  EXPECT_EQ(read[1].first, " a ");
}

TEST(Npz, FailedSaveLeavesTheOldFile) {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.npz");
  save_npz(path, {{"x", Tensor::scalar(1.0F)}});
  const std::string before = read_file(path);
  EXPECT_THROW(save_npz(path, {{"x", Tensor::scalar(1.0F)}, {"y", Tensor()}}), ContractError);
  EXPECT_THROW(save_npz(path, {{"s", Tensor::strings({1}, {"\xFF"})}}), FormatError);
  EXPECT_THROW(save_npz(path, {{"", Tensor::scalar(1.0F)}}), ContractError);
  EXPECT_EQ(text_thrown<KeyError>([&] {
              save_npz("a.npz", {{"x", Tensor::scalar(1.0F)}, {"x", Tensor::scalar(2.0F)}});
              return 0;
            }),
            "error[K012]: save_npz a.npz: the name \"x\" is there twice\n"
            "  expected: one array per name");
  EXPECT_EQ(read_file(path), before);
  EXPECT_EQ(folder.num_files(), 1U);
}

/// Runs a program of Debian's Python with NumPy in `folder`; false where there is none.
bool numpy_runs(const TemporaryFolder& folder, const std::string& program) {
  write_file_atomically(folder.file("program.py"), "import numpy as np\n" + program);
  const std::string start = "cd '" + folder.file("") + "' && /usr/bin/python3 ";
  return std::system((start + "program.py > output.txt 2>&1").c_str()) == 0;
}

bool has_numpy(const TemporaryFolder& folder) { return numpy_runs(folder, ""); }

TEST(Npz, NumpyReadsWhatIsWritten) {
  const TemporaryFolder folder;
  if (!has_numpy(folder)) GTEST_SKIP() << "skipped: no /usr/bin/python3 with numpy";
  NamedTensors tensors = samples();
  tensors.emplace_back("größe", Tensor::scalar(1.0F));
  save_npz(folder.file("a.npz"), tensors);
  save_npy(folder.file("a.npy"), tensors[1].second);
  const bool fine = numpy_runs(folder, R"(
a = np.load('a.npz')
assert a.files[:3] == ['image', 'labels', 'mask'], a.files
assert a['image'].shape == (2, 3, 4) and a['image'].dtype == np.float32
assert a['labels'].dtype == np.int64 and (a['labels'] == np.load('a.npy')).all()
assert a['mask'].tolist() == [True, False, True]
assert a['double'].tolist() == [0.1, np.inf]
assert a['byte'].tolist() == [[0], [255]] and a['small'].tolist() == [-128, 127]
assert a['short'].tolist() == [-300] and a['word'].tolist() == [65535]
assert a['names'].tolist() == ['größe', '']
assert a['empty'].shape == (0, 3) and a['scalar'] == np.float32(2.5)
assert a['größe'] == 1
import zipfile
assert zipfile.ZipFile('a.npz').testzip() is None
assert all(i.compress_type == zipfile.ZIP_STORED for i in zipfile.ZipFile('a.npz').infolist())
)");
  EXPECT_TRUE(fine) << read_file(folder.file("output.txt"));
}

TEST(Npz, ReadsWhatNumpyWrites) {
  const TemporaryFolder folder;
  const bool ran = numpy_runs(folder, R"(
x = np.arange(24, dtype='f4').reshape(2, 3, 4)
np.savez_compressed('a.npz', c=x, fortran=np.asfortranarray(x), big=x.astype('>f4'),
  bigfortran=np.asfortranarray(x.astype('>i2')), half=np.array([1.5, -2**-24, np.inf], 'f2'),
  u32=np.array([2**32 - 1], 'u4'), u64=np.array([2**63 - 1], 'u8'), s=np.array([b'ab', b'c']),
  u=np.array([['ä', 'xyz']], dtype='>U3'), boolean=np.array(True), größe=np.zeros((0, 2)))
)");
  if (!ran) GTEST_SKIP() << "skipped: no /usr/bin/python3 with numpy";
  NamedTensors read = load_npz(folder.file("a.npz"));
  ASSERT_EQ(read.size(), 11U);
  Tensor x(DType::kFloat32, {2, 3, 4});
  for (std::size_t i = 0; i < 24; ++i) x.data<float>()[i] = static_cast<float>(i);
  EXPECT_TRUE(read[0].second.equals(x));
  EXPECT_TRUE(read[1].second.equals(x)) << "Fortran order";
  EXPECT_TRUE(read[2].second.equals(x)) << "big endian";
  EXPECT_TRUE(read[3].second.equals(x.cast(DType::kInt16))) << "both";
  EXPECT_TRUE(read[4].second.equals(
      Tensor::from({3}, {1.5F, -0x1.0p-24F, std::numeric_limits<float>::infinity()})));
  EXPECT_EQ(read[5].second.data<std::int64_t>()[0], 4294967295);
  EXPECT_EQ(read[6].second.data<std::int64_t>()[0], std::numeric_limits<std::int64_t>::max());
  EXPECT_TRUE(read[7].second.equals(Tensor::strings({2}, {"ab", "c"})));
  EXPECT_TRUE(read[8].second.equals(Tensor::strings({1, 2}, {"ä", "xyz"})));
  EXPECT_TRUE(read[9].second.item<bool>());
  EXPECT_EQ(read[10].first, "größe");
  EXPECT_EQ(list_npz(folder.file("a.npz"))[10].shape, Shape({0, 2}));
}

}  // namespace
}  // namespace tenon
