#include "repo/history_index.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string>
#include <utility>

#include "core/file.h"
#include "core/hex.h"
#include "isodb/error.h"
#include "repo/commit_walk.h"
#include "repo/history_build.h"
#include "repo/state.h"

namespace isodb::repo {
namespace {

constexpr const char* kFolderName = "history";
constexpr const char* kLockName = "lock";
constexpr const char* kTemporaryName = "tmp";
constexpr std::string_view kSuffix = ".segment";
/// A segment is at least so many times as large as the next, so that there are few.
constexpr std::uint64_t kSegmentRatio = 4;

}  // namespace

HistoryView::HistoryView(Segments segments) : segments_(std::move(segments)) {
  for (const auto& segment : segments_) segment->append_to(ancestry_);
}

std::optional<CommitNumber> HistoryView::find(const CommitId& id) const {
  for (const auto& segment : segments_) {
    if (const std::optional<CommitNumber> found = segment->find(id)) return found;
  }
  return std::nullopt;
}

std::optional<CommitNumbers> HistoryView::find(std::span<const CommitId> ids) const {
  CommitNumbers numbers;
  for (const CommitId& id : ids) {
    const std::optional<CommitNumber> found = find(id);
    if (!found) return std::nullopt;
    numbers.push_back(*found);
  }
  return numbers;
}

CommitNumbers HistoryView::touched(std::string_view path) const {
  CommitNumbers commits;
  for (const auto& segment : segments_) segment->touched(path_key(path), commits);
  return commits;
}

const HistorySegment& HistoryView::segment_of(CommitNumber commit) const {
  const auto after = std::upper_bound(
      segments_.begin(), segments_.end(), commit,
      [](CommitNumber number, const auto& segment) { return number < segment->first(); });
  if (after == segments_.begin()) throw IndexDamaged("no such commit");
  return **(after - 1);
}

TouchedCommits::TouchedCommits(const HistoryView& view, std::span<const CommitNumber> heads,
                               std::string_view path)
    : view_(view), commits_(view.touched(path)) {
  const Ancestry& ancestry = view.ancestry();
  const Ancestry::Past past = ancestry.past_of(heads);
  std::erase_if(commits_, [&](CommitNumber commit) { return !past.holds(commit); });
  for (std::size_t begin = 0, end = 0; begin < commits_.size(); begin = end) {
    const std::size_t run = ancestry.run_of(commits_[begin]);
    while (end < commits_.size() && ancestry.run_of(commits_[end]) == run) ++end;
    push(begin, end);
  }
}

/// Clocks rise along a run, so only its last commit is looked at before it is wanted.
void TouchedCommits::push(std::size_t begin, std::size_t end) {
  if (begin == end) return;
  const CommitNumber commit = commits_[end - 1];
  runs_.push({{view_.clock(commit), view_.id(commit)}, begin, end - 1});
}

std::optional<HistoryPlace> TouchedCommits::next() {
  if (runs_.empty()) return std::nullopt;
  const Next newest = runs_.top();
  runs_.pop();
  push(newest.begin, newest.at);
  return newest.place;
}

/// The folder of segments. Changed only by who holds its lock; all others may find that a file is
/// gone before they open it.
class HistoryIndex::Files {
 public:
  Files(core::FileSystem& files, std::filesystem::path folder)
      : files_(files), folder_(std::move(folder)) {}

  /// The longest chain of segments that fit each other.
  HistoryView::Segments read() const {
    HistoryView::Segments segments;
    const std::vector<Name> names = list();
    for (CommitNumber first = 0;;) {
      const std::uint64_t predecessor = segments.empty() ? 0 : segments.back()->name();
      const auto next = std::find_if(names.begin(), names.end(), [&](const Name& name) {
        if (name.first != first || name.count == 0) return false;
        auto segment = open(name);
        if (!segment || segment->predecessor() != predecessor) return false;
        segments.push_back(std::move(segment));
        return true;
      });
      if (next == names.end()) return segments;
      first += next->count;
    }
  }

  /// nullptr when another process has it, or nothing can be written here.
  std::unique_ptr<core::File> try_lock() const {
    try {
      files_.create_directories(folder_);
      return core::try_lock_file(files_, folder_ / kLockName);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kIo) return nullptr;
      throw;
    }
  }

