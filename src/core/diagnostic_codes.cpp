#include <array>

#include "tenon/diagnostic.hpp"

namespace tenon {
namespace {

constexpr std::array<CodeEntry, 35> kCodes = {{
    {"K001", "a model input has no data"},
    {"K002", "a model input has no data; an unused key differs only in case"},
    {"K003",
     "a model input has no data; an unused key differs only in blanks, invisible or "
     "look-alike characters, or separators"},
    {"K004", "a model input has no data; an unused key is a likely typo of it"},
    {"K005", "a model input has no data; a stage dropped or renamed it"},
    {"K006", "a model input has no data; an unused key has exactly its spec"},
    {"K007", "a stage needs a key that does not exist at that place"},
    {"K010", "a data key that nothing uses"},
    {"K011", "a target has no data, or a data key matches no output"},
    {"K012", "a key appears twice, or a stage writes a key that exists"},
    {"S001", "wrong rank: the batch axis is missing"},
    {"S002", "wrong shape"},
    {"S003", "two inputs look swapped"},
    {"S004", "channels first where channels last is expected, or the reverse"},
    {"S005", "batch sizes differ between keys"},
    {"S006", "samples of one key differ in shape and cannot be batched"},
    {"S007", "target and output do not fit the loss"},
    {"S008", "keys that must share a grid lie on different ones"},
    {"S009", "where a volume lies is not known, or cannot be"},
    {"D001", "a dtype cannot be converted without loss"},
    {"D002", "values outside the declared range"},
    {"D003", "the values are likely on the wrong scale"},
    {"G001", "the data ends before training does"},
    {"G002", "a key vanished or changed in the middle of a run"},
    {"G003", "the generator or a stage threw"},
    {"L001", "the same sample, file or group is in two splits"},
    {"M001", "the model itself is wrong"},
    {"C001", "the experiment file is wrong"},
    {"C002", "a callback watches a name that does not exist"},
    {"W001", "weights do not fit the model"},
    {"A001", "an argument is outside of what the function takes"},
    {"F001", "a file is missing, damaged or over a limit"},
    {"R001", "the ranks of a run are not about to do the same"},
    {"R002", "a rank of a run does not answer, or there can be none"},
    {"E001", "an engine is missing or cannot do what was asked"},
}};

}  // namespace

std::span<const CodeEntry> diagnostic_codes() noexcept { return kCodes; }

}  // namespace tenon
