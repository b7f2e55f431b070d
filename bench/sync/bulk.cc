#include "bench/sync/bulk.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "isodb/repository.h"
#include "isodb/serve.h"
#include "isodb/sync.h"
#include "tests/support/sync_corpus.h"

namespace isodb::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using testing::SyncCorpus;

double since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

/// Of a history of many commits, each brings documents that lie together, as those of a day do.
std::string path_of(const BulkOptions& options, std::uint64_t i) {
  if (options.per_commit == 0) return SyncCorpus::path(i);
  constexpr std::uint64_t kFirstDay = 10'000;
  const std::string day = std::to_string(kFirstDay + i / options.per_commit);
  return "days/" + day + "/" + SyncCorpus::path(i).substr(std::string("visits/").size());
}

void commit(Transaction&& transaction) {
  if (!std::holds_alternative<CommitId>(transaction.commit({}))) {
    throw std::runtime_error("a commit was not taken");
  }
}

void fill(const BulkOptions& options, const fs::path& folder) {
  Repository repository = Repository::init(folder);
  const std::uint64_t step = options.per_commit == 0 ? options.documents : options.per_commit;
  for (std::uint64_t begin = 0; begin < options.documents; begin += step) {
    Transaction transaction = repository.begin();
    for (std::uint64_t i = begin; i < std::min(begin + step, options.documents); ++i) {
      transaction.put(path_of(options, i), SyncCorpus::document(i));
    }
    commit(std::move(transaction));
  }
}

/// Serves until it is told to end; says what processor time it took since it was told to begin.
void serve(const fs::path& folder, const std::string& address, const std::string& key,
           const Channel& channel) {
  Repository repository = Repository::open(folder);
  sync::ServeOptions options;
  options.listen = {address};
  options.allow = {PublicKey::parse(key).value()};
  sync::Server server(repository, options);
  channel.say("ready");
  std::thread listener([&] {
    double begun = 0;
    for (std::string said = channel.hear(); said != "end"; said = channel.hear()) {
      const double now = cpu_seconds();
      if (said == "took") channel.say(std::to_string(now - begun));
      begun = cpu_seconds();
    }
    server.stop();
  });
  server.run();
  listener.join();
}

void check(const sync::SyncResult& result) {
  if (result.error) throw Error(*result.error);
}

/// Clones, then waits for a change there and fetches it.
void clone(const std::string& address, const fs::path& folder, const Channel& channel) {
  sync::SyncOptions options;
  options.first_contact = [](const PublicKey&) { return true; };
  const auto begun = Clock::now();
  Clock::duration waited{};
  const sync::SyncResult result = sync::clone(sync::remote_at("isodb://" + address), folder,
                                              options, [&](const PublicKey& key) {
                                                const auto asked = Clock::now();
                                                channel.say(key.text());
                                                channel.hear();
                                                waited = Clock::now() - asked;
                                              });
  check(result);
  channel.say(std::to_string(since(begun + waited)));
  channel.say(std::to_string(result.bandwidth.total_in + result.bandwidth.total_out));
}

/// Of one field; the document is in the clone.
void change(const BulkOptions& options, const fs::path& folder, std::uint64_t weight) {
  Repository repository = Repository::open(folder);
  Transaction transaction = repository.begin();
  const std::uint64_t i = options.documents / 2;
  transaction.put(path_of(options, i), SyncCorpus::document(i, weight));
  commit(std::move(transaction));
}

/// Opens the clone and fetches, told when.
void fetch(const fs::path& folder, const Channel& channel) {
  Repository repository = Repository::open(folder);
  const std::optional<sync::Remote> remote = sync::find_remote(repository, "origin");
  const double before = cpu_seconds();
  check(sync::sync_with(repository, remote.value()));
  channel.say(std::to_string(cpu_seconds() - before));
}

void run_clone(const fs::path& hub, const fs::path& copy, BulkResult& result, std::string& address,
               std::string& key) {
  address = "127.0.0.1:" + std::to_string(free_port());
  Side receiver("clone", [&](const Channel& channel) { clone(address, copy, channel); });
  key = receiver.channel().hear();
  Side sender("serve", [&](const Channel& channel) { serve(hub, address, key, channel); });
  sender.channel().hear();
  receiver.channel().say("go");
  result.receiver = receiver.finish(&sender);
  result.seconds = std::stod(receiver.channel().hear());
  result.line_bytes = std::stoull(receiver.channel().hear());
  sender.channel().say("end");
  result.sender = sender.finish();
}

/// A session to agree, a change there, a session that brings it.
void run_change(const BulkOptions& options, const fs::path& hub, const fs::path& copy,
                const std::string& address, const std::string& key, BulkResult& result) {
  const auto fetched = [&](Side& server) {
    Side client("fetch", [&](const Channel& channel) { fetch(copy, channel); });
    const Usage usage = client.finish();
    server.channel().say("took");
    return std::pair(usage.cpu_seconds,
                     std::stod(client.channel().hear()) + std::stod(server.channel().hear()));
  };
  {
    Side server("serve", [&](const Channel& channel) { serve(hub, address, key, channel); });
    server.channel().hear();
    fetched(server);
    Side writer("change", [&](const Channel&) { change(options, hub, 4321); });
    writer.finish();
    server.channel().say("begin");
    result.change_cpu = fetched(server).second;
    server.channel().say("end");
    server.finish();
  }
  Side writer("change", [&](const Channel&) { change(options, hub, 5432); });
  writer.finish();
  Side server("serve", [&](const Channel& channel) { serve(hub, address, key, channel); });
  server.channel().hear();
  result.change_cpu_opening = fetched(server).first;
  server.channel().say("end");
  result.change_cpu_opening += server.finish().cpu_seconds;
}

}  // namespace

BulkResult run_bulk(const BulkOptions& options) {
  BulkResult result;
  const fs::path hub = options.folder / "hub", copy = options.folder / "clone";
  fs::create_directories(options.folder);
  Side filler("fill", [&](const Channel&) { fill(options, hub); });
  filler.finish();
  for (std::uint64_t i = 0; i < options.documents; ++i) {
    result.document_bytes += SyncCorpus::document(i).size();
  }
  std::string address, key;
  run_clone(hub, copy, result, address, key);
  run_change(options, hub, copy, address, key, result);
  return result;
}

}  // namespace isodb::bench
