#include "tests/reference/documents.h"

#include <algorithm>

#include "core/json_writer.h"
#include "tests/reference/scripts.h"

namespace isodb::reference {

const std::string kScriptPath = ".isodb/merge/s.star";

namespace {

const std::vector<std::string> kNames = {"a", "b", "n", "t", "s", "l", "o", "m/n~"};

Json random_number(Random& random) {
  static const std::vector<std::string> kNumbers = {"0",   "1",    "2",     "3",      "-1",
                                                    "10",  "1.0",  "10e-1", "0.5",    "-0",
                                                    "1e2", "2.50", "1E+1",  "1e2000", "-7.125"};
  return Json::number(random.one_of(kNumbers));
}

/// Script functions known here work on whole numbers alone.
Json random_whole_number(Random& random) {
  return Json::integer(static_cast<std::int64_t>(random.below(9)) - 2);
}

Json random_scalar(Random& random) {
  switch (random.below(6)) {
    case 0:
      return Json();
    case 1:
      return Json::boolean(random.chance(1, 2));
    case 2:
    case 3:
      return Json::string(random.one_of(std::vector<std::string>{"", "x", "y", "Zoë\n"}));
    default:
      return random_number(random);
  }
}

std::string random_lines(Random& random) {
  static const std::vector<std::string> kLines = {"one\n", "two\n", "three\n", "\n", "four\r\n"};
  std::string text;
  for (std::size_t n = random.below(6); n > 0; --n) text += random.one_of(kLines);
  if (random.chance(1, 4)) text += "end";
  return text;
}

Json random_list(Random& random) {
  Json list = Json::array();
  for (std::size_t n = random.below(4); n > 0; --n) {
    if (random.chance(1, 3)) {
      list.append(random_scalar(random));
      continue;
    }
    Json item = Json::object();
    item.set("id", Json::integer(static_cast<std::int64_t>(random.below(5))));
    if (random.chance(1, 2)) item.set("x", random_number(random));
    if (random.chance(1, 3)) item.set("y", Json::array({random_scalar(random)}));
    list.append(item);
  }
  return list;
}

/// A list whose items have keys, none twice.
Json random_keyed_list(Random& random) {
  Json list = Json::array();
  for (std::int64_t id = 0; id < 4; ++id) {
    if (random.chance(1, 2)) continue;
    Json item = Json::object();
    item.set("id", Json::integer(id));
    if (random.chance(1, 2)) item.set("x", random_number(random));
    list.append(item);
  }
  return list;
}

Json random_field(Random& random, const std::string& name);

Json random_object(Random& random, std::size_t members_max) {
  Json object = Json::object();
  for (std::size_t n = random.below(members_max + 1); n > 0; --n) {
    const std::string& name = random.one_of(kNames);
    object.set(name, random_field(random, name));
  }
  return object;
}

Json random_field(Random& random, const std::string& name) {
  if (random.chance(1, 12)) return random_scalar(random);
  if (name == "n") return random_number(random);
  if (name == "t") return Json::string(random_lines(random));
  if (name == "l") return random.chance(1, 2) ? random_list(random) : random_keyed_list(random);
  if (name == "o") return random_object(random, 2);
  if (name == "s") {
    Json items = Json::array();
    for (std::size_t n = random.below(4); n > 0; --n) items.append(random_scalar(random));
    return items;
  }
  return random_scalar(random);
}

/// One change somewhere in a list.
void edit_list(Random& random, Json& list) {
  std::vector<Json>& items = list.edit_items();
  const std::size_t place = random.below(items.size() + 1);
  const auto at = items.begin() + static_cast<std::ptrdiff_t>(place);
  if (place == items.size() || random.chance(1, 3)) {
    const Json added = random_list(random);
    items.insert(at, added.items().begin(), added.items().end());
  } else if (random.chance(1, 2)) {
    items.erase(at);
  } else if (at->is_object()) {
    at->set("x", random_number(random));
  } else {
    *at = random_scalar(random);
  }
}

void edit_object(Random& random, Json& object) {
  const std::string& name = random.one_of(kNames);
  const Json* value = object.find(name);
  if (value == nullptr || random.chance(1, 3)) {
    object.set(name, random_field(random, name));
  } else if (random.chance(1, 4)) {
    object.remove(name);
  } else {
    Json edited = *value;
    if (edited.is_array()) {
      edit_list(random, edited);
    } else if (edited.is_object()) {
      edit_object(random, edited);
    } else {
      edited = random_field(random, name);
    }
    object.set(name, edited);
  }
}

/// White space where JSON allows it, and letters written as escapes.
Bytes ragged(Random& random, const Bytes& text) {
  static const std::vector<std::string> kSpaces = {" ", "  ", "\n", "\n  ", "\r\n\t", "\n \t"};
  Bytes result;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_structural = !in_string && std::string_view("{}[],:").find(text[i]) < 6;
    if (is_structural && random.chance(1, 6)) result += random.one_of(kSpaces);
    if (text[i] == '"' && (i == 0 || text[i - 1] != '\\')) in_string = !in_string;
    if (in_string && (text[i] == 'x' || text[i] == 'a') && random.chance(1, 4)) {
      result += text[i] == 'x' ? "\\u0078" : "\\u0061";
    } else {
      result += text[i];
    }
    if (is_structural && random.chance(1, 6)) result += random.one_of(kSpaces);
  }
  return result;
}

Bytes random_layout(Random& random, const Json& value) {
  static const std::vector<std::string> kIndents = {"", "", "  ", "    ", "\t"};
  const bool is_ragged = random.chance(1, 4);
  // One draw a statement: compilers evaluate the operands of one in different orders.
  const Bytes text = core::write_json(value, {random.one_of(kIndents)});
  if (is_ragged) return ragged(random, text);
  return random.chance(1, 2) ? text + "\n" : text;
}

bool has_suffix(const std::string& path, std::string_view suffix) {
  return path.ends_with(suffix);
}

Json random_stock(Random& random) {
  Json stock = Json::object();
  if (random.chance(1, 2)) stock.set("who", Json::string(random.chance(1, 2) ? "x" : "y"));
  if (!random.chance(1, 8)) stock.set("n", random_whole_number(random));
  if (random.chance(1, 8)) stock = Json::array({random_whole_number(random)});
  return stock;
}

Bytes edit_text(Random& random, const Bytes& text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    lines.back() += c;
    if (c == '\n') lines.emplace_back();
  }
  const std::size_t place = random.below(lines.size());
  switch (random.below(4)) {
    case 0:
      lines[place].clear();
      break;
    case 1:
      lines[place] = "changed " + std::to_string(random.below(3)) + "\n";
      break;
    default:
      lines[place].insert(0, random_lines(random));
  }
  Bytes edited;
  for (const std::string& line : lines) edited += line;
  return edited;
}

