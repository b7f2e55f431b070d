#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "core/hash.h"
#include "isodb/error.h"
#include "objects/memory_store.h"
#include "objects/pack.h"
#include "objects/pack_encoder.h"
#include "objects/pack_entries.h"
#include "objects/pack_index.h"
#include "objects/pack_output.h"
#include "objects/pack_sampling.h"
#include "objects/resolving.h"

namespace isodb::objects {
namespace {

/// Objects that go through the writer together, numbered from `first` on.
struct Batch {
  static constexpr std::size_t kBytesMax = 256 * 1024;
  static constexpr std::size_t kItemsMax = 512;
  static constexpr std::size_t kBytesReserved = kBytesMax + 64 * 1024;  // most last items fit

  std::uint32_t first = 0;
  Bytes bytes;
  std::vector<PackItem> items;

  Batch() {
    bytes.reserve(kBytesReserved);
    items.reserve(kItemsMax);
  }
  bool full() const { return bytes.size() >= kBytesMax || items.size() >= kItemsMax; }
  /// The item's payload, or its frame.
  ByteView bytes_of(const PackItem& item) const {
    return ByteView(bytes).substr(item.begin, item.packed > 0 ? item.packed : item.size);
  }
};
using BatchPtr = std::shared_ptr<Batch>;  // not changed once it waits

/// A batch on its way to the encoder.
struct Waiting {
  BatchPtr batch;
  enum class Help { kNone, kComing, kDone } help = Help::kNone;
  PackedItems packed;  // by the helper
};

const ObjectSource& nothing() {
  static const MemoryStore store;
  return store;
}

}  // namespace

/// Life of an object: put() hashes it and adds it to `batch`; full batches wait in `pending` in
/// order, at first until there are enough samples for a dictionary and it is trained, then until
/// the encoder, in its own thread or in the caller's, has made records of them.
struct PackWriter::Impl {
  Impl(core::FileSystem& files, const std::filesystem::path& folder,
       const ObjectSource* existing_or_null, Options options)
      : options(options),
        existing(existing_or_null != nullptr ? *existing_or_null : nothing()),
        output(files, folder, options.sync_bytes),
        encoder(output, existing, options) {
    if (options.dictionary != nullptr) start_with(options.dictionary);
  }
  ~Impl() {
    forget_waiting();
    stop_worker();
  }

  Id put(ObjectType type, ByteView payload, const PutHint& hint);
  std::optional<Object> get(const Id& id) const;
  std::optional<PackInfo> finish();

  void queue(const Id& id, ObjectType type, ByteView payload, const PutHint& hint, bool is_frame);
  bool takes_frame(const PutHint& hint) const;
  void submit();
  void start();
  void start_with(std::shared_ptr<const core::Dictionary> known);
  void set_dictionary(std::shared_ptr<const core::Dictionary> dictionary_or_null);
  std::shared_ptr<const core::Dictionary> train();
  void encode(const Batch& batch, const PackedItems& packed);
  void run_worker();
  void encode_pending();
  bool help(std::unique_lock<std::mutex>& lock);
  BatchPtr empty_batch();
  void forget_waiting();
  void drain();
  void stop_worker();
  void rethrow_failure();
  std::optional<Object> pending_object(std::uint32_t number) const;
  PackInfo write_end();

  /// 16 MiB: while a bulk load's caller does what one thread must do alone, as building the tree,
  /// the worker has something to do.
  static constexpr std::size_t kPendingMax = 64;

  const Options options;
  const ObjectSource& existing;
  PackOutput output;
  PackEntries entries;
  PackEncoder encoder;
  BatchPtr batch = std::make_shared<Batch>();
  std::size_t sampled_bytes = 0, waiting_bytes = 0;
  bool started = false;
  std::vector<BatchPtr> sampled;  // until the dictionary is trained
  std::thread worker;

  mutable std::mutex mutex;  // of what follows
  std::condition_variable changed;
  std::deque<Waiting> pending;
  std::vector<BatchPtr> spare;  // whose memory the next ones take
  std::exception_ptr failure;
  std::shared_ptr<const core::Dictionary> dictionary;
  bool ready = false;  // the dictionary, or that there is none
  bool closing = false;

