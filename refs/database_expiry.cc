// How moves of refs are forgotten.
#include "refs/database.h"
#include "refs/database_impl.h"

namespace isodb::refs {
namespace {

// The newest move of a ref that exists is kept: it says how the ref came to be what it is. A ref
// that was deleted is remembered no longer than its moves. A commit waits for 512 to be deleted, at
// most.
#define EXPIRABLE                                 \
  "FROM reflog WHERE at_millis<?1 AND number>?2 " \
  "AND number NOT IN (SELECT last_move FROM refs WHERE target IS NOT NULL) "
constexpr const char* kSomeExpirable = "SELECT number " EXPIRABLE "ORDER BY number LIMIT 512";
constexpr const char* kAnyExpirable = "SELECT 1 " EXPIRABLE "LIMIT 1";
#undef EXPIRABLE

}  // namespace

std::uint64_t Database::expire_reflog(std::uint64_t before_millis,
                                      const std::function<bool()>& go_on) {
  std::uint64_t forgotten = 0, last = 0;
  while (!go_on || go_on()) {
    const std::vector<std::uint64_t> numbers = impl_->read([&](Connection& connection) {
      std::vector<std::uint64_t> found;
      Query query(connection, kSomeExpirable);
      query.bind(1, before_millis).bind(2, last);
      while (query.step()) found.push_back(query.uint64(0));
      return found;
    });
    if (numbers.empty()) break;
    // What is not a ref's newest move now will never be that again.
    impl_->write([&](Connection& connection, Counters&) {
      for (const std::uint64_t number : numbers) {
        Query(connection, "DELETE FROM reflog WHERE number=?1").bind(1, number).run();
      }
      return true;
    });
    forgotten += numbers.size();
    last = numbers.back();
  }
  if (forgotten == 0) return 0;
  impl_->write([&](Connection& connection, Counters&) {
    // A deleted ref is remembered only for its moves.
    Query(connection,
          "DELETE FROM refs WHERE target IS NULL AND last_move NOT IN (SELECT number FROM reflog)")
        .run();
    return true;
  });
  return forgotten;
}

bool Database::can_expire_reflog(std::uint64_t before_millis) {
  return impl_->read([&](Connection& connection) {
    Query query(connection, kAnyExpirable);
    query.bind(1, before_millis).bind(2, std::uint64_t{0});
    return query.step();
  });
}

}  // namespace isodb::refs
