#include "data/cache/cache_entry.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "data/cache/chunking.hpp"
#include "data/cache/packed_numbers.hpp"
#include "data/cache/zstd_frames.hpp"
#include "data/region.hpp"
#include "tenon/error.hpp"

namespace tenon::data {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kMagic = "TENONC01";
constexpr std::size_t kPrefix = 16;  ///< The magic and the header's length.
constexpr std::int64_t kLargestHeader = std::int64_t{64} << 20;
/// Values below this lie in one chunk.
constexpr std::size_t kSmallValue = std::size_t{128} << 10U;
constexpr std::int64_t kVolumeEdge = 32;
constexpr std::int64_t kImageEdge = 256;
/// A use is noted this many seconds after the last note.
constexpr std::int64_t kNotedEvery = 600;

Size3D chunk_of(const Tensor& value) {
  if (value.dtype() == DType::kString || !is_spatial_rank(value.rank()) ||
      value.byte_size() < kSmallValue) {
    return {0, 0, 0};
  }
  if (value.rank() == 4) return {kVolumeEdge, kVolumeEdge, kVolumeEdge};
  return {1, kImageEdge, kImageEdge};
}

std::string text_bytes(const Tensor& value) {
  Json texts = Json::array();
  for (const std::string& text : value.data<std::string>())
    texts.push_back(Json::binary(std::vector<std::uint8_t>(text.begin(), text.end())));
  const std::vector<std::uint8_t> bytes = Json::to_cbor(texts);
  return {bytes.begin(), bytes.end()};
}

std::span<const std::byte> as_bytes(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

Json geometry_json(const Geometry& geometry) {
  return {geometry.spacing, geometry.origin, geometry.direction};
}

Geometry geometry_of(const Json& json) {
  Geometry geometry;
  json.at(0).get_to(geometry.spacing);
  json.at(1).get_to(geometry.origin);
  json.at(2).get_to(geometry.direction);
  return geometry;
}

/// The frames of one value, in order.
std::vector<std::string> frames_of(const Tensor& value, const Size3D& edge) {
  if (value.dtype() == DType::kString) return {compressed(as_bytes(text_bytes(value)))};
  if (edge[0] == 0) return {compressed({value.bytes(), value.byte_size()})};
  const Chunking chunking(Grid(value.shape()), edge);
  const auto voxel = static_cast<std::int64_t>(size_of(value.dtype())) * chunking.grid.channels;
  // copy_common writes to its second argument alone.
  const BoxView all{const_cast<std::byte*>(value.bytes()), {0, 0, 0}, chunking.grid.size};
  std::vector<std::byte> bytes;
  std::vector<std::byte> fewer;
  std::vector<std::string> frames;
  Index3D at{};
  for (at[0] = 0; at[0] < chunking.count[0]; ++at[0]) {
    for (at[1] = 0; at[1] < chunking.count[1]; ++at[1]) {
      for (at[2] = 0; at[2] < chunking.count[2]; ++at[2]) {
        const Size3D size = chunking.size(at);
        bytes.resize(static_cast<std::size_t>(size[0] * size[1] * size[2] * voxel));
        copy_common(all, {bytes.data(), chunking.first(at), size}, voxel);
        const bool floats = value.dtype() == DType::kFloat32;
        frames.push_back(compressed(floats ? packed_floats(bytes, fewer) : bytes));
      }
    }
  }
  return frames;
}

Json facts_json(const EntryFacts& facts) {
  Json files = Json::array();
  for (const ReadFile& file : facts.files) files.push_back({file.path, file.identity});
  Json samples = Json::array();
  for (const SampleIdentity& sample : facts.samples)
    samples.push_back({sample.index, sample.id, sample.file, sample.row});
  return {{"address", facts.address},
          {"pipeline", facts.pipeline},
          {"files", std::move(files)},
          {"samples", std::move(samples)}};
}

EntryFacts facts_of(const Json& json) {
  EntryFacts facts;
  facts.address = json.at("address").get<std::string>();
  facts.pipeline = json.at("pipeline").get<std::string>();
  for (const Json& file : json.at("files"))
    facts.files.push_back({file.at(0).get<std::string>(), file.at(1).get<std::string>()});
  for (const Json& sample : json.at("samples")) {
    facts.samples.push_back({sample.at(0).get<std::int64_t>(), sample.at(1).get<std::string>(),
                             sample.at(2).get<std::string>(), sample.at(3).get<std::int64_t>()});
  }
  return facts;
}

}  // namespace

void write_entry(AtomicFile& file, const Record& record, const EntryFacts& facts) {
  Json header = facts_json(facts);
  header["values"] = Json::array();
  std::vector<std::string> frames;
  std::uint64_t offset = 0;
  for (std::size_t slot = 0; slot < record.size(); ++slot) {
    const Tensor& value = record[slot];
    const Size3D edge = chunk_of(value);
    Json table = Json::array();
    for (std::string& frame : frames_of(value, edge)) {
      table.push_back(offset);
      table.push_back(frame.size());
      offset += frame.size();
      frames.push_back(std::move(frame));
    }
    Json json = {{"key", record.schema()[slot].key},
                 {"dtype", std::string(name_of(value.dtype()))},
                 {"shape", value.shape().dims()},
                 {"chunk", edge},
                 {"chunks", std::move(table)}};
    if (value.geometry() != nullptr) json["geometry"] = geometry_json(*value.geometry());
    header["values"].push_back(std::move(json));
  }
  const std::vector<std::uint8_t> cbor = Json::to_cbor(header);
  const std::string frame =
      compressed({reinterpret_cast<const std::byte*>(cbor.data()), cbor.size()});
  std::string prefix(kMagic);
  for (unsigned shift = 0; shift < 64; shift += 8)
    prefix += static_cast<char>(static_cast<std::uint64_t>(frame.size()) >> shift & 0xffU);
  file.write(prefix);
  file.write(frame);
  for (const std::string& each : frames) file.write(each);
}

CacheEntry::CacheEntry(const std::string& path) : path_(path) {
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) throw_file_error(path, "it cannot be opened");
  try {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) damaged("it has no size");
    file_bytes_ = status.st_size;
    changed_ = status.st_mtim.tv_sec;
    read_header();
  } catch (const Json::exception& error) {
    ::close(descriptor_);
    throw_file_error(path, fmt::format("its header is damaged: {}", error.what()));
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

CacheEntry::~CacheEntry() { ::close(descriptor_); }

void CacheEntry::damaged(const std::string& why) const { throw_file_error(path_, why); }

void CacheEntry::read_header() {
  std::array<char, kPrefix> prefix{};
  read_at(0, prefix);
  if (!std::string_view(prefix.data(), prefix.size()).starts_with(kMagic))
    damaged("it is no sample of a cache");
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < 8; ++i)
    length |= static_cast<std::uint64_t>(static_cast<unsigned char>(prefix[8 + i])) << (8 * i);
  if (length > static_cast<std::uint64_t>(file_bytes_)) damaged("it is cut off");
  std::string frame(length, '\0');
  read_at(kPrefix, frame);
  const std::int64_t size = content_size(frame);
  if (size < 0 || size > kLargestHeader) damaged("its header is damaged");
  std::vector<std::uint8_t> cbor(static_cast<std::size_t>(size));
  if (!decompress(frame, std::as_writable_bytes(std::span(cbor))))
    damaged("its header does not have its checksum");
  const Json header = Json::from_cbor(cbor);
  facts_ = facts_of(header);
  for (const Json& json : header.at("values")) {
    Value value;
    value.key = json.at("key").get<std::string>();
    const auto dtype = dtype_from_name(json.at("dtype").get<std::string>());
    if (!dtype) damaged("it has an unknown dtype");
    value.dtype = *dtype;
    value.shape = Shape(json.at("shape").get<std::vector<std::int64_t>>());
    json.at("chunk").get_to(value.chunk);
    if (json.contains("geometry")) value.geometry = geometry_of(json["geometry"]);
    const Json& table = json.at("chunks");
    for (std::size_t i = 0; i + 1 < table.size(); i += 2) {
      value.chunks.push_back(
          {kPrefix + length + table[i].get<std::uint64_t>(), table[i + 1].get<std::uint64_t>()});
    }
    values_.push_back(std::move(value));
  }
}

