#include "refs/pack_copy.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/compress.h"

namespace isodb::refs {
namespace {

/// Copies one object and makes sure that it is what its id says.
void copy(objects::PackWriter& writer, const Id& id, const objects::Object& object,
          const std::optional<Id>& base) {
  if (writer.put(object.type, object.payload, {.base = base, .compressed = false}) != id) {
    throw Error(ErrorCode::kCorrupt, "object " + id.hex() + ": its content is not what its id says",
                "run isodb fsck");
  }
}

/// One loose object on its way into a pack.
struct LooseObject {
  ObjectType type;
  std::size_t row;
  std::uint32_t item;
  std::optional<Id> base;
};

/// By type and in the order in which they were written, so that versions of one thing lie side by
/// side and each after its base.
std::vector<LooseObject> by_type(const std::vector<RowPtr>& rows,
                                 const std::vector<std::shared_ptr<const Bytes>>& records) {
  std::vector<LooseObject> result;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (std::uint32_t item = 0; item < rows[row]->items.size(); ++item) {
      const auto summary = objects::summarize_record(record_at(*rows[row], *records[row], item));
      result.push_back({summary.type, row, item, summary.base});
    }
  }
  std::stable_sort(result.begin(), result.end(),
                   [](const LooseObject& a, const LooseObject& b) { return a.type < b.type; });
  return result;
}

}  // namespace

objects::PackWriter::Options private_options() {
  objects::PackWriter::Options options;
  options.is_private = true;
  return options;
}

objects::PackWriter::Options background_options() {
  objects::PackWriter::Options options = private_options();
  options.threads = 1;
  options.level = 3;
  return options;
}

bool PackingSource::contains(const Id& id) const {
  return std::any_of(packs_.begin(), packs_.end(), [&](const auto& file) {
    const objects::Pack* pack = file->open();
    return pack != nullptr && pack->find(id);
  });
}

const objects::Pack& opened(const PackFile& file) {
  if (const objects::Pack* pack = file.open()) return *pack;
  throw Error(*file.failure());
}

std::uint64_t bytes_of(const PackFiles& packs) {
  std::uint64_t bytes = 0;
  for (const auto& file : packs) bytes += file->info().bytes;
  return bytes;
}

void keep_dictionary(objects::PackWriter& writer, const PackFiles& packs) {
  const auto largest = std::ranges::max_element(
      packs, {}, [](const std::shared_ptr<PackFile>& file) { return file->info().bytes; });
  if (largest == packs.end()) return;
  const std::shared_ptr<const core::Dictionary> dictionary = opened(**largest).dictionary();
  if (dictionary != nullptr && !core::is_private(dictionary->content())) {
    writer.offer_dictionary(dictionary);
  }
}

void copy_records(objects::PackWriter& writer, const objects::Pack& pack,
                  const PackEntries& entries, const LocalStore& store, const IsWanted& wanted) {
  PackEntries copied;  // by offset: near bases are named by it
  copied.reserve(entries.size());
  const auto near_base = [&](std::uint64_t offset) -> std::optional<Id> {
    const auto found = std::lower_bound(
        copied.begin(), copied.end(), offset,
        [](const auto& known, std::uint64_t searched) { return known.first < searched; });
    if (found == copied.end() || found->first != offset) return std::nullopt;
    return found->second;
  };
  for (const auto& [offset, id] : entries) {
    if (!wanted(id) || writer.contains(id)) continue;
    const objects::RecordSummary summary = pack.summary(offset);
    std::optional<Id> base = summary.base;
    if (base && !wanted(*base)) base.reset();
    if (summary.base_offset) base = near_base(*summary.base_offset);
    copy(writer, id, pack.read(offset, store), base);
    copied.emplace_back(offset, id);
  }
}

void copy_pack(objects::PackWriter& writer, const PackFile& file, const LocalStore& store,
               const IsWanted& wanted) {
  const objects::Pack& pack = opened(file);
  PackEntries entries;
  entries.reserve(pack.object_count());
  pack.for_each([&](const Id& id, std::uint64_t offset) { entries.emplace_back(offset, id); });
  copy_records(writer, pack, entries, store, wanted);
}

void copy_rows(objects::PackWriter& writer, const std::vector<RowPtr>& rows,
               const std::vector<std::shared_ptr<const Bytes>>& records) {
  std::unordered_map<Id, std::size_t> row_of;  // what was copied, and from which row
  for (const LooseObject& object : by_type(rows, records)) {
    const Id& id = rows[object.row]->items[object.item].id;
    if (writer.contains(id)) continue;
    // Bases come from the writer: it has most of them at hand, and the rest from the store.
    const RowReader reader(*rows[object.row], *records[object.row], writer);
    std::optional<Id> base = object.base;
    if (base && reader.find(*base)) {
      const auto copied = row_of.find(*base);
      if (copied == row_of.end() || copied->second != object.row) base.reset();
    }
    copy(writer, id, reader.read(object.item), base);
    row_of.emplace(id, object.row);
  }
}

void append_whole(LooseRow& row, const Id& id, const objects::Object& object) {
  const auto offset = static_cast<std::uint32_t>(row.records.size());
  objects::append_record(row.records, object.type, object.payload, {}, nullptr, 0, 0);
  row.items.push_back({id, offset});
}

}  // namespace isodb::refs
