#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "isodb/repository.h"

namespace isodb::exchange {

/// Puts any number of documents onto the current branch: in one commit at the end, or in commits of
/// `batch` documents, each durable when made. Without a batch, nothing is visible before finish().
/// Memory: about 100 bytes a document of the commit under way. One thread.
class BatchedWriter {
 public:
  struct Options {
    std::uint64_t batch = 0;  ///< documents a commit; 0: all in one
    Bytes message;
  };
  BatchedWriter(Repository& repository, const Options& options);

  /// Error(kInvalid) for a path that cannot be written from outside.
  void put(const std::string& path, ByteView document, const std::string& media_type);
  void put_stream(const std::string& path,
                  const std::function<std::size_t(char* buffer, std::size_t size)>& more,
                  const std::string& media_type);
  void remove(const std::string& path);

  /// Commits what is left. Error(kStale) when others changed the same paths meanwhile.
  void finish();

  std::uint64_t documents() const { return documents_; }
  /// Of these, how many took the place of one that put() had written before.
  std::uint64_t replaced() const { return replaced_; }
  /// Commits made; none where everything was there already.
  const std::vector<CommitId>& commits() const { return commits_; }

 private:
  void begin();
  bool was_written_before(const std::string& path) const;
  void note_size(const std::string& path, std::uint64_t size);
  void count();
  void commit();

  Repository& repository_;
  Options options_;
  std::optional<Transaction> transaction_;
  std::uint64_t in_batch_ = 0;
  bool surely_changes_ = false;
  std::uint64_t documents_ = 0, replaced_ = 0;
  std::vector<CommitId> commits_;
  std::vector<Stamp> stamps_;  // of these, ascending
};

}  // namespace isodb::exchange
