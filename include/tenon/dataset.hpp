#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tenon/diagnostic.hpp"
#include "tenon/generator.hpp"
#include "tenon/lineage.hpp"
#include "tenon/record.hpp"
#include "tenon/source_location.hpp"
#include "tenon/spec.hpp"

namespace tenon {

namespace data {
class Source;
class Stage;
class Pipeline;
}  // namespace data

using Keys = std::vector<std::string>;
using KeyMap = std::vector<std::pair<std::string, std::string>>;
/// [height, width].
using Size2D = std::array<std::int64_t, 2>;

/// How many elements a dataset gives.
struct Cardinality {
  enum class Kind : std::uint8_t { kKnown, kInfinite, kUnknown };
  Kind kind = Kind::kUnknown;
  std::int64_t count = 0;  ///< When known. With filter or skipped bad samples: at most.
  bool exact = true;
  bool operator==(const Cardinality&) const = default;
};

/// What to do with a sample that a source or a stage cannot read or process.
enum class BadSamplePolicy : std::uint8_t { kStop, kSkip, kQuarantine };
struct BadSampleOptions {
  BadSamplePolicy policy = BadSamplePolicy::kStop;
  double max_bad = 0.01;  ///< The budget: more than this share of the samples read ends the run.
};
/// One bad sample, as the quarantine lists it.
struct BadSample {
  SampleIdentity sample;
  StageReference stage;
  std::string reason;
  SampleIdentity source{};  ///< As the source gave it: the row of the table that names a bad image.
  std::string split{};      ///< "train", "validation", "test" where fit or evaluate met it.
};

// Options of stages. `size` and `extent` are [height, width].
struct CsvOptions {
  char separator = ',';
  /// Dtypes of columns by name; the others are inferred from all rows: int64, float32 (a column
  /// whose numbers float32 cannot hold exactly as written decimals is still float32), or string.
  std::vector<std::pair<std::string, DType>> types{};
};
struct NpzOptions {
  Keys keys{};  ///< The arrays that are read, in this order; empty: all.
};
struct FolderOptions {
  /// The sub-folders that are read, in the order of their ids; empty: all, in the order of their
  /// names' bytes.
  std::vector<std::string> classes{};
};
struct TfRecordOptions {
  /// What is read of each record, by the features' names; the others are passed over. Empty: what
  /// the first 32 records hold, where a feature that is not in all of them, or not of one length,
  /// is of unknown length.
  std::vector<std::pair<std::string, TensorSpec>> features{};
};
struct WebDatasetOptions {
  /// The keys that are read and the endings of their files: {"image", "jpg;png"} takes of each
  /// sample the first of these that it has. Empty: a key, named as the ending, for each ending that
  /// at least half of the samples have.
  KeyMap keys{};
  int channels = 3;             ///< Of images, as of LoadImageOptions.
  DType dtype = DType::kUInt8;  ///< Of images, as of LoadImageOptions.
};
struct MapOptions {
  std::string name = "map";
  /// What the function does to the keys. Without it the function is run once on one sample when the
  /// dataset is first used and what it did is held as its contract.
  std::optional<Schema> result{};
};
struct LoadImageOptions {
  std::string root{};  ///< Put before relative paths.
  int channels = 3;    ///< 1, 3 or 4: the file is converted; 0: as in the file.
  /// kUInt8, kUInt16, kInt16, kInt32, kFloat32 or kFloat64. A file whose values the dtype may not
  /// hold (16 bits into kUInt8, floats into integers) is a bad sample.
  DType dtype = DType::kUInt8;
  int page = 0;  ///< Of a TIFF with several, from 0; they are a volume with load_volume.
  /// Of a JPEG only 1/8, 1/4 or 1/2 of the height and width are decoded where both are then still
  /// at least these; faster before a resize, whose result is then near, not equal, to the whole's.
  /// {0, 0}: the whole image.
  Size2D at_least{0, 0};
};
struct DecodeImageOptions {
  int channels = 3;             ///< As of LoadImageOptions.
  DType dtype = DType::kUInt8;  ///< As of LoadImageOptions.
};
struct LoadVolumeOptions {
  std::string root{};             ///< Put before relative paths.
  int channels = 1;               ///< Of a voxel, points in time included; 0: as in the file.
  DType dtype = DType::kFloat32;  ///< Or kUInt8, kInt8, kInt16, kUInt16, kInt32: label maps.
  std::string series{};           ///< Of a folder of DICOM files: the UID, or how it begins.
};
enum class Interpolation : std::uint8_t { kNearest, kBilinear, kArea };
struct ResizeOptions {
  Interpolation interpolation = Interpolation::kBilinear;
  bool antialias = true;  ///< When shrinking with kBilinear: the filter is widened by the factor.
};
struct CropOptions {
  Size2D size{0, 0};  ///< Resized to this; {0, 0}: left as cut.
  Interpolation interpolation = Interpolation::kBilinear;
  bool antialias = true;
  double padding_value = 0.0;  ///< Where the cut reaches over the border.
};
struct BatchOptions {
  bool drop_remainder = false;
  bool padded = false;  ///< Samples of different sizes are padded at the end to the largest.
  double padding_value = 0.0;
};
struct PadOptions {
  double value = 0.0;
  bool centered = false;  ///< Half before, half after; otherwise all after.
};
struct CropForegroundOptions {
  double threshold = 0.0;   ///< Foreground is what is above.
  std::int64_t margin = 0;  ///< Voxels kept around the box, as far as there are any.
};
/// How often a random patch lies around the foreground and around the background of a label map, as
/// parts of their sum.
struct LabelParts {
  double positive = 1.0;
  double negative = 1.0;
};
/// One patch of multi_scale_patches.
struct ScalePatch {
  std::string from;
  std::string to;
  std::vector<std::int64_t> size;  ///< Voxels: [depth, height, width], or [height, width].
  std::int64_t factor = 1;         ///< Each voxel stands for `factor` of the source along an axis.
  std::string interpolation = "linear";  ///< Means of the source's voxels; or "nearest": labels.
};
struct WindowOptions {
  std::array<double, 2> to{0.0, 1.0};
  bool clip = true;
  bool percentiles = false;  ///< The range is in percent of each sample's sorted values.
};
struct ZScoreOptions {
  std::string mask{};    ///< A key: what is above 0 counts, the rest becomes 0. Empty: all counts.
  bool nonzero = false;  ///< Zeros do not count and stay.
};
struct CutoutOptions {
  std::int64_t count = 1;
  double value = 0.0;
  double probability = 0.5;
};
/// Intervals are [lowest, highest]; every number is drawn evenly, once for all keys of a sample.
struct RandomAffineOptions {
  std::array<double, 2> rotate{0.0, 0.0};            ///< Degrees, for each plane.
  std::array<double, 2> scale{1.0, 1.0};             ///< Above 1 magnifies.
  std::array<double, 2> shear{0.0, 0.0};             ///< Voxels per voxel.
  std::array<double, 2> translate{0.0, 0.0};         ///< Voxels, for each axis.
  std::vector<std::string> interpolation{"linear"};  ///< Or "nearest": labels. Once, or per key.
  std::optional<double> outside{};  ///< Met outside; nothing: the nearest voxel of the border.
  double probability = 0.2;
};
struct RandomElasticOptions {
  std::array<double, 2> magnitude{0.0, 4.0};  ///< Standard deviation of the shifts, voxels.
  double node_distance = 16.0;                ///< Voxels between points that are shifted.
  std::vector<std::string> interpolation{"linear"};
  std::optional<double> outside{};
  double probability = 0.2;
};
struct FilterOptions {
  std::vector<std::string> in{};  ///< Kept if the value, as text, is one of these.
  std::optional<double> min{};
  std::optional<double> max{};
};
/// What becomes of the last elements, where they do not go round all ranks.
enum class ShardRemainder : std::uint8_t {
  kKeep,  ///< The first ranks get one more than the others.
  kDrop,  ///< Nobody gets them.
  kPad,   ///< The others get elements again that the epoch began with.
};
struct ShardOptions {
  ShardRemainder remainder = ShardRemainder::kKeep;
};
/// How the files of a source are read side by side.
struct InterleaveOptions {
  std::int64_t block_length = 1;  ///< Samples in a row from one file.
  bool shuffle_files = false;     ///< Files come in an order drawn for each epoch.
};
struct CacheOptions {
  /// Bytes; 0: no bound. In memory no more is kept once it is full; on disk what was not used for
  /// longest makes room.
  std::int64_t budget = 0;
  /// Names what functions before the cache do (map, filter, from_function), which nobody can see:
  /// another version is another cache. On disk it has to be there where such a function is.
  std::string version{};
};
/// What runs of a dataset are held to. They change nothing of the records.
struct DatasetOptions {
  /// Bytes that elements in queues of workers and of prefetch may take; each queue holds one
  /// element at least. Queues become longer within it where that helps. 0: their usual length.
  std::int64_t ram_budget = 0;
  /// Seconds after which a stage that is still at one sample is told as a warning; 0: never.
  double stall_timeout = 60.0;
};
/// What one stage took of a run, all threads together.
struct StageProfile {
  StageReference stage;  ///< index -1: reading the source.
  std::int64_t calls = 0;
  double seconds = 0.0;
  std::int64_t bytes = 0;  ///< Of the elements that it gave.
};
/// How full a queue was whenever its next element was asked for.
struct QueueProfile {
  std::string name;        ///< "workers", "prefetch"
  double ready = 0.0;      ///< Elements (of workers: tasks) that were ready, on average.
  double capacity = 0.0;   ///< For how many there is room.
  double starved = 0.0;    ///< The share of times when there was none.
  std::int64_t asked = 0;  ///< How often.
};
struct DataProfile {
  std::vector<StageProfile> stages;  ///< The source, then the stages that work on samples.
  std::vector<QueueProfile> queues;
  std::int64_t elements = 0;    ///< Given by next().
  double seconds = 0.0;         ///< Since the first next().
  double seconds_waited = 0.0;  ///< In next().
  int workers = 1;              ///< Threads that may work at once, as they were last.
  int most_workers = 1;         ///< Threads that there are; 1: the one that calls next().
  bool tuned = false;           ///< `workers` follows from what was measured.
  /// The one that took most; nullptr if nothing was run.
  const StageProfile* slowest() const noexcept;
};
/// How a dataset is run. The records do not depend on `threads`: at most 64 or 4 per core.
struct IterateOptions {
  std::uint64_t seed = 0;
  std::int64_t epoch = 0;
  /// Workers for loading and per-sample stages; 1: none; 0: as many as make next() and what its
  /// caller does in between fastest, at most one per core.
  int threads = 0;
};

/// Runs a dataset. next() is called by one thread at a time; workers run behind it.
class DatasetIterator {
 public:
  class Implementation;
  explicit DatasetIterator(std::shared_ptr<Implementation> implementation);
  DatasetIterator(DatasetIterator&&) noexcept;
  DatasetIterator& operator=(DatasetIterator&&) noexcept;
  ~DatasetIterator();

