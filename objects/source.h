#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "isodb/bytes.h"
#include "isodb/id.h"

namespace isodb::objects {

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
};

/// What a writer knows about an object that helps to store it small. Never changes an id.
struct PutHint {
  std::optional<Id> base;   ///< an object that resembles it: its older version
  bool compressed = false;  ///< the bytes are compressed already; store them as they are
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

/// get() for an object that must be there and of this type: Error(kCorrupt) naming the id
/// otherwise.
Bytes get_expected(const ObjectSource& source, const Id& id, ObjectType type);

}  // namespace isodb::objects