/// What is not JSON, or looks like it.
Bytes odd_bytes(Random& random) {
  static const std::vector<Bytes> kOdd = {
      "",       "{\"a\":1,\"a\":2}", "\"\\ud800\"",   "[1,",  Bytes("a\0b\n", 4),
      "\xff\n", "  \"x\" ",          "{\n\"a\":1\n}", "[[]]", "no JSON\n"};
  return random.one_of(kOdd);
}

std::optional<Bytes> random_metadata(Random& random, const std::optional<Bytes>& seen) {
  if (!random.chance(1, 6)) return seen;
  if (random.chance(1, 6)) return std::nullopt;
  if (random.chance(1, 12)) return Bytes("{}");
  Json object = Json::object();
  if (seen) {
    const Document known = Document::of(*seen);
    if (known.value.json != nullptr && known.value.json->value.is_object()) {
      object = known.value.json->value;
    }
  }
  edit_object(random, object);
  return core::write_json(object);
}

std::string random_media_type(Random& random, const std::string& seen) {
  static const std::vector<std::string> kTypes = {"",
                                                  "application/json",
                                                  "application/geo+json",
                                                  "text/plain",
                                                  "Text/X; charset=utf-8",
                                                  "application/octet-stream",
                                                  "x/y",
                                                  "application/JSON ; q=\"a/b\"",
                                                  "application/toml"};
  return random.chance(1, 25) ? random.one_of(kTypes) : seen;
}

Json random_strategy(Random& random) {
  static const std::vector<std::string> kNamed = {"latest", "max",  "min",  "counter",
                                                  "set",    "list", "text", "json"};
  if (!random.chance(1, 6)) return Json::string(random.one_of(kNamed));
  Json keyed = Json::object();
  keyed.set("list", Json::string(random.chance(3, 4) ? "/id" : "/x"));
  return keyed;
}

/// The strategy that suits a field's usual value, more often than not.
Json strategy_for(Random& random, const std::string& name) {
  if (random.chance(1, 3)) return random_strategy(random);
  if (name == "/n") return Json::string(random.chance(2, 3) ? "counter" : "max");
  if (name == "/t") return Json::string("text");
  if (name == "/s") return Json::string(random.chance(2, 3) ? "set" : "list");
  if (name == "/l") {
    Json keyed = Json::object();
    keyed.set("list", Json::string("/id"));
    return keyed;
  }
  return random_strategy(random);
}

