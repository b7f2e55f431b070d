#include "bench/table.h"

#include <algorithm>

namespace isodb::bench {
namespace {

/// Columns that UTF-8 text takes: continuation bytes take none.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

}  // namespace

/// The first column to the left, the others to the right.
std::vector<std::string> Table::padded(const std::vector<std::string>& row) const {
  std::vector<std::string> cells;
  for (std::size_t column = 0; column < row.size(); ++column) {
    std::size_t widest = 0;
    for (const auto& other : rows_) widest = std::max(widest, width(other[column]));
    const std::string padding(widest - width(row[column]), ' ');
    cells.push_back(column == 0 ? row[column] + padding : padding + row[column]);
  }
  return cells;
}

std::string Table::text() const {
  std::string out;
  for (const auto& row : rows_) {
    std::string line;
    for (const std::string& cell : padded(row)) line += (line.empty() ? "" : "  ") + cell;
    out += line + "\n";
  }
  return out;
}

std::string Table::markdown() const {
  std::string out;
  for (const auto& row : rows_) {
    for (const std::string& cell : padded(row)) out += "| " + cell + " ";
    out += "|\n";
    if (&row != &rows_.front()) continue;
    for (std::size_t column = 0; column < row.size(); ++column) {
      out += column == 0 ? "| --- " : "| ---: ";
    }
    out += "|\n";
  }
  return out;
}

}  // namespace isodb::bench
