#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "merge/script_programs.h"
#include "tests/support/histories.h"
#include "tests/support/merging.h"
#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::merge;
using isodb::testing::conflicts_text;
using isodb::testing::error_of;
using isodb::testing::HistoryMaker;
using isodb::testing::json_document;
using isodb::testing::text_document;

namespace {

constexpr const char* kRules =
    R"({"rules":[{"match":"stock/**","strategy":"script","script":".isodb/merge/stock.star"}]})";
constexpr const char* kScriptPath = ".isodb/merge/stock.star";

/// What both sides took is taken off; what is not there is short.
constexpr const char* kStock = R"(
def merge(base, left, right, context):
    before = base or {"count": 0}
    result = isodb.json(base, left, right, ["/count", "/short"])
    count = left["count"] + right["count"] - before["count"]
    result["count"] = max(count, 0)
    if count < 0:
        result["short"] = -count
    return result
)";

/// One with rules that name the stock script, and a document with ten pieces.
struct Stock : HistoryMaker {
  explicit Stock(const std::string& script = kStock, const std::string& rules = kRules) {
    base = commit({root},
                  {{kRulesPath_, rules}, {kScriptPath, script}, {"stock/nail.json", nails(10)}});
  }
  static std::string nails(int count) {
    return R"({"name":"nail","count":)" + std::to_string(count) + "}";
  }
  CommitId took(const std::vector<CommitId>& parents, int left) {
    return commit(parents, {{"stock/nail.json", nails(left)}});
  }
  const std::string kRulesPath_{kRulesPath};
  CommitId base;
};

PathState nail_of(Stock& stock, const std::vector<CommitId>& heads) {
  return stock.engine().path_state("stock/nail.json", heads);
}

/// The runner that an engine would have of this text.
std::shared_ptr<ScriptRunner> runner_of(const std::string& source) {
  return make_script_loader()(Id(), [&] { return text_document(source); });
}

}  // namespace

TEST_CASE("a rule's script merges, and a second merge of what it made goes on from there") {
  Stock stock;
  const CommitId a = stock.took({stock.base}, 7), b = stock.took({stock.base}, 8);
  CHECK(stock.text({a, b}, "stock/nail.json") == R"({"name":"nail","count":5})");
  const CommitId c = stock.took({stock.base}, 1);
  CHECK(stock.text({a, b, c}, "stock/nail.json") == R"({"name":"nail","count":0,"short":4})");
  // Criss-cross: both saw 5.
  const CommitId d = stock.took({a, b}, 3), e = stock.took({a, b}, 4);
  CHECK(stock.text({d, e}, "stock/nail.json") == R"({"name":"nail","count":2})");
  // Other paths know no script.
  CHECK(stock.text({a, b}, "other") == "-");
  CHECK_FALSE(nail_of(stock, {a, b}).script);
}

TEST_CASE("a field that the script leaves in conflict is shown, and settled by a write") {
  Stock stock;
  const CommitId a =
      stock.commit({stock.base}, {{"stock/nail.json", R"({"name":"pin","count":9})"}});
  const CommitId b =
      stock.commit({stock.base}, {{"stock/nail.json", R"({"name":"bolt","count":9})"}});
  CHECK(stock.text({a, b}, "stock/nail.json") == R"({"name":"bolt","count":8}!)");
  CHECK(conflicts_text(nail_of(stock, {a, b}).conflicts) == "/name both-changed");
  const CommitId settled =
      stock.commit({a, b}, {{"stock/nail.json", R"({"name":"pin","count":8})"}});
  CHECK(stock.text({settled, a}, "stock/nail.json") == R"({"name":"pin","count":8})");
}

TEST_CASE(
    "an edit beats a delete without asking the script, two edits beside a delete are merged") {
  Stock stock;
  const CommitId gone = stock.commit({stock.base}, {{"stock/nail.json", std::nullopt}});
  const CommitId a = stock.took({stock.base}, 7), b = stock.took({stock.base}, 8);
  CHECK(stock.text({gone, a}, "stock/nail.json") == Stock::nails(7) + "!");
  CHECK(stock.text({gone, a, b}, "stock/nail.json") == R"({"name":"nail","count":5}!)");
}

TEST_CASE("a script that fails leaves the default, in conflict, with its reason") {
  const std::pair<const char*, const char*> scripts[] = {
      {"def merge(base, left, right, context):\n    fail('never')\n", "fail"},
      {"def merge(base, left, right, context):\n    while True: pass\n", "out_of_steps"},
      {"def merge(base, left, right, context):\n    return 'x' * 100000000\n", "out_of_cells"},
      {"def merge(base, left, right, context):\n    return set()\n", "result_is_not_json"},
      {"def merge(base, left, right)", "syntax"},
      {"def other(): pass\n", "no_function"},
      {"def merge(base, left): pass\n", "arguments"},
      {"def merge(base, left, right, context):\n    return isodb.add(1, 'x')\n", "helper"},
  };
  for (const auto& [script, reason] : scripts) {
    Stock stock(script);
    const CommitId a = stock.took({stock.base}, 7), b = stock.took({stock.base}, 8);
    INFO(script);
    CHECK(stock.text({a, b}, "stock/nail.json") == Stock::nails(8) + "!");
    const PathState state = nail_of(stock, {a, b});
    CHECK(conflicts_text(state.conflicts) == "whole script-failed, /count both-changed");
    REQUIRE(state.script);
    CHECK(state.script->reason == reason);
  }
}

TEST_CASE("the budget is the rule's, and it is used up exactly") {
  const auto with_steps = [](int steps) {
    std::string rules = kRules;
    return rules.insert(rules.find("}]"), ",\"steps\":" + std::to_string(steps));
  };
  const auto merged = [&](int steps) {
    Stock stock(kStock, with_steps(steps));
    const CommitId a = stock.took({stock.base}, 7), b = stock.took({stock.base}, 8);
    return stock.text({a, b}, "stock/nail.json");
  };
  int least = 1;
  while (merged(least) != R"({"name":"nail","count":5})") ++least;
  CHECK(least > 20);
  CHECK(merged(least - 1) == Stock::nails(8) + "!");
}

TEST_CASE("a script that is missing leaves the default, in conflict") {
  HistoryMaker maker;
  const CommitId base = maker.commit(
      {maker.root}, {{std::string(kRulesPath), kRules}, {"stock/nail.json", Stock::nails(10)}});
  const CommitId a = maker.commit({base}, {{"stock/nail.json", Stock::nails(1)}});
  const CommitId b = maker.commit({base}, {{"stock/nail.json", Stock::nails(2)}});
  CHECK(maker.text({a, b}, "stock/nail.json") == Stock::nails(2) + "!");
  // The script comes with a commit of its own: from then on it holds, also for what was merged.
  const CommitId ab = maker.commit({a, b}, {{"z", "z"}});
  const CommitId script = maker.commit({base}, {{kScriptPath, kStock}});
  CHECK(maker.text({ab, script}, "stock/nail.json") == R"({"name":"nail","count":0,"short":7})");
  const CommitId other = maker.commit(
      {ab, script}, {{kScriptPath, "def merge(base, left, right, context):\n    return left\n"}});
  CHECK(maker.text({other}, "stock/nail.json") == Stock::nails(1));
}

TEST_CASE("texts reach a script as strings, what is neither text nor JSON does not") {
  Stock stock("def merge(base, left, right, context):\n    return left + right\n");
  const CommitId a =
      stock.commit({stock.base}, {{"stock/t", "a{"}, {"stock/b", std::string("\0a", 2)}});
  const CommitId b =
      stock.commit({stock.base}, {{"stock/t", "b"}, {"stock/b", std::string("\0b", 2)}});
  CHECK(stock.text({a, b}, "stock/t") == "a{b");
  CHECK(stock.text({a, b}, "stock/b") == std::string("\0b!", 3));
}

TEST_CASE("the context names path, authors, clocks and commits of both sides") {
  Stock stock(
      "def merge(base, left, right, context):\n"
      "    return {'path': context['path'], 'left': context['left'], 'right': context['right'],\n"
      "            'base': base}\n");
  const std::uint64_t clock = std::uint64_t{1'800'000'000'123} << 16;
  const CommitId a =
      stock.commit({stock.base}, {{"stock/new", "1"}}, {.author = 1, .clock = clock});
  const CommitId b = stock.commit({stock.base}, {{"stock/new", "2"}}, {.author = 2});
  const auto side = [](const CommitId& commit, int author, const std::string& millis) {
    return R"({"clock":)" + millis + R"(,"author":")" +
           isodb::testing::numbered_key(static_cast<std::uint64_t>(author)).fingerprint() +
           R"(","commit":")" + commit.hex() + "\"}";
  };
  CHECK(stock.text({a, b}, "stock/new") == R"({"path":"stock/new","left":)" +
                                               side(a, 1, "1800000000123") + R"(,"right":)" +
                                               side(b, 2, "1800000000124") + R"(,"base":null})");
}

TEST_CASE("one history in any order of delivery, on any engine, is one state") {
  Stock stock;
  std::vector<CommitId> heads{stock.base};
  std::mt19937 random(17);
  for (int i = 0; i < 60; ++i) {
    std::vector<CommitId> parents{heads[random() % heads.size()]};
    if (heads.size() > 2 && i % 3 == 0) {
      parents = stock.engine().merged(std::vector{heads[0], heads[1], heads[2]}, stock.store).heads;
    }
    heads.push_back(stock.took(parents, static_cast<int>(random() % 12)));
    if (heads.size() > 6) heads.erase(heads.begin());
  }
  std::vector<CommitId> order = heads;
  const State all = stock.engine().state(heads, stock.store);
  REQUIRE(all.merge);
  for (int round = 0; round < 5; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    // Head by head, so that each engine remembers other things on its way.
    const auto engine = stock.fresh_engine();
    for (std::size_t some = 1; some <= order.size(); ++some) {
      engine->state(std::span(order).first(some), stock.store);
    }
    const State state = engine->state(order, stock.store);
    CHECK(state.merge == all.merge);
    CHECK(state.tree == all.tree);
  }
}

TEST_CASE("a loader compiles a content once, and forgets rather than grow") {
  const ScriptLoader loader = make_script_loader();
  int loads = 0;
  const auto ask = [&](std::uint8_t number, const std::string& source) {
    std::array<char, 32> bytes{};
    bytes[0] = static_cast<char>(number);
    return loader(Id::from_bytes({bytes.data(), bytes.size()}), [&] {
      ++loads;
      return text_document(source);
    });
  };
  const std::string source = kStock;
  const auto first = ask(0, source);
  CHECK(ask(0, source) == first);
  CHECK(loads == 1);
  const std::string long_source = source + std::string(900'000, '\n');
  for (std::uint8_t i = 1; i <= 20; ++i) ask(i, long_source);
  CHECK(ask(0, source) != first);
  CHECK(loads == 22);
}

TEST_CASE("a script whose bytes are not in memory fails as one that is too long") {
  const auto runner = make_script_loader()(Id(), [] {
    return Document::make_large({{}, "text/plain", {}}, Id(), 100 << 20);
  });
  const ScriptAnswer answer = runner->run(Rule(), ScriptStep());
  REQUIRE(answer.failure);
  CHECK(answer.failure->reason == "syntax");
}

TEST_CASE("what is compiled before it is committed has a place for its first fault") {
  const auto fault = [](const char* source) {
    const auto error = error_of([&] { compile_merge_script(source); });
    return error ? std::string(error->what()) : "";
  };
  CHECK(fault("x = 1\ndef merge(:\n").find("line 2, column 11") != std::string::npos);
  CHECK(fault("x = 1\n").find("defines no function merge") != std::string::npos);
  compile_merge_script(kStock);
  CHECK(runner_of(kStock) != nullptr);
}