  /// False at the end. Throws DataError (G003, F001, …) with sample, stage and file.
  bool next(Record& record);
  const Schema& schema() const noexcept;
  /// Where this iterator stands, as text (JSON); restoring continues with the very next record.
  std::string state() const;
  /// Reads at most the samples that sat in shuffle and prefetch buffers. Throws FormatError if the
  /// state is not of this pipeline, DataError where a source cannot be resumed (a coroutine).
  void restore(const std::string& state);
  /// Bad samples met so far (skip, quarantine).
  const std::vector<BadSample>& bad_samples() const;
  /// Starts the next epoch: same pipeline, other random numbers.
  void next_epoch();
  /// Seconds that next() had to wait for data since the start.
  double seconds_waited() const noexcept;
  /// What the stages took since the start. May be called while another thread is in next().
  DataProfile profile() const;

 private:
  std::shared_ptr<Implementation> implementation_;
};

/// An immutable description of a stream of records: a source and stages. Every call returns a new
/// Dataset; nothing is read until it is iterated (a CSV's scan for types and the first element of a
/// generator are what schemas cost). Schema and lineage are there before any data are read.
///
/// A stage that needs a key which does not exist does not throw: the problem (K007, K012, …) is
/// kept in diagnostics(), so that all are told at once when the data meet a model, or are iterated.
/// A call whose own arguments cannot work (batch(0)) throws ContractError (A001) at once.
///
/// Which sample a record is travels beside it (Record::samples()). Where a stage asks for the key
/// "sample_index" by name (select, copy, rename, …) and the data have no such key, it is added
/// there: int64, the sample's position in the source. Nobody who does not ask for it gets it.
///
/// Stages work on samples and, behind batch or a generator of batches, on whole batches where that
/// makes sense (crops, filter by key and batch itself do not, and say so in diagnostics()). take,
/// skip, repeat and shuffle count samples of the source, bad ones too, until a filter or a batch
/// stands before them; then they count what that gives.
class Dataset {
 public:
  using Here = SourceLocation;

