// The only file that sees MPI. Built where CMake found it; else no_mpi.cpp is.
#include <fmt/format.h>
#include <mpi.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "dist/mpi.hpp"
#include "dist/started_rank.hpp"
#include "dist/tags.hpp"
#include "tenon/error.hpp"

namespace tenon::dist {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void throw_mpi(const char* call, int status) {
  std::array<char, MPI_MAX_ERROR_STRING + 1> text{};
  int length = 0;
  MPI_Error_string(status, text.data(), &length);
  throw Error(make_diagnostic("R002", fmt::format("{} failed: {}", call, text.data()), {},
                              "see what the other ranks say; restart the job with --resume"));
}

void check(const char* call, int status) {
  if (status != MPI_SUCCESS) throw_mpi(call, status);
}

bool is_running() noexcept {
  int begun = 0;
  int ended = 0;
  MPI_Initialized(&begun);
  MPI_Finalized(&ended);
  return begun != 0 && ended == 0;
}

/// MPI between its beginning and its end in this process.
class Session {
 public:
  static Session& get() {
    static Session session;
    return session;
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  MPI_Comm world() const noexcept { return world_; }
  MPI_Comm machine() const noexcept { return machine_; }
  void note_failure() noexcept { failed_ = true; }

  void end(bool failed, int status) noexcept {
    // MPICH's MPI_Abort calls exit(), which comes here again: what has failed is not waited for.
    if (std::exchange(is_ending_, true) || !is_running()) return;
    std::fflush(nullptr);
    if (failed || failed_) {
      all_say_goodbye(std::chrono::seconds(5));
      abort(status != 0 ? status : 1);
      return;
    }
    if (ours_) MPI_Finalize();
  }

 private:
  Session() {
    int begun = 0;
    MPI_Initialized(&begun);
    int level = MPI_THREAD_SINGLE;
    if (begun == 0) {
      check("MPI_Init_thread", MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &level));
      ours_ = true;
    } else {
      MPI_Query_thread(&level);
    }
    int main_thread = 0;
    MPI_Is_thread_main(&main_thread);
    if (level < MPI_THREAD_SERIALIZED && main_thread == 0) {
      throw Error(make_diagnostic(
          "R002", "this MPI takes calls from the thread that began it only, and this is another",
          {}, "call fit from the main thread"));
    }
    MPI_Comm_dup(MPI_COMM_WORLD, &world_);
    MPI_Comm_set_errhandler(world_, MPI_ERRORS_RETURN);
    MPI_Comm_split_type(world_, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine_);
  }
  ~Session() { end(false, 1); }

