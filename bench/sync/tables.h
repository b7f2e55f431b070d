#pragma once

#include <string>
#include <vector>

#include "bench/sync/bulk.h"
#include "bench/sync/lines.h"

namespace isodb::bench {

struct BulkRow {
  BulkOptions options;
  BulkResult result;
};

// Markdown.
std::string bulk_table(const std::vector<BulkRow>& rows);
std::string line_tables(const LineResults& results);

}  // namespace isodb::bench
