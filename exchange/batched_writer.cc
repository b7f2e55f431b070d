#include "exchange/batched_writer.h"

#include <algorithm>

#include "exchange/byte_source.h"
#include "exchange/paths.h"

namespace isodb::exchange {

BatchedWriter::BatchedWriter(Repository& repository, const Options& options)
    : repository_(repository), options_(options) {
  begin();
}

void BatchedWriter::begin() {
  transaction_.emplace(repository_.begin());
  in_batch_ = 0;
  surely_changes_ = false;
}

/// A commit that changes nothing is refused, so it matters whether one may be such.
void BatchedWriter::note_size(const std::string& path, std::uint64_t size) {
  if (surely_changes_) return;
  const std::optional<Entry> before = transaction_->snapshot().entry(path);
  surely_changes_ = !before || before->size != size;
}

/// By an earlier batch: within one, the transaction knows.
bool BatchedWriter::was_written_before(const std::string& path) const {
  if (stamps_.empty()) return false;
  const std::optional<Entry> entry = transaction_->snapshot().entry(path);
  return entry && std::ranges::binary_search(stamps_, entry->stamp);
}

void BatchedWriter::put(const std::string& path, ByteView document, const std::string& media_type) {
  const std::string problem = imported_path_problem(path);
  if (!problem.empty()) {
    throw Error(ErrorCode::kInvalid,
                "the path '" + printable(path) + "' cannot be written: it " + problem);
  }
  note_size(path, document.size());
  const std::uint64_t paths = transaction_->change_count();
  transaction_->put(path, document, {.media_type = media_type, .metadata = {}});
  if (transaction_->change_count() == paths || was_written_before(path)) ++replaced_;
  count();
}

void BatchedWriter::put_stream(
    const std::string& path, const std::function<std::size_t(char* buffer, std::size_t size)>& more,
    const std::string& media_type) {
  std::uint64_t size = 0;
  const auto counted = [&](char* buffer, std::size_t room) {
    const std::size_t got = more(buffer, room);
    size += got;
    return got;
  };
  transaction_->put_stream(path, counted, {.media_type = media_type, .metadata = {}});
  note_size(path, size);
  count();
}

void BatchedWriter::remove(const std::string& path) {
  if (!transaction_->remove(path)) return;
  surely_changes_ = true;
}

void BatchedWriter::count() {
  ++documents_;
  if (++in_batch_ != options_.batch) return;
  commit();
  begin();
}

void BatchedWriter::commit() {
  if (transaction_->empty()) return;
  std::variant<CommitId, Stale> outcome;
  try {
    outcome = transaction_->commit(
        {.message = options_.message, .allow_empty = false, .reason = "import"});
  } catch (const Error& error) {
    // Every document was there already.
    if (!surely_changes_ && error.code() == ErrorCode::kInvalid) return;
    throw;
  }
  if (const Stale* stale = std::get_if<Stale>(&outcome)) {
    const std::string path = stale->paths.empty() ? "" : ", '" + stale->paths.front() + "' for one";
    throw Error(ErrorCode::kStale, "others changed what is imported meanwhile" + path,
                "import again");
  }
  commits_.push_back(std::get<CommitId>(outcome));
  if (options_.batch > 0) stamps_.push_back(repository_.commit(commits_.back()).stamp());
}

void BatchedWriter::finish() {
  commit();
  transaction_.reset();
}

}  // namespace isodb::exchange