  // --- sources
  /// A coroutine, each yield an element (batched already, as in Keras). It can be run once; runs
  /// that need it again (a second epoch without steps_per_epoch) use the other overload.
  /// Every element is held to the keys, dtypes and shapes of the first (G002); the first axis is
  /// the batch ("B") if all keys of the first element agree on its size. Roles: inputs, targets,
  /// weights. The unnamed target has the key ""; weights have the keys of weight_key(). Throws
  /// DataError if the first element cannot be had (G003 with the error, G001 if there is none).
  static Dataset from_generator(Generator generator, Here location = Here::current());
  static Dataset from_generator(std::function<Generator()> make, Here location = Here::current());
  /// Named tensors with the samples along axis 0. Throws ShapeError (S005) if their counts differ.
  static Dataset from_tensors(NamedTensors tensors, Here location = Here::current());
  /// `read(i)` for i in [0, count): any order, several threads at once.
  static Dataset from_function(Schema schema, std::int64_t count,
                               std::function<Record(std::int64_t index)> read,
                               Here location = Here::current());
  /// The arrays of a .npz file, samples along axis 0. Names, dtypes and shapes are read at once,
  /// the arrays (whole, into memory) with the first sample. Throws FormatError (F001), ShapeError
  /// (S005) if their counts differ, KeyError (K007) for a name that the file has not.
  static Dataset from_npz(const std::string& path, NpzOptions options = {},
                          Here location = Here::current());
  /// … of several files with the same arrays, one after the other. `paths` may be patterns as of
  /// from_tfrecord.
  static Dataset from_npz(const std::vector<std::string>& paths, NpzOptions options = {},
                          Here location = Here::current());
  /// An image per sample, its class told by the sub-folder it lies in: "filename" (text, the path
  /// with `path` before it, for load_image) and "label" (int64, the class's position). JPEG, PNG
  /// and TIFF files directly in a sub-folder, by the ends of their names; hidden ones and others
  /// are passed over. Samples come in the order of classes, then of names. `path` may be the
  /// address of a folder in S3, "s3://bucket/prefix". Throws FormatError (F001).
  static Dataset from_folder(const std::string& path, FolderOptions options = {},
                             Here location = Here::current());
  /// The columns of a file as RFC 4180 describes it become scalar keys, named to the letter as in
  /// its header. Paths in columns stay text. Opening it reads it once, for the columns' types;
  /// after that 8 bytes a row are kept. A row with a wrong number of cells, or a cell that is empty
  /// in a column of numbers or does not fit its type, is a bad sample (F001) with file and line.
  /// Throws FormatError (F001) if there is no header, ContractError (A001) for options that cannot
  /// work.
  static Dataset from_csv(const std::string& path, CsvOptions options = {},
                          Here location = Here::current());
  /// … of several files with the same columns, one after the other; types are learnt from the rows
  /// of all. `paths` may be patterns as of from_tfrecord.
  static Dataset from_csv(const std::vector<std::string>& paths, CsvOptions options = {},
                          Here location = Here::current());
  /// The records of TFRecord files, each a serialized tf.train.Example: a key per feature. Patterns
  /// as "train-{000..007}.tfrecord" and "train-*" stand for several files, which follow each other;
  /// gzip files are unpacked into memory. Opening reads the length of every record and holds it to
  /// its checksum; after that 8 bytes a record are kept, and records are read in any order. Bytes
  /// become text, or numbers where `features` states a dtype of numbers (tf.io.decode_raw);
  /// decode_image reads pictures. A record that does not fit its checksum or `features` is a bad
  /// sample (F001) with file, record and byte; so is the place where the lengths of a file cannot
  /// be followed further. Throws FormatError (F001) for a missing file or if there are no records,
  /// ContractError (A001) for options that cannot work.
  static Dataset from_tfrecord(const std::vector<std::string>& paths, TfRecordOptions options = {},
                               Here location = Here::current());
  /// The samples in tar files as WebDataset lays them out: members that follow each other with one
  /// name up to the first dot are a sample, what follows the dot is its key. "__key__" is the name.
  /// By the end of the member's name: jpg, jpeg, png, tif, tiff an image (height, width, channels);
  /// npy an array; cls, cls2, index, inx, id a whole number (int64); everything else the bytes of
  /// the file, as text: txt, json. Pickles stay bytes; nothing in a file is executed. Patterns and
  /// gzip files as of from_tfrecord. Opening reads the members' headers; members are then read in
  /// any order. A member that cannot be read, or is missing, is a bad sample (F001) with its name;
  /// so is the place where a file cannot be followed further. Throws FormatError (F001) for a
  /// missing file or if there are no samples, ContractError (A001) for options that cannot work.
  static Dataset from_webdataset(const std::vector<std::string>& paths,
                                 WebDatasetOptions options = {}, Here location = Here::current());
  static Dataset from_source(std::shared_ptr<const data::Source> source);