void CacheEntry::read_at(std::uint64_t offset, std::span<char> bytes) const {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::pread(descriptor_, bytes.data() + done, bytes.size() - done,
                                static_cast<off_t>(offset + done));
    if (got <= 0) damaged("it is cut off");
    done += static_cast<std::size_t>(got);
  }
  bytes_read_ += static_cast<std::int64_t>(done);
}

void CacheEntry::load(const Value& value, const Chunk& chunk, std::span<std::byte> into) const {
  if (chunk.bytes > static_cast<std::uint64_t>(file_bytes_)) damaged("it is cut off");
  thread_local std::string frame;
  thread_local std::vector<std::byte> kept;
  frame.resize(chunk.bytes);
  read_at(chunk.offset, frame);
  const std::int64_t size = content_size(frame);
  const bool fewer = value.dtype == DType::kFloat32 && size >= 0 &&
                     is_packed_size(static_cast<std::size_t>(size), into.size());
  if (fewer) kept.resize(static_cast<std::size_t>(size));
  if (!decompress(frame, fewer ? std::span(kept) : into))
    damaged("a chunk does not have its checksum");
  if (fewer) unpack_floats(kept, into);
}

Tensor CacheEntry::box(const Value& value, const Index3D& first, const Size3D& size) const {
  const Grid grid(value.shape);
  const Chunking chunking(grid, value.chunk);
  if (static_cast<std::int64_t>(value.chunks.size()) != chunking.chunks())
    damaged("it has another number of chunks than its header says");
  Tensor result = Tensor::uninitialized(value.dtype, grid.shape_of(size));
  const auto voxel = static_cast<std::int64_t>(size_of(value.dtype)) * grid.channels;
  const BoxView to{result.bytes(), first, size};
  thread_local std::vector<std::byte> bytes;
  Index3D low{};
  Index3D high{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    low[axis] = first[axis] / chunking.edge[axis];
    high[axis] = (first[axis] + size[axis] - 1) / chunking.edge[axis];
  }
  Index3D at{};
  for (at[0] = low[0]; at[0] <= high[0]; ++at[0]) {
    for (at[1] = low[1]; at[1] <= high[1]; ++at[1]) {
      for (at[2] = low[2]; at[2] <= high[2]; ++at[2]) {
        const Size3D its = chunking.size(at);
        bytes.resize(static_cast<std::size_t>(its[0] * its[1] * its[2] * voxel));
        load(value, value.chunks[chunking.index(at)], bytes);
        copy_common({bytes.data(), chunking.first(at), its}, to, voxel);
      }
    }
  }
  return result;
}

