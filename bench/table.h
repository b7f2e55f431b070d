#pragma once

#include <string>
#include <vector>

namespace isodb::bench {

/// Rows of cells, the first row the heading; printed with aligned columns or as Markdown.
class Table {
 public:
  explicit Table(std::vector<std::string> heading) : rows_{std::move(heading)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string text() const;
  std::string markdown() const;

 private:
  std::vector<std::string> padded(const std::vector<std::string>& row) const;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace isodb::bench
