#include "sync/incoming_heads.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace isodb::sync {
namespace {

/// HELLO names no more (docs/protocol.md).
constexpr std::size_t kHeadsKeptMax = 1024;

}  // namespace

void name_heads(refs::Database& database, const std::string& prefix,
                const std::set<CommitId>& wanted, refs::WriteBatch& batch) {
  constexpr const char* kReason = "sync";
  std::set<CommitId> unnamed = wanted;
  std::vector<refs::Ref> free;
  std::set<std::string> names;
  for (const refs::Ref& ref : database.refs(prefix)) {
    names.insert(ref.name);
    if (unnamed.erase(CommitId(ref.target)) == 0) free.push_back(ref);
  }
  for (std::size_t number = 0; !unnamed.empty() && number < kHeadsKeptMax;) {
    const CommitId head = *unnamed.begin();
    if (!free.empty()) {
      batch.moves.push_back({free.back().name, free.back().target, head, kReason});
      free.pop_back();
    } else {
      const std::string name = prefix + std::to_string(number++);
      if (names.contains(name)) continue;
      batch.moves.push_back({name, std::nullopt, head, kReason});
    }
    unnamed.erase(head);
  }
  for (const refs::Ref& ref : free) {
    batch.moves.push_back({ref.name, ref.target, std::nullopt, kReason});
  }
}

void part_from_copies(const RepositoryState& repository, std::uint64_t sequence,
                      refs::WriteBatch& batch) {
  batch.sequence_min = sequence;
  WriterId writer;
  repository.environment.random_bytes(reinterpret_cast<std::uint8_t*>(&writer.value),
                                      sizeof writer.value);
  batch.settings.emplace_back(repo::kSettingWriter, writer.hex());
}

}  // namespace isodb::sync
