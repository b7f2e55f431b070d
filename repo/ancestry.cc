#include "repo/ancestry.h"

#include <algorithm>

namespace isodb::repo {

void Ancestry::append(std::uint32_t count, std::span<const CommitNumber> starts,
                      std::span<const Link> links) {
  const std::uint64_t end = std::uint64_t{size_} + count;
  const auto check = [](bool holds) {
    if (!holds) throw IndexDamaged("impossible ancestry");
  };
  check(end <= UINT32_MAX);
  check(size_ > 0 || count == 0 || (!starts.empty() && starts.front() == 0));
  for (std::size_t i = 0; i < starts.size(); ++i) {
    check(starts[i] >= size_ && starts[i] < end && (i == 0 || starts[i] > starts[i - 1]));
  }
  for (std::size_t i = 0; i < links.size(); ++i) {
    check(links[i].child >= size_ && links[i].child < end && links[i].parent < end);
    check(i == 0 || links[i].child >= links[i - 1].child);
  }
  starts_.insert(starts_.end(), starts.begin(), starts.end());
  links_.insert(links_.end(), links.begin(), links.end());
  size_ = static_cast<std::uint32_t>(end);
}

std::size_t Ancestry::run_of(CommitNumber commit) const {
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), commit);
  return static_cast<std::size_t>(after - starts_.begin()) - 1;
}

std::span<const Ancestry::Link> Ancestry::links_of(CommitNumber begin, CommitNumber end) const {
  const auto before = [](const Link& link, CommitNumber child) { return link.child < child; };
  const auto first = std::lower_bound(links_.begin(), links_.end(), begin, before);
  return {first, std::lower_bound(first, links_.end(), end, before)};
}

bool Ancestry::Past::holds(CommitNumber commit) const {
  return commit < ancestry_->size_ && commit < ends_[ancestry_->run_of(commit)];
}

Ancestry::Past Ancestry::past_of(std::span<const CommitNumber> heads) const {
  struct Stretch {
    CommitNumber begin, end;
  };
  Past past;
  past.ancestry_ = this;
  past.ends_ = starts_;
  std::vector<Stretch> open;  // in the past, and their links are still to be followed
  const auto reach = [&](CommitNumber commit) {
    CommitNumber& end = past.ends_[run_of(commit)];
    if (commit < end) return;
    open.push_back({end, commit + 1});
    end = commit + 1;
  };
  for (const CommitNumber head : heads) reach(head);
  while (!open.empty()) {
    const Stretch stretch = open.back();
    open.pop_back();
    for (const Link& link : links_of(stretch.begin, stretch.end)) reach(link.parent);
  }
  return past;
}

CommitNumbers Ancestry::common_heads(std::span<const CommitNumber> a,
                                     std::span<const CommitNumber> b) const {
  const Past left = past_of(a), right = past_of(b);
  CommitNumbers ends(starts_.size());
  for (std::size_t run = 0; run < ends.size(); ++run) {
    ends[run] = std::min(left.ends_[run], right.ends_[run]);
  }
  // What both have is a beginning of each run again; its last commit is a head unless a link leads
  // to it from another run's beginning.
  std::vector<bool> is_seen(starts_.size());
  for (std::size_t run = 0; run < ends.size(); ++run) {
    for (const Link& link : links_of(starts_[run], ends[run])) {
      const std::size_t parents_run = run_of(link.parent);
      if (ends[parents_run] == link.parent + 1) is_seen[parents_run] = true;
    }
  }
  CommitNumbers heads;
  for (std::size_t run = 0; run < ends.size(); ++run) {
    if (ends[run] > starts_[run] && !is_seen[run]) heads.push_back(ends[run] - 1);
  }
  return heads;
}

}  // namespace isodb::repo
