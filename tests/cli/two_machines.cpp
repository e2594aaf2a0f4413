#include "cli/two_machines.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>
#include <utility>

#include "cli/mpirun.hpp"
#include "tenon/file.hpp"

namespace tenon::cli {
namespace {

constexpr const char* kFirstAddress = "10.77.0.1";
constexpr const char* kSecondAddress = "10.77.0.2";

bool succeeds(const std::string& command) {
  return std::system(("(" + command + ") >/dev/null 2>&1").c_str()) == 0;
}

void must(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = ::popen((command + " 2>/dev/null").c_str(), "r");
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
  ::pclose(pipe);
  return text;
}

std::string name_of(const char* which) {
  return "tenon_" + std::to_string(::getpid()) + "_" + which;
}

void write_script(const std::filesystem::path& path, const std::string& text) {
  write_file_atomically(path.string(), "#!/bin/sh\n" + text + "\n");
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
}

}  // namespace

std::string TwoMachines::why_not() {
  if (!Mpirun::is_open_mpi()) return "these machines are made known to Open MPI's mpirun";
  if (::geteuid() != 0) return "network namespaces are made by root";
  if (!succeeds("command -v ip && command -v unshare")) return "no ip (iproute2) or unshare";
  const std::string probe = name_of("probe");
  const bool possible = succeeds("ip netns add " + probe + " && ip -n " + probe +
                                 " link add link0 type veth peer name link1 && ip netns exec " +
                                 probe + " unshare --uts --pid --fork --mount-proc hostname probe");
  succeeds("ip netns del " + probe);
  return possible ? "" : "no network namespace can be made here (ip netns add)";
}

TwoMachines::TwoMachines(std::filesystem::path folder)
    : folder_(std::move(folder)), first_(name_of("first")), second_(name_of("second")) {
  must("ip netns add " + first_);
  must("ip netns add " + second_);
  must("ip link add link0 netns " + first_ + " type veth peer name link0 netns " + second_);
  for (const auto& [name, address] :
       {std::pair(first_, kFirstAddress), std::pair(second_, kSecondAddress)}) {
    const std::string on = "ip -n " + name + " ";
    must(on + "addr add " + address + "/24 dev link0");
    must(on + "link set lo up");
    must(on + "link set link0 up");
    // TCP gives a silent peer up after 3 seconds instead of 15 minutes: mpirun waits for that.
    must("ip netns exec " + name + " sh -c 'echo 3 >/proc/sys/net/ipv4/tcp_retries2'");
  }
  write_script(folder_ / "on_first.sh", "exec ip netns exec " + first_ +
                                            " unshare --uts sh -c 'hostname first; exec \"$@\"' "
                                            "sh \"$@\"");
  // As ssh: a host, then words that a shell takes apart. Processes have numbers of their own, as
  // on another machine: so no memory is shared with the first one.
  write_script(folder_ / "on_second.sh",
               "shift\nexec ip netns exec " + second_ +
                   " unshare --uts --pid --fork --kill-child --mount-proc sh -c 'hostname second; "
                   "eval \"$*\"; exit $?' sh \"$@\"");
  write_script(folder_ / "one_rank.sh", "exec 2>rank$OMPI_COMM_WORLD_RANK.txt\nexec \"$@\"");
}

TwoMachines::~TwoMachines() {
  for (const std::string& name : {first_, second_}) {
    succeeds("ip netns pids " + name + " | xargs -r kill -9");
    succeeds("ip netns del " + name);
  }
}

std::string TwoMachines::on_first() const { return (folder_ / "on_first.sh").string() + " "; }

std::string TwoMachines::mpirun(int ranks) const {
  const std::string slots = ":" + std::to_string((ranks + 1) / 2);
  return on_first() + "mpirun --allow-run-as-root --mca plm_rsh_agent " +
         (folder_ / "on_second.sh").string() +
         " --mca oob_tcp_if_include link0 --mca btl_tcp_if_include link0 --mca pml ob1"
         " --mca btl tcp,vader,self -H " +
         kFirstAddress + slots + "," + kSecondAddress + slots + " --map-by node -n " +
         std::to_string(ranks) + " " + (folder_ / "one_rank.sh").string() + " ";
}

void TwoMachines::cut() const { must("ip -n " + second_ + " link set link0 down"); }
void TwoMachines::join() const { must("ip -n " + second_ + " link set link0 up"); }

std::int64_t TwoMachines::bytes_sent() const {
  return std::stoll(
      output_of("ip netns exec " + first_ + " cat /sys/class/net/link0/statistics/tx_bytes"));
}

void TwoMachines::kill_all_on_second() const {
  // A process may have ended with its parent when its turn comes: what is left afterwards counts.
  const std::string pids = "ip netns pids " + second_;
  while (!output_of(pids).empty()) succeeds(pids + " | xargs -r kill -9");
}

bool TwoMachines::are_idle(double seconds) const {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  const std::string pids = "ip netns pids " + first_ + "; ip netns pids " + second_;
  while (!output_of(pids).empty()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

}  // namespace tenon::cli
