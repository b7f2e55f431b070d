#include "net/resolve.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "isodb/error.h"
#include "net/signals.h"
#include "net/system_error.h"

namespace isodb::net {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

struct Answer {
  int code = 0;  // of getaddrinfo()
  int error_number = 0;
  std::vector<Candidate> candidates;
};

/// Blocks for as long as the system's resolver likes, unless `flags` has AI_NUMERICHOST.
Answer ask_system(const Address& address, int flags) {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  Answer answer;
  const char* host = address.host.empty() ? nullptr : address.host.c_str();
  answer.code = ::getaddrinfo(host, std::to_string(address.port).c_str(), &wanted, &list);
  answer.error_number = errno;
  if (answer.code != 0) return answer;
  const std::unique_ptr<addrinfo, FreeAddresses> owner(list);
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    if (one->ai_family != AF_INET && one->ai_family != AF_INET6) continue;
    Candidate candidate;
    std::memcpy(&candidate.storage, one->ai_addr, one->ai_addrlen);
    candidate.length = one->ai_addrlen;
    answer.candidates.push_back(candidate);
  }
  return answer;
}

std::vector<Candidate> judged(const Address& address, Answer answer) {
  if (answer.code == 0 && !answer.candidates.empty()) return std::move(answer.candidates);
  const std::string message = "cannot find the host " + address.host + ": ";
  switch (answer.code) {
    case 0:
    case EAI_NONAME:
    case EAI_NODATA:
      throw Error(ErrorCode::kNotFound, message + "no such name", "check the spelling");
    case EAI_SYSTEM:
      throw Error(ErrorCode::kIo, message + reason_of(answer.error_number));
    default:
      throw Error(ErrorCode::kIo, message + ::gai_strerror(answer.code),
                  "check the network, and try again");
  }
}

/// IPv6 and IPv4 by turns, beginning with the first one's family (RFC 8305, section 4).
std::vector<Candidate> by_turns(std::vector<Candidate> all) {
  if (all.empty()) return all;
  const int first = all.front().family();
  const auto others = std::stable_partition(
      all.begin(), all.end(), [first](const Candidate& one) { return one.family() == first; });
  std::vector<Candidate> mixed;
  auto a = all.begin();
  for (auto b = others; a != others || b != all.end();) {
    if (a != others) mixed.push_back(*a++);
    if (b != all.end()) mixed.push_back(*b++);
  }
  return mixed;
}

/// What the asking and the waiting thread share.
struct Question {
  Cancellation answered;
  std::mutex mutex;  // being told by a descriptor does not order what memory holds
  Answer answer;     // under mutex
};

}  // namespace

void Candidate::set_port(std::uint16_t port) {
  if (family() == AF_INET6) {
    reinterpret_cast<sockaddr_in6&>(storage).sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in&>(storage).sin_port = htons(port);
  }
}

std::vector<Candidate> resolve(const Address& address, Deadline deadline,
                               const Cancellation* cancellation) {
  Answer numeric = ask_system(address, AI_NUMERICHOST);
  if (numeric.code == 0) return judged(address, std::move(numeric));
  const auto question = std::make_shared<Question>();
  {
    const NoSignals no_signals;
    std::thread([question, address] {
      Answer answer = ask_system(address, AI_ADDRCONFIG);
      {
        const std::lock_guard lock(question->mutex);
        question->answer = std::move(answer);
      }
      question->answered.request();
    }).detach();
  }
  while (!question->answered.requested()) {
    if (cancellation != nullptr && cancellation->requested()) {
      throw Error(ErrorCode::kStale, "stopped while looking for the host " + address.host);
    }
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      throw Error(ErrorCode::kIo, "cannot find the host " + address.host + ": time is up",
                  "check the network, and try again");
    }
    pollfd waiting[] = {{question->answered.descriptor(), POLLIN, 0},
                        {cancellation != nullptr ? cancellation->descriptor() : -1, POLLIN, 0}};
    ::poll(waiting, 2, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
  }
  const std::lock_guard lock(question->mutex);
  return by_turns(judged(address, std::move(question->answer)));
}

std::vector<Candidate> resolve_to_listen(const Address& address) {
  std::vector<Candidate> all = judged(address, ask_system(address, AI_PASSIVE));
  // IPv6 first: where the system lets one socket hear both, the other address is still free.
  std::stable_partition(all.begin(), all.end(),
                        [](const Candidate& one) { return one.family() == AF_INET6; });
  return all;
}

}  // namespace isodb::net
