#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "isodb/bytes.h"
#include "isodb/error.h"
#include "isodb/id.h"

namespace isodb::core {
class Dictionary;
}

namespace isodb::objects {

/// Larger payloads are refused on writing (Error(kLimit)) and on reading (kCorrupt): a record's
/// claim to its size must not exhaust memory. Documents of any size are lists of chunks far
/// smaller.
inline constexpr std::uint64_t kObjectBytesMax = 64 * 1024 * 1024;

struct Object {
  ObjectType type = ObjectType::kBlob;
  Bytes payload;
};

/// Where objects are read from. get() returns nullopt for an id that is not held, and throws
/// Error(kCorrupt) when what is held is damaged. Implementations are safe to read from several
/// threads.
class ObjectSource {
 public:
  virtual ~ObjectSource() = default;
  virtual std::optional<Object> get(const Id& id) const = 0;
  virtual bool contains(const Id& id) const = 0;
  /// How many other records must be read to rebuild this object from deltas; 0 for one that stands
  /// by itself, and where nothing is known. Writers keep chains short by it.
  virtual unsigned depth(const Id& id) const;
};

/// What a writer knows about an object that helps to store it small. Never changes an id.
struct PutHint {
  std::optional<Id> base;   ///< an object that resembles it: its older version
  bool compressed = false;  ///< the bytes are compressed already; store them as they are
  ByteView base_bytes{};    ///< base's payload, where the caller holds it; empty: it is read
  /// The payload as core::compress() packed it with this dictionary, which the caller has proved: a
  /// pack that has the very same dictionary takes it as it is. Empty: none.
  ByteView frame{};
  const core::Dictionary* frame_dictionary = nullptr;
};

/// Where objects are written to. put() hashes, stores unless held already, and returns the id. One
/// thread at a time.
class ObjectSink {
 public:
  virtual ~ObjectSink() = default;
  virtual Id put(ObjectType type, ByteView payload, const PutHint& hint = {}) = 0;
};

/// Both at once: what was put can be read.
class ObjectStore : public ObjectSource, public ObjectSink {};

/// An object that must be there is not: kCorrupt, until somebody who knows better says otherwise.
class ObjectMissing : public Error {
 public:
  explicit ObjectMissing(const Id& id);
  const Id& id() const { return id_; }

 private:
  Id id_;
};

/// get() for an object that must be there and of this type: ObjectMissing, or Error(kCorrupt)
/// naming the id, otherwise.
Bytes get_expected(const ObjectSource& source, const Id& id, ObjectType type);

}  // namespace isodb::objects
