#pragma once

#include <string>
#include <utility>
#include <vector>

#include "isodb/entry.h"
#include "tests/reference/members.h"
#include "tests/reference/world.h"

namespace isodb::reference {

/// A history told commit by commit. Keys 0 to 3 are admins from the root on, 0 the most senior;
/// clocks rise with each commit. Commits are named by their places, the root's is 0.
class Story {
 public:
  using Places = std::vector<std::size_t>;

  Story() {
    PlannedCommit root;
    for (std::size_t key = 0; key < 4; ++key) {
      root.writes.push_back(member({"m", test_key(key).public_key(), MemberRole::kAdmin, {}, {}}));
    }
    add(root);
  }

  static PlannedWrite member(const Member& member) {
    return {member_path(member.key),
            PlannedDocument{member_text(member), "application/json", std::nullopt}};
  }
  static PlannedWrite revocation(std::size_t key) {
    return member({"m", test_key(key).public_key(), MemberRole::kAdmin, {}, true});
  }

  std::size_t write(std::size_t writer, const Places& after, std::vector<PlannedWrite> writes) {
    PlannedCommit planned;
    planned.key = planned.writer = writer;
    planned.after = after;
    planned.writes = std::move(writes);
    return add(std::move(planned));
  }
  std::size_t put(std::size_t writer, const Places& after, const std::string& path,
                  const std::string& bytes) {
    return write(writer, after,
                 {{path, PlannedDocument{bytes, std::string(media_type_for_path(path)), {}}}});
  }
  std::size_t remove(std::size_t writer, const Places& after, const std::string& path) {
    return write(writer, after, {{path, std::nullopt}});
  }
  std::size_t add(PlannedCommit planned) {
    if (planned.millis == 0) planned.millis = 10 * (places_ + 1);
    world_.add(planned);
    return places_++;
  }

  /// What State() of all commits has.
  const Outcome& outcome(const std::string& path) { return world_.state().at(peeled(), path); }
  /// Its bytes; "(absent)" where it is not there.
  std::string text(const std::string& path) {
    const Outcome& outcome = this->outcome(path);
    return outcome.entry ? world_.state().document(*outcome.entry).bytes : "(absent)";
  }
  bool flagged(const std::string& path) {
    const auto& entry = outcome(path).entry;
    return entry && (entry->flags & kFlagConflict) != 0;
  }
  /// The fields in conflict, as JSON Pointers with a comma between.
  std::string conflicts(const std::string& path) {
    std::string text;
    for (const Field& field : outcome(path).conflicts.fields) {
      text += (text.empty() ? "" : ",") + field_text(field);
    }
    return text;
  }
  /// Whether State() counts what stands at a place.
  bool counts(std::size_t place) {
    const CommitSet past = world_.past(place);
    return (past & peeled()) == past;
  }
  CommitSet peeled() { return world_.state().peel(world_.history().all()); }
  World& world() { return world_; }

 private:
  World world_;
  std::size_t places_ = 0;
};

}  // namespace isodb::reference
