#include "sync/path_coding.h"

#include <algorithm>
#include <utility>

#include "isodb/error.h"

namespace isodb::sync {

PathCoding::PathCoding(const objects::NodeReader& nodes, const TreeId& base)
    : nodes_(nodes),
      base_(base),
      count_(objects::count_documents(nodes, base)),
      cursor_(nodes, base) {}

const PathCoding::Old* PathCoding::old(std::uint64_t rank) {
  if (rank >= count_) return nullptr;
  if (cursor_rank_ != rank) {
    if (cursor_rank_ && *cursor_rank_ + 1 == rank) {
      cursor_.next();
    } else {
      cursor_.seek_to_rank(rank);
    }
    cursor_rank_ = rank;
    if (!cursor_.valid()) throw Error(ErrorCode::kCorrupt, "tree " + base_.hex() + " is damaged");
    old_ = {cursor_.path(), cursor_.entry()};
  }
  return &old_;
}

std::uint64_t PathCoding::rank_of(const std::string& path) const {
  return count_ == 0 ? 0 : objects::rank_of(nodes_, base_, path);
}

const std::string& PathCoding::path_before(std::uint64_t rank) {
  static const std::string none;
  if (last_ && last_->is_new && last_->rank == rank) return last_->path;
  return rank == 0 ? none : old(rank - 1)->path;
}

void PathCoding::encode(const std::string& path, bool is_new, wire::OperationElement& element) {
  const std::uint64_t rank = rank_of(path);
  element.is_new = is_new;
  element.rank_gap = last_ ? rank - last_->rank - (is_new || last_->is_new ? 0 : 1) : rank;
  if (is_new) {
    const std::string& before = path_before(rank);
    const auto end = std::mismatch(path.begin(), path.end(), before.begin(), before.end()).first;
    element.shared = static_cast<std::uint64_t>(end - path.begin());
    element.rest.assign(path, element.shared);
  }
  if (!last_) last_ = Place{};
  last_->rank = rank;
  last_->is_new = is_new;
  last_->path = path;
}

const PathCoding::Place& PathCoding::decode(const wire::OperationElement& element) {
  Place place;
  place.is_new = element.is_new;
  const std::uint64_t step = last_ && !last_->is_new && !place.is_new ? 1 : 0;
  const std::uint64_t from = last_ ? last_->rank + step : 0;
  if (from > count_ || element.rank_gap > count_ - from) {
    throw Error(ErrorCode::kCorrupt, "an operation's rank is beyond the base tree");
  }
  place.rank = from + element.rank_gap;
  if (place.is_new) {
    const std::string& before = path_before(place.rank);
    if (element.shared > before.size()) {
      throw Error(ErrorCode::kCorrupt, "a path shares more bytes than the path before it has");
    }
    place.path.reserve(element.shared + element.rest.size());
    place.path.append(before, 0, element.shared).append(element.rest);
    const bool is_behind = place.path > before;
    if (const std::string problem = path_problem(place.path); !problem.empty()) {
      throw Error(ErrorCode::kCorrupt, "a path that was received " + problem);
    }
    const Old* const next = old(place.rank);
    if (!is_behind || (next != nullptr && place.path >= next->path)) {
      throw Error(ErrorCode::kCorrupt, "the new path '" + place.path + "' is not at its rank");
    }
  } else {
    const Old* const entry = old(place.rank);
    if (entry == nullptr) {
      throw Error(ErrorCode::kCorrupt, "an operation's rank is beyond the base tree");
    }
    place.path = entry->path;
  }
  if (last_ && place.path <= last_->path) {
    throw Error(ErrorCode::kCorrupt, "the operation on '" + place.path + "' is out of order");
  }
  last_ = std::move(place);
  return *last_;
}

}  // namespace isodb::sync
