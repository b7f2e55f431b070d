#pragma once

#include <map>
#include <string>
#include <utility>

#include "exchange/byte_sink.h"
#include "exchange/byte_source.h"
#include "isodb/repository.h"
#include "tests/support/testing.h"

namespace isodb::exchange {

/// A new repository in a temporary folder.
struct Fixture {
  testing::TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");

  /// Every document but what governs the repository: path -> bytes.
  std::map<std::string, std::string> documents(const std::string& revision = "@") const {
    std::map<std::string, std::string> found;
    const Snapshot snapshot = repository.snapshot(revision);
    for (DocumentCursor cursor = snapshot.documents(); cursor.valid(); cursor.next()) {
      if (!cursor.path().starts_with(kGovernedPrefix)) found[cursor.path()] = cursor.bytes();
    }
    return found;
  }
  std::map<std::string, std::string> refs() const {
    std::map<std::string, std::string> found;
    for (const RefInfo& ref : repository.refs()) found[ref.name] = ref.target.hex();
    return found;
  }
  void put(const std::map<std::string, std::string>& documents) {
    Transaction transaction = repository.begin();
    for (const auto& [path, bytes] : documents) transaction.put(path, bytes);
    transaction.commit({.message = "put"});
  }
};

/// Gathers what an export writes.
struct TextSink {
  std::string text;
  ByteSink sink{[this](ByteView bytes) { text.append(bytes); }};
};

using Documents = std::map<std::string, std::string>;

}  // namespace isodb::exchange