  std::shared_ptr<const HistorySegment> write(SegmentData& data, std::uint64_t predecessor) const {
    const Bytes bytes = HistorySegment::encode(data, predecessor);
    const std::filesystem::path temporary = folder_ / kTemporaryName;
    files_.remove(temporary);
    const std::unique_ptr<core::File> file = files_.open(temporary, core::OpenMode::kCreateNew);
    file->append(bytes);
    file->sync();
    const Name name{data.first, data.count()};
    files_.rename(temporary, folder_ / name.text());
    auto written = open(name);
    if (written) return written;
    throw Error(ErrorCode::kCorrupt, "what was written to " + folder_.string() + " is not there");
  }

  /// All but these.
  void remove_others(const HistoryView::Segments& segments) const {
    for (const Name& name : list()) {
      const bool is_kept = std::any_of(segments.begin(), segments.end(), [&](const auto& segment) {
        return segment->first() == name.first && segment->count() == name.count;
      });
      if (!is_kept) files_.remove(folder_ / name.text());
    }
  }

 private:
  struct Name {
    CommitNumber first = 0;
    std::uint32_t count = 0;
    std::string text() const {
      return std::to_string(first) + "-" + std::to_string(count) + std::string(kSuffix);
    }
  };

  /// Those of more commits first; none where the folder cannot be read.
  std::vector<Name> list() const {
    std::vector<Name> names;
    std::vector<std::string> texts;
    try {
      texts = files_.list(folder_);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kIo) throw;
    }
    for (const std::string& text : texts) {
      Name name;
      const char* const end = text.data() + text.size();
      const auto first = std::from_chars(text.data(), end, name.first);
      if (first.ec != std::errc() || first.ptr == end || *first.ptr != '-') continue;
      const auto count = std::from_chars(first.ptr + 1, end, name.count);
      if (count.ec == std::errc() && name.text() == text) names.push_back(name);
    }
    std::sort(names.begin(), names.end(),
              [](const Name& a, const Name& b) { return a.count > b.count; });
    return names;
  }

  /// nullptr for what is no segment, or gone.
  std::shared_ptr<const HistorySegment> open(const Name& name) const {
    try {
      const auto file = files_.open(folder_ / name.text(), core::OpenMode::kRead);
      auto segment = std::make_shared<const HistorySegment>(file->map());
      const bool is_it = segment->first() == name.first && segment->count() == name.count;
      return is_it ? segment : nullptr;
    } catch (const Error&) {
      return nullptr;
    }
  }

  core::FileSystem& files_;
  const std::filesystem::path folder_;
};

HistoryIndex::HistoryIndex(const RepositoryState& repository, const HistoryLimits& limits)
    : repository_(repository),
      limits_(limits),
      files_(std::make_unique<Files>(repository.files, repository.folder / kFolderName)) {}

HistoryIndex::~HistoryIndex() = default;

std::shared_ptr<const HistoryView> HistoryIndex::load() {
  // Others may merge segments while this one looks.
  constexpr int kAttempts = 3;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto view = std::make_shared<const HistoryView>(files_->read());
    if (!stored_ || view->size() >= stored_->size()) return view;
  }
  return stored_;
}

std::shared_ptr<const HistoryView> HistoryIndex::known() {
  const std::lock_guard guard(mutex_);
  if (!view_) {
    try {
      stored_ = load();
    } catch (const IndexDamaged&) {  // cover() makes it anew
      stored_ = std::make_shared<const HistoryView>(HistoryView::Segments{});
    }
    view_ = stored_;
  }
  return view_;
}

namespace {

/// The commits that led to `heads` and that the view does not know, each after its parents; no
/// more than one above `commits_max`.
std::vector<CommitId> new_commits(const RepositoryState& repository, const HistoryView& view,
                                  std::vector<CommitId> heads, std::size_t commits_max,
                                  const ProgressFunction& progress) {
  const auto is_known = [&](const CommitId& id) { return view.find(id).has_value(); };
  std::erase_if(heads, is_known);
  CommitWalk walk(repository, heads);
  std::vector<CommitId> commits;
  while (const std::optional<CommitWalk::Item> item = walk.next_unless(is_known)) {
    commits.push_back(item->id);
    if (commits.size() > commits_max) break;
    if (progress) progress({"reading history", commits.size(), 0});
  }
  std::reverse(commits.begin(), commits.end());
  return commits;
}

}  // namespace

