#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "isodb/id.h"
#include "objects/pack.h"
#include "refs/local_store.h"
#include "refs/local_store_impl.h"

namespace isodb::refs {

using IsWanted = std::function<bool(const Id&)>;

/// What is loose was never sent, or is a draft.
objects::PackWriter::Options private_options();
/// The same for a thread of the background: the others have work to do, and nobody waits for it.
objects::PackWriter::Options background_options();

/// What the writer of a pack looks into: bases come from the store, but only what is in `packs`
/// need not be written again.
class PackingSource : public objects::ObjectSource {
 public:
  PackingSource(const LocalStore& store, PackFiles packs)
      : store_(store), packs_(std::move(packs)) {}
  std::optional<objects::Object> get(const Id& id) const override { return store_.get(id); }
  unsigned depth(const Id& id) const override { return store_.depth(id); }
  bool contains(const Id& id) const override;

 private:
  const LocalStore& store_;
  const PackFiles packs_;
};

/// Throws what is wrong with a pack that cannot be opened.
const objects::Pack& opened(const PackFile& file);
std::uint64_t bytes_of(const PackFiles& packs);

/// Goes on with the dictionary of the largest of these packs, where others may see that: what is
/// packed anew can then go as it lies, as it could before.
void keep_dictionary(objects::PackWriter& writer, const PackFiles& packs);

/// Copies these records of a pack, where `wanted` and the writer do not have them yet, in their
/// order, so that what was near stays near and bases come before what is based on them. A delta
/// stays one to the same base, or becomes none: docs/storage.md, "Deltas never go round".
/// Error(kCorrupt) for one that is not what its id says.
void copy_records(objects::PackWriter& writer, const objects::Pack& pack,
                  const PackEntries& entries, const LocalStore& store, const IsWanted& wanted);
/// The same of a whole pack.
void copy_pack(objects::PackWriter& writer, const PackFile& file, const LocalStore& store,
               const IsWanted& wanted);
/// The same of loose rows, with their records.
void copy_rows(objects::PackWriter& writer, const std::vector<RowPtr>& rows,
               const std::vector<std::shared_ptr<const Bytes>>& records);

/// Adds an object that stands by itself: whatever else is damaged or dropped, it can be read.
void append_whole(LooseRow& row, const Id& id, const objects::Object& object);

}  // namespace isodb::refs
