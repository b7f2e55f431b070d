#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isodb/entry.h"

namespace isodb::repo {

/// The changes of one imported commit, in the order in which they came: 60 bytes and the path each,
/// where entries in a vector take 400, for a bulk load has millions. Stamps and flags are left out.
/// One thread at a time.
class ImportChanges {
 public:
  /// nullopt: the path is deleted.
  void add(std::string_view path, const std::optional<Entry>& entry);
  std::size_t size() const { return places_.size(); }
  bool removes(std::size_t place) const;
  std::string_view path(std::size_t place) const;
  /// Replaces `entry`, whose memory is used again; not where removes().
  void load(std::size_t place, Entry& entry) const;

 private:
  struct Head;
  static Head head_at(const char* at);
  char* room_for(std::size_t bytes);
  std::uint32_t media_number(const std::string& media_type);

  std::vector<const char*> places_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::vector<std::string> media_types_;
};

}  // namespace isodb::repo
