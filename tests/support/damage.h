#pragma once

#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/file.h"
#include "objects/pack.h"
#include "refs/database.h"
#include "refs/loose_items.h"

namespace isodb::testing {

/// Flips one bit of a file.
inline void flip_bit(const std::filesystem::path& path, std::uint64_t byte, unsigned bit = 0) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  REQUIRE(file.seekg(static_cast<std::streamoff>(byte)));
  char value = 0;
  REQUIRE(file.get(value));
  REQUIRE(file.seekp(static_cast<std::streamoff>(byte)));
  REQUIRE(file.put(static_cast<char>(value ^ (1 << bit))));
}

inline void run_sql(const std::filesystem::path& database, const std::string& sql) {
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open(database.c_str(), &handle) == SQLITE_OK);
  char* error = nullptr;
  const int result = sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, &error);
  INFO((error == nullptr ? "" : error));
  sqlite3_free(error);
  sqlite3_close(handle);
  REQUIRE(result == SQLITE_OK);
}

inline std::string hex_literal(const Bytes& bytes) {
  std::string text = "x'";
  for (const char byte : bytes) {
    constexpr const char* kDigits = "0123456789abcdef";
    const auto value = static_cast<unsigned char>(byte);
    text += {kDigits[value >> 4], kDigits[value & 15]};
  }
  return text + "'";
}

/// Damages every copy of the object's record in a repository that nobody has open. The last byte:
/// the checksum's, or the data's. How many there were.
inline int damage_object(const std::filesystem::path& repository, const Id& id) {
  int copies = 0;
  std::vector<std::string> statements;
  {
    const auto database = refs::Database::open(repository / "repo.db", {});
    const refs::Database::Inventory held = database->inventory(0);
    for (const objects::PackInfo& info : held.packs) {
      const std::filesystem::path path = repository / "packs" / info.name;
      const objects::Pack pack(core::posix_file_system(), path, info.bytes);
      const auto offset = pack.find(id);
      if (!offset) continue;
      flip_bit(path, *offset + pack.record_bytes(*offset) - 1, 3);
      ++copies;
    }
    for (const refs::LooseSummary& row : held.loose_added) {
      for (std::size_t i = 0; i < row.items.size(); ++i) {
        if (row.items[i].id != id) continue;
        Bytes records = *database->loose_records(row.number);
        const std::size_t end = i + 1 < row.items.size() ? row.items[i + 1].offset : records.size();
        records[end - 1] = static_cast<char>(records[end - 1] ^ 8);
        statements.push_back("UPDATE loose SET records = " + hex_literal(records) +
                             " WHERE number = " + std::to_string(row.number));
        ++copies;
      }
    }
  }
  for (const std::string& sql : statements) run_sql(repository / "repo.db", sql);
  return copies;
}

}  // namespace isodb::testing
