#pragma once

#include <memory>

#include "objects/memory_store.h"
#include "objects/source.h"

namespace isodb::merge {

/// A source with what a computation has made so far put over it, so that it can read its own
/// results before they are stored. Borrows the source. Thread-safe but for clear().
class Scratch : public objects::ObjectStore {
 public:
  explicit Scratch(const objects::ObjectSource& source)
      : source_(source), made_(std::make_unique<objects::MemoryStore>()) {}

  const objects::ObjectSource& source() const { return source_; }
  std::optional<objects::Object> get(const Id& id) const override {
    auto found = made_->get(id);
    return found ? found : source_.get(id);
  }
  bool contains(const Id& id) const override { return made_->contains(id) || source_.contains(id); }
  unsigned depth(const Id& id) const override { return source_.depth(id); }
  Id put(ObjectType type, ByteView payload, const objects::PutHint& hint = {}) override {
    return made_->put(type, payload, hint);
  }
  void clear() {
    if (made_->count() > 0) made_ = std::make_unique<objects::MemoryStore>();
  }

 private:
  const objects::ObjectSource& source_;
  std::unique_ptr<objects::MemoryStore> made_;
};

/// Puts everything into a sink, and where it can be read at once.
class TeeSink : public objects::ObjectSink {
 public:
  TeeSink(objects::ObjectSink& sink, Scratch& scratch) : sink_(sink), scratch_(scratch) {}
  Id put(ObjectType type, ByteView payload, const objects::PutHint& hint = {}) override {
    scratch_.put(type, payload);
    return sink_.put(type, payload, hint);
  }

 private:
  objects::ObjectSink& sink_;
  Scratch& scratch_;
};

}  // namespace isodb::merge
