// A first program with isodb: documents put, committed, read back, changed, compared and followed
// through their history. Run it with the path of a folder that does not exist yet.
//
//   cmake -B build && cmake --build build && build/quickstart farm.isodb
//   or: c++ -std=c++20 quickstart.cc $(pkg-config --cflags --libs isodb) -o quickstart
#include <isodb/repository.h>

#include <iostream>
#include <string>
#include <variant>

namespace {

isodb::CommitId commit(isodb::Transaction transaction, const std::string& message) {
  isodb::CommitOptions options;
  options.message = message;
  const auto outcome = transaction.commit(options);
  if (const auto* stale = std::get_if<isodb::Stale>(&outcome)) {
    // Somebody else changed the same paths meanwhile: read again, then decide.
    throw isodb::Error(isodb::ErrorCode::kStale, "the branch " + stale->branch + " moved on");
  }
  return std::get<isodb::CommitId>(outcome);
}

void run(const std::string& folder) {
  isodb::Repository repository = isodb::Repository::init(folder);

  // A transaction reads its own writes and becomes one signed commit, or nothing.
  isodb::Transaction planting = repository.begin();
  planting.put("fields/north.json", R"({"crop": "barley", "hectares": 12.5})");
  planting.put("fields/south.json", R"({"crop": "rye", "hectares": 7})");
  planting.put("notes/seed.txt", "Sown after the frost.\n");
  const isodb::CommitId first = commit(std::move(planting), "plant the fields");

  isodb::Transaction turning = repository.begin();
  turning.put("fields/north.json", R"({"crop": "clover", "hectares": 12.5})");
  turning.remove("notes/seed.txt");
  const isodb::CommitId second = commit(std::move(turning), "turn the north field");

  // A snapshot never changes and never waits for a writer.
  const isodb::Snapshot before = repository.snapshot_of(first);
  const isodb::Snapshot after = repository.snapshot();
  std::cout << "then: " << before.get("fields/north.json").value() << '\n'
            << "now:  " << after.get("fields/north.json").value() << '\n';
  for (auto cursor = after.documents("fields/"); cursor.valid(); cursor.next()) {
    std::cout << cursor.path() << '\n';
  }

  before.diff(after, "", [](const isodb::Difference& difference) {
    const char kind = !difference.before ? 'A' : !difference.after ? 'D' : 'M';
    std::cout << kind << ' ' << difference.path << '\n';
    return true;
  });

  repository.log({second}, {}, [](const isodb::LoggedCommit& logged) {
    std::cout << logged.id.short_hex() << ' ' << logged.commit.message << '\n';
    return true;
  });

  for (const isodb::Finding& finding : repository.verify()) {
    std::cout << finding.where << ": " << finding.problem << '\n';
  }
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count != 2) {
    std::cerr << "usage: quickstart NEW-FOLDER\n";
    return 2;
  }
  try {
    run(arguments[1]);
  } catch (const isodb::Error& error) {
    std::cerr << isodb::error_code_name(error.code()) << ": " << error.what() << '\n'
              << error.hint() << '\n';
    return 1;
  }
  return 0;
}
