#include "tests/reference/spelling.h"

#include <algorithm>

#include "core/json_writer.h"

namespace isodb::reference {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

/// Where the string that begins at `at` ends.
std::size_t string_end(std::string_view text, std::size_t at) {
  for (++at; text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at + 1;
}

/// Walks a text beside the value that it holds.
class Speller {
 public:
  Speller(std::string_view text, const Style& style) : text_(text), style_(style) {}

  Node spell(const Json& value) {
    auto node = std::make_shared<Spelled>();
    node->value = value;
    node->style = style_;
    const std::size_t begin = at_;
    if (value.is_array() || value.is_object()) {
      spell_parts(value, *node);
    } else if (value.is_string()) {
      at_ = string_end(text_, at_);
    } else {
      at_ = std::min(text_.find_first_of(" \t\r\n,]}", at_), text_.size());
    }
    node->text = text_.substr(begin, at_ - begin);
    return node;
  }

  std::string space() {
    const std::size_t end = std::min(text_.find_first_not_of(kSpace, at_), text_.size());
    const std::size_t begin = at_;
    at_ = end;
    return std::string(text_.substr(begin, end - begin));
  }

 private:
  void spell_parts(const Json& value, Spelled& node) {
    ++at_;
    node.opening = space();
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) {
        const std::size_t begin = at_ - last_space_;
        ++at_;
        space();
        if (i == 1) node.between = text_.substr(begin, at_ - begin);
      }
      if (value.is_object()) spell_name(value.members()[i], node);
      node.parts.push_back(spell(value.is_object() ? value.members()[i].value : value.items()[i]));
      node.closing = space();
      last_space_ = node.closing.size();
    }
    if (value.size() == 0) space();
    ++at_;
  }

  void spell_name(const JsonMember& member, Spelled& node) {
    const std::size_t begin = at_;
    at_ = string_end(text_, at_);
    node.names.push_back(
        {std::string(member.key()), std::string(text_.substr(begin, at_ - begin)), style_});
    const std::size_t end = at_;
    space();
    ++at_;
    space();
    if (node.names.size() == 1) node.colon = text_.substr(end, at_ - end);
  }

  std::string_view text_;
  const Style& style_;
  std::size_t at_ = 0, last_space_ = 0;
};

class SpellingWriter {
 public:
  explicit SpellingWriter(const Style& style) : style_(style) {}

  std::string write(const Node& node, std::size_t depth) const {
    if (!node->text.empty() && node->style == style_) return node->text;
    const Json& value = node->value;
    if (!value.is_container()) return core::write_json(value);
    if (value.size() == 0) return value.is_array() ? "[]" : "{}";
    const Spelled spacing = spacing_of(node, depth);
    std::string text = value.is_array() ? "[" : "{";
    for (std::size_t i = 0; i < node->parts.size(); ++i) {
      text += i == 0 ? spacing.opening : spacing.between;
      if (value.is_object()) text += name(node->names[i]) + spacing.colon;
      text += write(node->parts[i], depth + 1);
    }
    return text + spacing.closing + (value.is_array() ? "]" : "}");
  }

 private:
  std::string name(const Name& name) const {
    if (!name.text.empty() && name.style == style_) return name.text;
    std::string text;
    core::append_json_string(text, name.name);
    return text;
  }

  std::string in_one_line() const { return style_.colon.ends_with(' ') ? ", " : ","; }

  Spelled spacing_of(const Node& node, std::size_t depth) const {
    Spelled spacing;
    const Node& model = node->model;
    if (model != nullptr && !model->parts.empty() && model->style == style_) {
      spacing.opening = model->opening;
      spacing.between = model->between;
      spacing.colon = model->colon;
      spacing.closing = model->closing;
      if (model->parts.size() == 1) {
        spacing.between = model->opening.empty() ? in_one_line() : "," + model->opening;
      }
      return spacing;
    }
    spacing.colon = style_.colon;
    spacing.between = in_one_line();
    if (style_.indent.empty()) return spacing;
    spacing.closing = "\n";
    for (std::size_t i = 0; i < depth; ++i) spacing.closing += style_.indent;
    spacing.opening = spacing.closing + style_.indent;
    spacing.between = "," + spacing.opening;
    return spacing;
  }

  const Style& style_;
};

/// What stands for the node as a model: itself where it stands in a version.
Node model_of(const Node& node) {
  return node == nullptr || !node->text.empty() ? node : node->model;
}

}  // namespace

Style Style::of(std::string_view text) {
  constexpr std::size_t kIndentMax = 16;
  Style style;
  for (std::size_t feed = text.find('\n'); feed != std::string_view::npos;
       feed = text.find('\n', feed + 1)) {
    const std::string_view line = text.substr(feed + 1);
    if (line.starts_with('\t')) style.indent = "\t";
    if (line.starts_with(' ')) {
      const std::size_t spaces = std::min(line.find_first_not_of(' '), line.size());
      style.indent = std::string(std::min(spaces, kIndentMax), ' ');
    }
    if (!style.indent.empty()) break;
  }
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '"') {
      at = string_end(text, at);
    } else if (text[at++] == ':') {
      const std::size_t begin = text.find_last_not_of(kSpace, at - 2) + 1;
      const std::size_t end = std::min(text.find_first_not_of(kSpace, at), text.size());
      style.colon = text.substr(begin, end - begin);
      break;
    }
  }
  return style;
}

SpelledDocument spell(const Json& value, std::string_view text) {
  SpelledDocument document;
  document.style = Style::of(text);
  Speller speller(text, document.style);
  document.before = speller.space();
  document.root = speller.spell(value);
  document.after = speller.space();
  return document;
}

Node make_scalar(const Json& value) {
  auto node = std::make_shared<Spelled>();
  node->value = value;
  return node;
}

Node make_array(const std::vector<Node>& items, const Node& model) {
  auto node = std::make_shared<Spelled>();
  node->value = Json::array();
  for (const Node& item : items) node->value.append(item->value);
  node->parts = items;
  node->model = model_of(model);
  return node;
}

Node make_object(const std::vector<Name>& names, const std::vector<Node>& values,
                 const Node& model) {
  auto node = std::make_shared<Spelled>();
  node->value = Json::object();
  for (std::size_t i = 0; i < names.size(); ++i) node->value.set(names[i].name, values[i]->value);
  node->names = names;
  node->parts = values;
  node->model = model_of(model);
  return node;
}

Node member_of(const Node& object, std::string_view name) {
  if (object == nullptr || !object->value.is_object()) return nullptr;
  for (std::size_t i = 0; i < object->names.size(); ++i) {
    if (object->names[i].name == name) return object->parts[i];
  }
  return nullptr;
}

std::string write_spelled(const Node& node, const Style& style) {
  return SpellingWriter(style).write(node, 0);
}

bool equal(const Node& a, const Node& b) {
  if (a == nullptr || b == nullptr) return a == b;
  return a->value == b->value;
}

}  // namespace isodb::reference
