#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace tenon::cli {

/// Two machines for MPI: network namespaces with a cable between them, each with a host name of its
/// own, so that ranks on different ones have nothing but TCP between them. They share the disk.
class TwoMachines {
 public:
  /// Why there can be none here; empty where there can: root, `ip netns` and `unshare` are needed.
  static std::string why_not();

  /// Scripts that start programs on them are written into `folder`.
  explicit TwoMachines(std::filesystem::path folder);
  /// Ends what still runs on them.
  ~TwoMachines();
  TwoMachines(const TwoMachines&) = delete;
  TwoMachines& operator=(const TwoMachines&) = delete;

  /// The beginning of a line that starts so many processes by turns on both, mpirun on the first.
  /// Each writes its standard error into rankN.txt in the folder it runs in.
  std::string mpirun(int ranks) const;
  /// … that starts a program on the first one.
  std::string on_first() const;

  void cut() const;
  void join() const;
  /// Over the cable, by the first.
  std::int64_t bytes_sent() const;
  void kill_all_on_second() const;
  /// Whether nothing runs on them any more, waited for at most so long.
  bool are_idle(double seconds) const;

 private:
  std::filesystem::path folder_;
  std::string first_;  ///< Namespaces.
  std::string second_;
};

}  // namespace tenon::cli