  // --- stages on keys
  Dataset rename(KeyMap map, Here location = Here::current()) const;
  Dataset drop(Keys keys, Here location = Here::current()) const;
  Dataset copy(std::string from, std::string to, Here location = Here::current()) const;
  Dataset select(Keys keys, Here location = Here::current()) const;
  // --- stages on values
  /// `function` is called by several threads at once. See MapOptions::result.
  Dataset map(std::function<void(Record&)> function, MapOptions options = {},
              Here location = Here::current()) const;
  /// (height, width, channels) from the file named by the text key `from`: JPEG, PNG, TIFF.
  Dataset load_image(std::string from, std::string to, LoadImageOptions options = {},
                     Here location = Here::current()) const;
  /// The image in a key of text that holds the bytes of its file (JPEG, PNG or TIFF), as records of
  /// TFRecord files have it. Bytes that cannot be read are a bad sample (F001).
  Dataset decode_image(std::string from, std::string to, DecodeImageOptions options = {},
                       Here location = Here::current()) const;
  /// Reads a NIfTI, DICOM, NRRD or MetaImage volume, or a folder with one series of DICOM files:
  /// `to` is (depth, height, width, channels), x fastest, with the file's geometry; stored slope
  /// and intercept are applied. A file that cannot be read is a bad sample.
  Dataset load_volume(std::string from, std::string to, LoadVolumeOptions options = {},
                      Here location = Here::current()) const;
  Dataset resize(Keys keys, std::vector<std::int64_t> size, ResizeOptions options = {},
                 Here location = Here::current()) const;
  /// Cuts the box given by four scalar keys {xmin, ymin, xmax, ymax} in pixels, upper end not
  /// included. An empty box is a bad sample.
  Dataset crop_box(std::string from, std::string to, std::array<std::string, 4> box,
                   CropOptions options = {}, Here location = Here::current()) const;
  /// Cuts `extent` pixels around the middle of the box; over the border it is padded. The first
  /// column is floor((xmin + xmax - width) / 2), rows likewise.
  Dataset crop_around(std::string from, std::string to, std::array<std::string, 4> box,
                      Size2D extent, CropOptions options = {},
                      Here location = Here::current()) const;
  /// x * factor + offset, as float32.
  Dataset scale(Keys keys, double factor, double offset = 0.0,
                Here location = Here::current()) const;
  /// (x - mean) / standard_deviation, one number each or one per channel, as float32.
  Dataset normalize(Keys keys, std::vector<double> mean, std::vector<double> standard_deviation,
                    Here location = Here::current()) const;
  /// Throws nothing for lossy dtypes; a value that does not fit is a bad sample (D001).
  Dataset cast(Keys keys, DType dtype, Here location = Here::current()) const;
  /// The position of the text (or number, as text) in `classes`, as int64. Others are bad samples.
  Dataset encode(std::string from, std::string to, std::vector<std::string> classes,
                 Here location = Here::current()) const;
  /// Integer ids in [0, depth) to float32 vectors.
  Dataset one_hot(Keys keys, std::int64_t depth, Here location = Here::current()) const;
  /// `permutation` is of the sample's axes (from 0, the batch axis not counted), as NumPy's: the
  /// new axis i is the old axis permutation[i].
  Dataset transpose(Keys keys, std::vector<int> permutation, Here location = Here::current()) const;
  /// To [height, width]; larger ones are bad samples.
  Dataset pad(Keys keys, Size2D size, PadOptions options = {},
              Here location = Here::current()) const;
  /// Flips all keys together, each axis ("height", "width") with probability 1/2.
  Dataset random_flip(Keys keys, std::vector<std::string> axes,
                      Here location = Here::current()) const;