template <typename Work>
std::shared_ptr<const HistoryView> HistoryIndex::mending(Work work) {
  known();
  const std::lock_guard guard(mutex_);
  try {
    return work();
  } catch (const IndexDamaged&) {
    remove_all();
    return work();
  }
}

std::shared_ptr<const HistoryView> HistoryIndex::cover_with_few(
    const std::vector<CommitId>& heads) {
  return mending([&] { return covering_with_few(heads); });
}

std::shared_ptr<const HistoryView> HistoryIndex::cover(const std::vector<CommitId>& heads,
                                                       const ProgressFunction& progress) {
  return mending([&] { return covering(heads, progress); });
}

std::shared_ptr<const HistoryView> HistoryIndex::covering_with_few(
    const std::vector<CommitId>& heads) {
  if (view_->find(heads)) return view_;
  stored_ = load();
  const std::vector<CommitId> commits =
      new_commits(repository_, *stored_, heads, limits_.left_out_max, {});
  if (commits.size() > limits_.left_out_max) return nullptr;
  HistoryView::Segments segments = stored_->segments();
  if (!commits.empty()) {
    SegmentData data = HistoryBuild(repository_, limits_.paths_max).segment(commits, *stored_);
    segments.push_back(std::make_shared<const HistorySegment>(HistorySegment::encode(data, 0)));
  }
  return view_ = std::make_shared<const HistoryView>(std::move(segments));
}

std::shared_ptr<const HistoryView> HistoryIndex::covering(const std::vector<CommitId>& heads,
                                                          const ProgressFunction& progress) {
  if (auto view = covering_with_few(heads)) return view;
  if (!repository_.options.store_index) return nullptr;
  const std::unique_ptr<core::File> lock = files_->try_lock();
  if (!lock) return nullptr;
  stored_ = load();
  store(new_commits(repository_, *stored_, heads, SIZE_MAX, progress), progress);
  return view_ = stored_;
}

void HistoryIndex::store(std::span<const CommitId> commits, const ProgressFunction& progress) {
  const HistoryBuild build(repository_, limits_.paths_max);
  for (std::size_t done = 0; done < commits.size();) {
    const std::size_t count = std::min(limits_.segment_commits, commits.size() - done);
    SegmentData data = build.segment(commits.subspan(done, count), *stored_);
    HistoryView::Segments segments = stored_->segments();
    segments.push_back(files_->write(data, segments.empty() ? 0 : segments.back()->name()));
    segments = merged(std::move(segments));
    files_->remove_others(segments);
    stored_ = std::make_shared<const HistoryView>(std::move(segments));
    done += count;
    if (progress) progress({"indexing history", done, commits.size()});
  }
}

/// With the last segments put together until they are few.
HistoryView::Segments HistoryIndex::merged(HistoryView::Segments segments) const {
  for (;;) {
    std::size_t from = segments.size();
    std::uint64_t commits = 0, bytes = 0;
    while (from > 0) {
      const HistorySegment& next = *segments[from - 1];
      bytes += next.bytes();
      if (commits > 0 && next.count() >= commits * kSegmentRatio) break;
      if (bytes > limits_.merged_bytes_max) break;
      commits += next.count();
      --from;
    }
    if (segments.size() - from < 2) return segments;
    SegmentData data = segments[from]->data();
    for (std::size_t i = from + 1; i < segments.size(); ++i) data.append(segments[i]->data());
    segments.resize(from);
    segments.push_back(files_->write(data, from == 0 ? 0 : segments.back()->name()));
  }
}

void HistoryIndex::remove_all() noexcept {
  stored_ = view_ = std::make_shared<const HistoryView>(HistoryView::Segments{});
  if (!repository_.options.store_index) return;
  try {
    if (const std::unique_ptr<core::File> lock = files_->try_lock()) files_->remove_others({});
  } catch (const Error&) {  // it is found to be damaged again: that costs time only
  }
}

void HistoryIndex::discard() noexcept {
  const std::lock_guard guard(mutex_);
  remove_all();
}

void HistoryIndex::discard_if_collected() {
  try {
    const std::shared_ptr<const HistoryView> view = known();
    for (CommitNumber commit = 0; commit < view->size(); ++commit) {
      if (!repository_.store->contains(view->id(commit))) return discard();
    }
  } catch (const IndexDamaged&) {
    discard();
  }
}

}  // namespace isodb::repo