  /// Waits until every rank has come here: then all have said what they had to say.
  void all_say_goodbye(std::chrono::seconds longest) noexcept {
    MPI_Request request = MPI_REQUEST_NULL;
    if (MPI_Ibarrier(world_, &request) != MPI_SUCCESS) return;
    const Clock::time_point start = Clock::now();
    for (int done = 0; done == 0 && Clock::now() - start < longest;) {
      if (MPI_Test(&request, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  /// MPICH's MPI_Abort waits for the other ranks' answers (over UCX), and may so for ever; where
  /// this process has gone with its status, mpirun ends the others.
  void abort(int status) noexcept {
    try {
      std::thread([status] {
        std::this_thread::sleep_for(std::chrono::seconds(5));
        std::_Exit(status);
      }).detach();
    } catch (const std::exception&) {  // No thread: MPI alone has to do it.
    }
    MPI_Abort(world_, status);
  }

  bool ours_ = false;
  bool failed_ = false;
  bool is_ending_ = false;
  MPI_Comm world_ = MPI_COMM_NULL;
  MPI_Comm machine_ = MPI_COMM_NULL;
};

/// To another machine longer messages go in pieces. MPI begins a long one only when the receiver
/// has answered, and over TCP the answer waits behind all that goes the same way: two ranks that
/// send to each other then take turns (twice the time). What is shorter than Open MPI's 64 KB goes
/// at once.
constexpr std::size_t kPieceBytes = 60 * 1024;

class MpiTransport final : public Transport {
 public:
  MpiTransport() : session_(Session::get()) {
    MPI_Comm_rank(session_.world(), &rank_);
    MPI_Comm_size(session_.world(), &size_);
    MPI_Comm_size(session_.machine(), &local_size_);
    for (int other = 0; other < size_; ++other) is_here_.push_back(is_here(other));
  }

  int rank() const noexcept override { return rank_; }
  int size() const noexcept override { return size_; }
  int local_size() const noexcept override { return local_size_; }

  Ticket send(int to, int tag, std::span<const std::byte> bytes) override {
    Entry entry;
    for_pieces(to, bytes, [&](std::span<const std::byte> piece) {
      entry.requests.push_back(MPI_REQUEST_NULL);
      check("MPI_Isend", MPI_Isend(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, to, tag,
                                   session_.world(), &entry.requests.back()));
    });
    return keep(std::move(entry));
  }
  Ticket receive(int from, int tag, std::span<std::byte> bytes) override {
    Entry entry{.requests = {}, .receives = true};
    for_pieces(from, bytes, [&](std::span<std::byte> piece) {
      entry.requests.push_back(MPI_REQUEST_NULL);
      check("MPI_Irecv", MPI_Irecv(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, from,
                                   tag, session_.world(), &entry.requests.back()));
    });
    return keep(std::move(entry));
  }
  bool done(Ticket ticket) override {
    const auto entry = requests_.find(ticket);
    if (entry == requests_.end()) return true;
    int done = 0;
    std::vector<MPI_Request>& requests = entry->second.requests;
    check("MPI_Testall", MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done,
                                     MPI_STATUSES_IGNORE));
    if (done != 0) requests_.erase(entry);
    return done != 0;
  }
  void abandon() noexcept override {
    session_.note_failure();
    for (auto& [ticket, entry] : requests_) {
      for (MPI_Request& request : entry.requests) {
        if (request == MPI_REQUEST_NULL) continue;
        if (entry.receives) MPI_Cancel(&request);
        MPI_Request_free(&request);
      }
    }
    requests_.clear();
  }

  void announce(const std::string& text) override {
    announcement_ = text;
    heard_by_.assign(static_cast<std::size_t>(size_), MPI_REQUEST_NULL);
    for (int other = 0; other < size_; ++other) {
      if (other == rank_) continue;
      // Done when the other has it, not when it has left here.
      check("MPI_Issend", MPI_Issend(announcement_.data(), static_cast<int>(announcement_.size()),
                                     MPI_BYTE, other, kAnnouncementTag, session_.world(),
                                     &heard_by_[static_cast<std::size_t>(other)]));
    }
  }
  std::optional<Announcement> heard() override {
    int there = 0;
    MPI_Status status;
    check("MPI_Iprobe",
          MPI_Iprobe(MPI_ANY_SOURCE, kAnnouncementTag, session_.world(), &there, &status));
    if (there == 0) return std::nullopt;
    int length = 0;
    MPI_Get_count(&status, MPI_BYTE, &length);
    Announcement told{status.MPI_SOURCE, std::string(static_cast<std::size_t>(length), '\0')};
    check("MPI_Recv", MPI_Recv(told.text.data(), length, MPI_BYTE, told.from, kAnnouncementTag,
                               session_.world(), MPI_STATUS_IGNORE));
    return told;
  }
  bool was_heard_by(int to, double seconds) override {
    if (heard_by_.empty()) return false;
    const Clock::time_point start = Clock::now();
    int done = 0;
    do {
      MPI_Test(&heard_by_[static_cast<std::size_t>(to)], &done, MPI_STATUS_IGNORE);
      if (done == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    } while (done == 0 && Clock::now() - start < std::chrono::duration<double>(seconds));
    return done != 0;
  }

 private:
  struct Entry {
    std::vector<MPI_Request> requests;
    bool receives = false;
  };
  Ticket keep(Entry entry) {
    requests_.emplace(next_, std::move(entry));
    return next_++;
  }

  bool is_here(int other) const {
    MPI_Group all = MPI_GROUP_NULL;
    MPI_Group here = MPI_GROUP_NULL;
    MPI_Comm_group(session_.world(), &all);
    MPI_Comm_group(session_.machine(), &here);
    int place = MPI_UNDEFINED;
    MPI_Group_translate_ranks(all, 1, &other, here, &place);
    MPI_Group_free(&all);
    MPI_Group_free(&here);
    return place != MPI_UNDEFINED;
  }
  /// The same ones on both sides; one for an empty message.
  template <class Bytes, class Call>
  void for_pieces(int other, Bytes bytes, Call call) const {
    const bool whole = is_here_[static_cast<std::size_t>(other)];
    std::size_t at = 0;
    do {
      const auto piece =
          bytes.subspan(at, whole ? bytes.size() : std::min(kPieceBytes, bytes.size() - at));
      call(piece);
      at += piece.size();
    } while (at < bytes.size());
  }

  Session& session_;
  int rank_ = 0;
  int size_ = 1;
  int local_size_ = 1;
  std::vector<bool> is_here_;  ///< By rank: on this machine.
  Ticket next_ = 0;
  std::map<Ticket, Entry> requests_;
  std::string announcement_;
  std::vector<MPI_Request> heard_by_;
};

}  // namespace

bool has_mpi() noexcept { return true; }

std::string mpi_description() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING + 1> text{};
  int length = 0;
  MPI_Get_library_version(text.data(), &length);
  const std::string all(text.data());
  return all.substr(0, all.find_first_of(",\n"));
}

bool started_by_mpi() noexcept { return started_ranks() > 0; }

std::unique_ptr<Transport> mpi_transport() { return std::make_unique<MpiTransport>(); }

void end_mpi(bool failed, int status) noexcept {
  if (is_running()) Session::get().end(failed, status);
}

}  // namespace tenon::dist