Json random_rule(Random& random) {
  static const std::vector<std::string> kMatches = {"cows/**", "**",       "cows/?.json", "n*/*",
                                                    "x",       "**/*.js*", "cows/2*"};
  static const std::vector<std::string> kFields = {"/n", "/t",   "/s",      "/l", "/a",
                                                   "/o", "/o/n", "/m~1n~0", "/*", "/o/*"};
  Json rule = Json::object();
  if (random.chance(1, 4)) {
    rule.set("match", Json::string(random.chance(1, 2) ? "stock/**" : "n?tes/*"));
    rule.set("strategy", Json::string("script"));
    rule.set("script", Json::string(kScriptPath));
    if (random.chance(1, 4)) rule.set("steps", Json::integer(100000));
    return rule;
  }
  rule.set("match", Json::string(random.one_of(kMatches)));
  if (random.chance(1, 4)) {
    rule.set("strategy", random_strategy(random));
    return rule;
  }
  rule.set("strategy", Json::string("json"));
  Json fields = Json::object();
  for (std::size_t n = random.below(5); n > 0; --n) {
    const std::string& field = random.one_of(kFields);
    fields.set(field, strategy_for(random, field));
  }
  rule.set("fields", fields);
  return rule;
}

}  // namespace

const std::vector<std::string>& document_paths() {
  static const std::vector<std::string> kPaths = {
      "cows/1.json", "cows/1.json", "cows/2.json", "notes/a.txt", "stock/s.json", "bin", "a"};
  return kPaths;
}

PlannedDocument random_document(Random& random, const std::string& path) {
  PlannedDocument document;
  document.metadata = random_metadata(random, std::nullopt);
  const bool json = has_suffix(path, ".json");
  document.media_type = random_media_type(random, json                       ? "application/json"
                                                  : has_suffix(path, ".txt") ? "text/plain"
                                                                             : "");
  if (path.starts_with("stock/")) {
    document.bytes = random_layout(random, random_stock(random));
  } else if (random.chance(1, 20)) {
    document.bytes = odd_bytes(random);
  } else if (json) {
    document.bytes =
        random_layout(random, random.chance(1, 12) ? random_field(random, random.one_of(kNames))
                                                   : random_object(random, 5));
  } else {
    document.bytes = random_lines(random);
  }
  return document;
}

PlannedDocument edit_document(Random& random, const std::string& path,
                              const PlannedDocument& seen) {
  PlannedDocument edited = seen;
  edited.media_type = random_media_type(random, seen.media_type);
  edited.metadata = random_metadata(random, seen.metadata);
  const Document document = Document::of(seen.bytes);
  if (path.starts_with("stock/")) {
    edited.bytes = random_layout(random, random_stock(random));
  } else if (document.value.json != nullptr && has_suffix(path, ".json")) {
    Json value = document.value.json->value;
    for (std::size_t n = 1 + random.below(2); n > 0; --n) {
      if (value.is_object()) edit_object(random, value);
      if (value.is_array()) edit_list(random, value);
      if (!value.is_container()) value = random_field(random, random.one_of(kNames));
    }
    edited.bytes = random_layout(random, value);
  } else if (document.is_text) {
    edited.bytes = edit_text(random, seen.bytes);
  } else {
    edited.bytes = random_document(random, path).bytes;
  }
  return edited;
}

Bytes random_rules(Random& random) {
  static const std::vector<Bytes> kWrong = {
      "{}",
      "no rules",
      "{\"rules\":[{\"match\":\"**\",\"strategy\":\"best\"}]}",
      "{\"rules\":[{\"match\":\"**\",\"strategy\":\"latest\",\"fields\":{}}]}",
      "{\"rules\":[{\"match\":\"**\",\"strategy\":\"script\",\"script\":\"a.star\"}]}",
      "{\"rules\":[{\"match\":\"**\",\"strategy\":\"latest\",\"why\":1}]}"};
  if (random.chance(1, 12)) return random.one_of(kWrong);
  Json rules = Json::array();
  for (std::size_t n = 1 + random.below(4); n > 0; --n) rules.append(random_rule(random));
  Json document = Json::object();
  document.set("rules", rules);
  return random_layout(random, document);
}

Bytes random_script(Random& random) {
  return random.one_of(canned_scripts()).source;
}

}  // namespace isodb::reference
