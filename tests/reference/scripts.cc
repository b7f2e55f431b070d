#include "tests/reference/scripts.h"

#include "tests/reference/decimal.h"

namespace isodb::reference {
namespace {

MaybeJson fail_always(const MaybeJson&, const Json&, const Json&, const ScriptContext&) {
  return std::nullopt;
}

MaybeJson return_left(const MaybeJson&, const Json& left, const Json&, const ScriptContext&) {
  return left;
}

MaybeJson concatenate(const MaybeJson&, const Json& left, const Json& right, const ScriptContext&) {
  if (left.is_string() && right.is_string()) {
    return Json::string(std::string(left.as_string()) + std::string(right.as_string()));
  }
  if (!left.is_array() || !right.is_array()) return std::nullopt;
  Json joined = left;
  for (const Json& item : right.items()) joined.append(item);
  return joined;
}

/// Says where people have to look.
MaybeJson choose(const MaybeJson&, const Json& left, const Json& right,
                 const ScriptContext& context) {
  if (!(left == right)) context.in_conflict->insert({"o", "m/n~"});
  return right;
}

/// The number of a member, 0 where it is missing; nullopt where it is no whole number.
std::optional<PlainDecimal> stock_of(const MaybeJson& document) {
  if (!document) return PlainDecimal{};
  if (!document->is_object()) return std::nullopt;
  const Json* value = document->find("n");
  if (value == nullptr) return PlainDecimal{};
  if (!value->is_number()) return std::nullopt;
  const std::string_view text = value->number_text();  // a float where it is no whole number
  if (text.find_first_of(".eE") != std::string_view::npos || text == "-0") return std::nullopt;
  return PlainDecimal::of(text);
}

MaybeJson stock(const MaybeJson& base, const Json& left, const Json& right, const ScriptContext&) {
  const auto b = stock_of(base), l = stock_of(left), r = stock_of(right);
  if (!b || !l || !r) return std::nullopt;
  const PlainDecimal sum = *l + *r - *b;
  Json merged = right;
  merged.set("n", Json::number(sum.negative ? "0" : sum.text()));
  return merged;
}

/// Tells apart what it is told.
MaybeJson newest(const MaybeJson& base, const Json& left, const Json&,
                 const ScriptContext& context) {
  Json merged = Json::object();
  merged.set("created", Json::boolean(!base));
  merged.set("path", Json::string(context.path));
  merged.set("clock", Json::natural(context.right.clock_millis));
  merged.set("by", Json::string(context.left.author + context.right.author));
  merged.set("of", Json::string(context.left.commit + context.right.commit));
  merged.set("n", left);
  return merged;
}

}  // namespace

const std::vector<CannedScript>& canned_scripts() {
  static const std::vector<CannedScript> kScripts = {
      {"fail", "def merge(base, left, right, context):\n    fail(\"never\")\n", fail_always},
      {"left", "def merge(base, left, right, context):\n    return left\n", return_left},
      {"choose",
       "def merge(base, left, right, context):\n"
       "    if not isodb.equal(left, right):\n"
       "        isodb.conflict(\"/o/m~1n~0\")\n"
       "    return right\n",
       choose},
      {"joined",
       "def merge(base, left, right, context):\n"
       "    if type(left) not in [\"string\", \"list\"]:\n"
       "        fail(\"neither a text nor a list\")\n"
       "    return left + right\n",
       concatenate},
      {"stock",
       "def number(document):\n"
       "    if document == None:\n"
       "        return 0\n"
       "    if type(document) != \"dict\":\n"
       "        fail(\"no object\")\n"
       "    n = document.get(\"n\", 0)\n"
       "    if type(n) != \"int\":\n"
       "        fail(\"no whole number\")\n"
       "    return n\n"
       "\n"
       "def merge(base, left, right, context):\n"
       "    n = number(left) + number(right) - number(base)\n"
       "    merged = dict(right)\n"
       "    merged[\"n\"] = n if n > 0 else 0\n"
       "    return merged\n",
       stock},
      {"newest",
       "def merge(base, left, right, context):\n"
       "    l, r = context[\"left\"], context[\"right\"]\n"
       "    return {\n"
       "        \"created\": base == None,\n"
       "        \"path\": context[\"path\"],\n"
       "        \"clock\": r[\"clock\"],\n"
       "        \"by\": l[\"author\"] + r[\"author\"],\n"
       "        \"of\": l[\"commit\"] + r[\"commit\"],\n"
       "        \"n\": left,\n"
       "    }\n",
       newest}};
  return kScripts;
}

ScriptFunction script_function(const Bytes& source) {
  for (const CannedScript& script : canned_scripts()) {
    if (script.source == source) return script.function;
  }
  return fail_always;
}

}  // namespace isodb::reference