Tensor CacheEntry::whole(std::size_t at) const {
  const Value& value = values_[at];
  Tensor result;
  if (value.chunk[0] != 0) {
    result = box(value, {0, 0, 0}, Grid(value.shape).size);
  } else if (value.chunks.size() != 1) {
    damaged("it has another number of chunks than its header says");
  } else if (value.dtype == DType::kString) {
    std::string frame(value.chunks[0].bytes, '\0');
    read_at(value.chunks[0].offset, frame);
    const std::int64_t size = content_size(frame);
    if (size < 0 || size > kLargestHeader) damaged("its texts are damaged");
    std::vector<std::uint8_t> cbor(static_cast<std::size_t>(size));
    if (!decompress(frame, std::as_writable_bytes(std::span(cbor))))
      damaged("its texts are damaged");
    std::vector<std::string> texts;
    for (const Json& text : Json::from_cbor(cbor)) {
      const auto& bytes = text.get_binary();
      texts.emplace_back(bytes.begin(), bytes.end());
    }
    return Tensor::strings(value.shape, std::move(texts));
  } else {
    result = Tensor::uninitialized(value.dtype, value.shape);
    load(value, value.chunks[0], {result.bytes(), result.byte_size()});
  }
  if (value.geometry) result.set_geometry(*value.geometry);
  return result;
}

Tensor CacheEntry::part(std::size_t at, const Index3D& first, const Size3D& size,
                        double padding) const {
  const Value& value = values_[at];
  if (value.chunk[0] == 0) return crop_volume(whole(at), first, size, padding);
  return part_from_box(
      value.shape, geometry(at), first, size, padding,
      [&](const Index3D& low, const Size3D& inside) { return box(value, low, inside); });
}

void CacheEntry::touch() const noexcept {
  struct timespec now {};
  ::clock_gettime(CLOCK_REALTIME, &now);
  if (now.tv_sec - changed_ < kNotedEvery) return;
  const std::array<struct timespec, 2> times{now, now};
  // Of no consequence where it fails: the entry may go sooner.
  static_cast<void>(::futimens(descriptor_, times.data()));
}

}  // namespace tenon::data
