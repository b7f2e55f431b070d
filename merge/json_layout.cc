#include "merge/json_layout.h"

#include <algorithm>
#include <map>
#include <string>

#include "core/json_writer.h"
#include "merge/document.h"
#include "merge/json_spans.h"

namespace isodb::merge {

using core::Json;

namespace {

constexpr std::size_t kIndentMax = 16;

/// How a document is laid out throughout.
struct Style {
  std::string indent;  ///< of one level; "" for one line
  std::string colon;   ///< with the white space around it

  friend bool operator==(const Style&, const Style&) = default;
};

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

std::string first_indent(ByteView text) {
  for (std::size_t feed = text.find('\n'); feed != ByteView::npos;
       feed = text.find('\n', feed + 1)) {
    const ByteView line = text.substr(feed + 1);
    if (line.starts_with('\t')) return "\t";
    const std::size_t spaces = std::min(line.find_first_not_of(' '), line.size());
    if (spaces > 0) return std::string(std::min(spaces, kIndentMax), ' ');
  }
  return {};
}

std::string first_colon(ByteView text) {
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (in_string && text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      in_string = !in_string;
    } else if (!in_string && text[at] == ':') {
      std::size_t begin = at, end = at + 1;
      while (begin > 0 && is_space(text[begin - 1])) --begin;
      while (end < text.size() && is_space(text[end])) ++end;
      return std::string(text.substr(begin, end - begin));
    }
  }
  return ":";
}

/// What stands between the parts of one container.
struct Gaps {
  std::string open, between, close;
  ByteView colon;  // of the style or the model
};

class Writer {
 public:
  explicit Writer(const JsonSource& greatest)
      : greatest_(greatest), style_(source(greatest).style) {}

  Bytes write_document(const MergedValue& value) {
    const JsonSpans::Span root = source(greatest_).spans.of(*greatest_.root);
    out_ = greatest_.text.substr(0, root.begin);
    write(value, 0);
    out_ += greatest_.text.substr(root.end);
    // The white space of a few parts, repeated between all those of another version, knows no end.
    return is_too_long() ? core::write_json(value.data()) : std::move(out_);
  }

 private:
  struct Source {
    Style style;
    JsonSpans spans;
  };

  const Source& source(const JsonSource& source) {
    const auto known = sources_.find(&source);
    if (known != sources_.end()) return known->second;
    Source made{{first_indent(source.text), first_colon(source.text)},
                JsonSpans(source.text, *source.root)};
    return sources_.emplace(&source, std::move(made)).first->second;
  }

  bool is_too_long() const { return out_.size() > kMergedBytesMax; }

  void write(const MergedValue& value, std::size_t depth) {
    if (is_too_long()) return;
    if (value.at() != nullptr && source(*value.source()).style == style_) {
      out_ += source(*value.source()).spans.text_of(*value.at());
    } else if (value.data().size() > 0) {
      write_container(value, depth);
    } else if (value.data().is_string()) {
      core::append_json_string(out_, value.data().as_string());
    } else {
      out_ += core::write_json(value.data());
    }
  }

  void write_container(const MergedValue& value, std::size_t depth) {
    const bool is_object = value.data().is_object();
    const Gaps gaps = gaps_of(value, depth);
    out_ += is_object ? '{' : '[';
    for (std::size_t i = 0; i < value.data().size() && !is_too_long(); ++i) {
      out_ += i == 0 ? gaps.open : gaps.between;
      if (is_object) {
        write(value.name(i), depth + 1);
        out_ += gaps.colon;
      }
      write(value.part(i), depth + 1);
    }
    out_ += gaps.close;
    out_ += is_object ? '}' : ']';
  }

  Gaps gaps_of(const MergedValue& value, std::size_t depth) {
    const Json* model = value.model();
    const bool has_model = model != nullptr && model->kind() == value.data().kind() &&
                           model->size() > 0 && source(*value.model_source()).style == style_;
    return has_model ? gaps_of_model(*model, *value.model_source()) : gaps_of_style(depth);
  }

  Gaps gaps_of_style(std::size_t depth) const {
    if (style_.indent.empty()) return {"", comma_in_line(), "", style_.colon};
    std::string close = "\n";
    for (std::size_t i = 0; i < depth; ++i) close += style_.indent;
    const std::string open = close + style_.indent;
    return {open, "," + open, close, style_.colon};
  }

  std::string comma_in_line() const { return style_.colon.ends_with(' ') ? ", " : ","; }

  Gaps gaps_of_model(const Json& model, const JsonSource& from) {
    const JsonSpans& spans = source(from).spans;
    const auto between = [&](std::size_t begin, std::size_t end) {
      return std::string(from.text.substr(begin, end - begin));
    };
    const bool is_object = model.is_object();
    const auto begin_of = [&](std::size_t i) {
      return spans.of(is_object ? model.members()[i].name : model.items()[i]).begin;
    };
    const auto value_of = [&](std::size_t i) {
      return spans.of(is_object ? model.members()[i].value : model.items()[i]);
    };
    const JsonSpans::Span all = spans.of(model);
    Gaps gaps;
    gaps.open = between(all.begin + 1, begin_of(0));
    gaps.close = between(value_of(model.size() - 1).end, all.end - 1);
    if (model.size() > 1) {
      gaps.between = between(value_of(0).end, begin_of(1));
    } else {
      gaps.between = gaps.open.empty() ? comma_in_line() : "," + gaps.open;
    }
    if (is_object) {
      const std::size_t name_end = spans.of(model.members()[0].name).end;
      gaps.colon = from.text.substr(name_end, value_of(0).begin - name_end);
    }
    return gaps;
  }

  const JsonSource& greatest_;
  std::map<const JsonSource*, Source> sources_;  // only looked up, never walked
  const Style style_;
  Bytes out_;
};

}  // namespace

Bytes write_merged(const MergedValue& value, const JsonSource& greatest) {
  return Writer(greatest).write_document(value);
}

}  // namespace isodb::merge