  std::atomic<std::uint32_t> encoded{0};  // entries below have their place
};

Id PackWriter::Impl::put(ObjectType type, ByteView payload, const PutHint& hint) {
  check_object_size(payload.size());
  const Id id = core::object_id(type, payload);
  if (entries.find(id) != PackEntries::kNone) return id;
  if (existing.contains(id)) return id;
  const bool is_frame = takes_frame(hint);
  try {
    queue(id, type, payload, hint, is_frame);
  } catch (...) {  // an entry may stand without its record: this pack is never finished
    const std::lock_guard lock(mutex);
    if (!failure) failure = std::current_exception();
    throw;
  }
  return id;
}

void PackWriter::Impl::queue(const Id& id, ObjectType type, ByteView payload, const PutHint& hint,
                             bool is_frame) {
  PackItem item;
  if (hint.base && !hint.compressed) {
    const std::uint32_t base = entries.find(*hint.base);
    if (base == PackEntries::kNone) {
      item.other_base = hint.base;
    } else {
      item.base = &entries[base];
    }
  }
  item.entry = &entries[entries.add(id)];
  item.type = type;
  item.compressed = hint.compressed;
  item.begin = batch->bytes.size();
  item.size = payload.size();
  if (is_frame) item.packed = hint.frame.size();
  batch->bytes.append(item.packed > 0 ? hint.frame : payload);
  batch->items.push_back(item);
  if (!started && is_sample(item)) sampled_bytes += item.size;
  if (batch->full()) submit();
}

/// What has a base may become a delta.
bool PackWriter::Impl::takes_frame(const PutHint& hint) const {
  if (hint.frame.empty() || hint.compressed || hint.base) return false;
  const std::lock_guard lock(mutex);
  return dictionary != nullptr && hint.frame_dictionary == dictionary.get();
}

void PackWriter::Impl::submit() {
  if (batch->items.empty()) return;
  BatchPtr full = std::exchange(batch, empty_batch());
  batch->first = full->first + static_cast<std::uint32_t>(full->items.size());
  if (started && options.threads < 2) return encode(*full, {});
  waiting_bytes += full->bytes.size();
  {
    std::unique_lock lock(mutex);
    while (started && pending.size() >= kPendingMax && !failure) {
      if (!help(lock)) changed.wait(lock);
    }
    pending.push_back({std::move(full), {}, {}});
  }
  changed.notify_all();
  rethrow_failure();
  constexpr std::size_t kWaitingPerSample = 4;
  if (!started && (sampled_bytes >= options.sample_bytes ||
                   waiting_bytes >= options.sample_bytes * kWaitingPerSample)) {
    start();
  }
}

std::shared_ptr<const core::Dictionary> PackWriter::Impl::train() {
  std::vector<ByteView> samples;
  for (const BatchPtr& waiting : sampled) {
    for (const PackItem& item : waiting->items) {
      if (is_sample(item)) samples.push_back(waiting->bytes_of(item));
    }
  }
  std::shared_ptr<const core::Dictionary> trained = make_dictionary(samples, options);
  sampled.clear();
  return trained;
}

void PackWriter::Impl::set_dictionary(std::shared_ptr<const core::Dictionary> dictionary_or_null) {
  const std::lock_guard lock(mutex);
  dictionary = std::move(dictionary_or_null);
  encoder.set_dictionary(dictionary.get());
  output.set_dictionary(dictionary.get());
  ready = true;
}

/// Ends the sampling: trains and encodes what waits, beside the caller where that may be.
void PackWriter::Impl::start() {
  started = true;
  // What waits now, and not what may come before the worker looks: the same in every run.
  for (const Waiting& waiting : pending) sampled.push_back(waiting.batch);
  if (options.threads < 2) {
    set_dictionary(train());
    return drain();
  }
  worker = std::thread([this] { run_worker(); });
}

void PackWriter::Impl::start_with(std::shared_ptr<const core::Dictionary> known) {
  set_dictionary(std::move(known));
  started = true;
  if (options.threads < 2) return drain();
  worker = std::thread([this] { run_worker(); });
}

void PackWriter::Impl::encode(const Batch& full, const PackedItems& packed) {
  std::uint32_t number = full.first;
  for (std::size_t i = 0; i < full.items.size(); ++i) {
    const PackItem& item = full.items[i];
    const auto piece = i < packed.pieces.size() ? packed.pieces[i] : PackedItems::Piece{};
    if (piece.encoding) {
      const ByteView data = ByteView(packed.bytes).substr(piece.begin, piece.size);
      encoder.encode_packed(item, full.bytes_of(item), *piece.encoding, data);
    } else {
      encoder.encode(item, full.bytes_of(item));
    }
    encoded.store(++number, std::memory_order_release);
  }
}

/// Packs, in the calling thread, what stands by itself in the last batch that nobody has begun: the
/// worker comes to it last. False where there is none.
bool PackWriter::Impl::help(std::unique_lock<std::mutex>& lock) {
  if (!ready) return false;
  const auto found = std::find_if(pending.rbegin(), pending.rend(), [](const Waiting& waiting) {
    return waiting.help == Waiting::Help::kNone;
  });
  // The worker has the first, or is about to.
  if (found == pending.rend() || &*found == &pending.front()) return false;
  Waiting& helped = *found;  // stays where it is: only the caller adds, and the worker waits for it
  helped.help = Waiting::Help::kComing;
  const BatchPtr full = helped.batch;
  lock.unlock();
  PackedItems packed;
  std::exception_ptr problem;
  try {
    packed.bytes.reserve(full->bytes.size() / 2);
    for (const PackItem& item : full->items) {
      PackedItems::Piece piece;
      piece.begin = packed.bytes.size();
      if (PackEncoder::stands_alone(item)) {
        piece.encoding = encoder.pack_alone(packed.bytes, item, full->bytes_of(item));
      }
      piece.size = packed.bytes.size() - piece.begin;
      packed.pieces.push_back(piece);
    }
  } catch (...) {
    problem = std::current_exception();
    packed = {};  // the worker does it
  }
  lock.lock();
  helped.packed = std::move(packed);
  helped.help = Waiting::Help::kDone;
  changed.notify_all();
  if (problem) std::rethrow_exception(problem);
  return true;
}

/// Encodes what is pending, in the calling thread.
void PackWriter::Impl::drain() {
  while (!pending.empty()) {
    encode(*pending.front().batch, {});
    pending.pop_front();
  }
}

void PackWriter::Impl::run_worker() {
  try {
    if (!ready) set_dictionary(train());  // set by this thread, or before it began
    changed.notify_all();
    encode_pending();
  } catch (...) {
    const std::lock_guard lock(mutex);
    failure = std::current_exception();  // thrown again in the caller's thread
  }
  changed.notify_all();
}

void PackWriter::Impl::encode_pending() {
  std::unique_lock lock(mutex);
  for (;;) {
    changed.wait(lock, [&] {
      return pending.empty() ? closing : pending.front().help != Waiting::Help::kComing;
    });
    if (pending.empty()) return;
    Waiting& next = pending.front();
    next.help = Waiting::Help::kDone;
    lock.unlock();
    encode(*next.batch, next.packed);
    lock.lock();
    if (spare.size() < kPendingMax) spare.push_back(std::move(next.batch));
    pending.pop_front();
    changed.notify_all();
  }
}

/// For the caller's thread, which alone reads batches beside the worker.
BatchPtr PackWriter::Impl::empty_batch() {
  BatchPtr taken;
  {
    const std::lock_guard lock(mutex);
    if (spare.empty()) return std::make_shared<Batch>();
    taken = std::move(spare.back());
    spare.pop_back();
  }
  if (taken->bytes.capacity() > 2 * Batch::kBytesReserved) return std::make_shared<Batch>();
  taken->bytes.clear();
  taken->items.clear();
  return taken;
}

/// Nobody is to finish the pack any more.
void PackWriter::Impl::forget_waiting() {
  const std::lock_guard lock(mutex);
  while (pending.size() > 1) pending.pop_back();
}

void PackWriter::Impl::stop_worker() {
  if (!worker.joinable()) return;
  {
    const std::lock_guard lock(mutex);
    closing = true;
  }
  changed.notify_all();
  worker.join();
}

void PackWriter::Impl::rethrow_failure() {
  const std::lock_guard lock(mutex);
  if (failure) std::rethrow_exception(failure);
}

std::optional<Object> PackWriter::Impl::pending_object(std::uint32_t number) const {
  BatchPtr holder = batch;
  if (number < batch->first) {
    const std::lock_guard lock(mutex);
    const auto after = std::upper_bound(
        pending.begin(), pending.end(), number,
        [](std::uint32_t n, const Waiting& waiting) { return n < waiting.batch->first; });
    if (after == pending.begin()) return std::nullopt;
    holder = (after - 1)->batch;
  }
  const std::size_t place = number - holder->first;
  if (place >= holder->items.size()) return std::nullopt;
  const PackItem& item = holder->items[place];
  const ByteView bytes = holder->bytes_of(item);
  if (item.packed == 0) return Object{item.type, Bytes(bytes)};
  Bytes payload(item.size, '\0');
  core::decompress(payload.data(), payload.size(), bytes, *dictionary);
  return Object{item.type, std::move(payload)};
}

std::optional<Object> PackWriter::Impl::get(const Id& id) const {
  const std::uint32_t number = entries.find(id);
  if (number == PackEntries::kNone) return existing.get(id);
  if (number >= encoded.load(std::memory_order_acquire)) {
    if (std::optional<Object> object = pending_object(number)) return object;
    // The worker was faster.
    if (number >= encoded.load(std::memory_order_acquire)) {
      throw Error(ErrorCode::kIo, "the pack could not be written");
    }
  }
  return encoder.read(entries[number].offset());
}

PackInfo PackWriter::Impl::write_end() {
  PackFooter footer;
  footer.objects = entries.size();
  footer.dictionary_offset = output.size();
  if (dictionary != nullptr) {
    output.append(dictionary->content());
    footer.dictionary_checksum = core::xxh3(dictionary->content());
  }
  footer.index_offset = output.size();
  std::vector<IndexedObject> objects;
  objects.reserve(entries.size());
  for (std::uint32_t i = 0; i < entries.size(); ++i) {
    objects.push_back({entries[i].id.prefix64(), &entries[i]});
  }
  core::Sha256 digest;
  digest.start();
  write_index(objects, [&](ByteView part) {
    digest.update(part);
    output.append(part);
  });
  footer.file_checksum = output.finish_checksum();
  const Bytes end = encode_footer(footer);
  digest.update(end);
  output.append(end);
  PackInfo info{pack_name(digest.finish()), output.size(), footer.objects};
  output.commit(info.name);
  return info;
}

std::optional<PackInfo> PackWriter::Impl::finish() {
  rethrow_failure();
  submit();
  if (!started) start();
  if (worker.joinable()) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return ready || failure; });
    while (!failure && help(lock)) {
    }
  }
  stop_worker();
  rethrow_failure();
  if (entries.size() == 0) return std::nullopt;
  if (encoded.load(std::memory_order_acquire) != entries.size()) {
    throw Error(ErrorCode::kIo, "the pack could not be written");
  }
  return write_end();
}

PackWriter::PackWriter(core::FileSystem& files, const std::filesystem::path& folder,
                       const ObjectSource* existing, Options options)
    : impl_(std::make_unique<Impl>(files, folder, existing, options)) {}
PackWriter::~PackWriter() = default;

Id PackWriter::put(ObjectType type, ByteView payload, const PutHint& hint) {
  return impl_->put(type, payload, hint);
}
std::optional<Object> PackWriter::get(const Id& id) const {
  return impl_->get(id);
}
bool PackWriter::contains(const Id& id) const {
  return impl_->entries.find(id) != PackEntries::kNone || impl_->existing.contains(id);
}
void PackWriter::offer_dictionary(const std::shared_ptr<const core::Dictionary>& offered) {
  if (!impl_->started) impl_->start_with(offered);
}
std::uint64_t PackWriter::object_count() const {
  return impl_->entries.size();
}
std::shared_ptr<const core::Dictionary> PackWriter::dictionary() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->dictionary;
}
std::uint64_t PackWriter::bytes_written() const {
  return impl_->output.size();
}
std::optional<PackInfo> PackWriter::finish() {
  return impl_->finish();
}

}  // namespace isodb::objects