  // --- stages on images and volumes: keys are (height, width), (height, width, channels) or
  // (depth, height, width, channels) of one sample, before batch. Sizes are [depth, height, width],
  // or [height, width]. What is drawn at random is drawn once for all keys of a sample.
  /// Turns volumes by transposing and flipping, so that depth, height and width grow to the named
  /// sides (one each of L/R, A/P, S/I). Needs a geometry.
  Dataset orientation(Keys keys, std::string axes = "SPL", Here location = Here::current()) const;
  /// Resamples volumes to `spacing` [depth, height, width] in millimetres; the first voxel stays.
  Dataset spacing(Keys keys, std::vector<double> spacing,
                  std::vector<std::string> interpolation = {"linear"},
                  Here location = Here::current()) const;
  Dataset crop_center(Keys keys, std::vector<std::int64_t> size, double padding_value = 0.0,
                      Here location = Here::current()) const;
  Dataset pad_to_multiple(Keys keys, std::vector<std::int64_t> multiple, double value = 0.0,
                          Here location = Here::current()) const;
  /// Cuts the smallest box around what is above a threshold in `source` out of all keys.
  Dataset crop_foreground(Keys keys, std::string source, CropForegroundOptions options = {},
                          Here location = Here::current()) const;
  Dataset random_crop(Keys keys, std::vector<std::int64_t> size,
                      Here location = Here::current()) const;
  /// Around a random voxel that is above 0 in `label`, or is 0; moved inside at the border.
  Dataset random_crop_by_label(Keys keys, std::string label, std::vector<std::int64_t> size,
                               LabelParts parts = {}, Here location = Here::current()) const;
  /// Patches of several scales that share one centre; with `label`, drawn as
  /// random_crop_by_label does. What lies outside is 0.
  Dataset multi_scale_patches(std::vector<ScalePatch> patches, std::string label = "",
                              LabelParts parts = {}, Here location = Here::current()) const;
  /// As numpy.rot90 in the plane of two axes, 1 to 3 times.
  Dataset random_rotate_90(Keys keys, std::vector<std::string> axes = {"height", "width"},
                           double probability = 0.5, Here location = Here::current()) const;
  Dataset random_affine(Keys keys, RandomAffineOptions options,
                        Here location = Here::current()) const;
  Dataset random_elastic(Keys keys, RandomElasticOptions options = {},
                         Here location = Here::current()) const;
  /// Scales `range` to options.to; gives float32.
  Dataset window(Keys keys, std::array<double, 2> range, WindowOptions options = {},
                 Here location = Here::current()) const;
  /// (x - mean) / standard deviation of each sample and channel; gives float32.
  Dataset z_score(Keys keys, ZScoreOptions options = {}, Here location = Here::current()) const;
  Dataset equalize_histogram(Keys keys, std::int64_t bins = 256,
                             Here location = Here::current()) const;
  // … of float32; intervals are [lowest, highest].
  Dataset random_noise(Keys keys, std::array<double, 2> standard_deviation,
                       double probability = 0.1, Here location = Here::current()) const;
  Dataset random_brightness(Keys keys, std::array<double, 2> factor, double probability = 0.15,
                            Here location = Here::current()) const;
  Dataset random_contrast(Keys keys, std::array<double, 2> factor, double probability = 0.15,
                          Here location = Here::current()) const;
  Dataset random_gamma(Keys keys, std::array<double, 2> gamma, double inverted = 0.0,
                       double probability = 0.3, Here location = Here::current()) const;
  Dataset random_blur(Keys keys, std::array<double, 2> sigma, double probability = 0.2,
                      Here location = Here::current()) const;
  Dataset random_low_resolution(Keys keys, std::array<double, 2> zoom, double probability = 0.25,
                                Here location = Here::current()) const;
  Dataset random_cutout(Keys keys, std::vector<std::int64_t> size, CutoutOptions options = {},
                        Here location = Here::current()) const;
  /// {"image", {"t1", "t2"}}: a key for each channel, which keeps a last axis of 1.
  Dataset split_channels(std::string from, Keys to, Here location = Here::current()) const;
  Dataset merge_channels(Keys keys, std::string to, Here location = Here::current()) const;
  /// Behind batch: each row with another one, own · a + (1 − own) · b with own of Beta(alpha,
  /// alpha), drawn once for all keys.
  Dataset mixup(Keys keys, double alpha = 0.2, double probability = 1.0,
                Here location = Here::current()) const;
  // --- stages on the stream
  Dataset shuffle(std::int64_t buffer, Here location = Here::current()) const;
  /// Reads `cycle_length` files of a source of several side by side, as tf.data's interleave:
  /// block_length samples of each in turn; where a file ends, the next one takes its place when its
  /// turn comes again. Stands directly behind the source (A001). No more files than that are kept
  /// open, unless a shuffle behind it mixes samples of more.
  Dataset interleave(std::int64_t cycle_length, InterleaveOptions options = {},
                     Here location = Here::current()) const;
  Dataset batch(std::int64_t size, BatchOptions options = {},
                Here location = Here::current()) const;
  /// count < 0: for ever.
  Dataset repeat(std::int64_t count = -1, Here location = Here::current()) const;
  Dataset take(std::int64_t count, Here location = Here::current()) const;
  Dataset skip(std::int64_t count, Here location = Here::current()) const;
  /// Keeps in memory what stands here, sample by sample: what is before runs once for each.
  /// Needs a source with random access; random stages come behind it (A001).
  Dataset cache(CacheOptions options = {}, Here location = Here::current()) const;
  /// … in files of `folder`, for later runs and other processes too. Found again by the source's
  /// record, the stages before it with their arguments, and the files that they read (path, size,
  /// time of change): what changes is never served. See docs/pipeline.md. A crop (random_crop,
  /// random_crop_by_label, crop_center) directly behind it reads only what it cuts.
  Dataset cache(std::string folder, CacheOptions options = {},
                Here location = Here::current()) const;
  /// Every `of`-th element, from `rank` on: what this process takes of an epoch that `of` processes
  /// share. Together they have every element once. Best directly behind shuffle and before what
  /// reads. A state that any rank saved is continued by any number of ranks, each with its own
  /// shard of the same order.
  Dataset shard(std::int64_t rank, std::int64_t of, ShardOptions options = {},
                Here location = Here::current()) const;
  Dataset filter(std::function<bool(const Record&)> keep, Here location = Here::current()) const;
  Dataset filter(std::string key, FilterOptions options, Here location = Here::current()) const;
  /// batches = -1: as many as help, up to 16 and within DatasetOptions::ram_budget.
  Dataset prefetch(std::int64_t batches, Here location = Here::current()) const;
  Dataset stage(std::shared_ptr<const data::Stage> stage) const;
  Dataset on_bad_sample(BadSampleOptions options) const;
  Dataset with_options(DatasetOptions options) const;

  // --- what is known before reading
  /// Until observed(), a map without MapOptions::result counts as changing nothing.
  const Schema& schema() const;
  const Lineage& lineage() const;
  const std::vector<Diagnostic>& diagnostics() const;
  Cardinality cardinality() const;
  bool batched() const;  ///< A batch stage, or a source that yields batches.
  /// Source and stages in order, for messages.
  std::vector<StageReference> stages() const;
  /// Runs what can only be known by running (opaque maps) on one sample. Done by fit and iterate.
  Dataset observed() const;

  /// Throws ContractError with all of diagnostics() if any is an error.
  DatasetIterator iterate(IterateOptions options = {}) const;
  const std::shared_ptr<const data::Pipeline>& pipeline() const noexcept { return pipeline_; }

 private:
  explicit Dataset(std::shared_ptr<const data::Pipeline> pipeline);
  std::shared_ptr<const data::Pipeline> pipeline_;
};

}  // namespace tenon
