#pragma once

#include <cstdint>

#include "isodb/bytes.h"
#include "isodb/id.h"

namespace isodb::core {

/// The id of an object: SHA-256("<type> <decimal length>\0" ‖ payload). Thread-safe.
Id object_id(ObjectType type, ByteView payload);

/// Plain SHA-256 of `data`. Thread-safe.
Id sha256(ByteView data);

/// SHA-256 of bytes that arrive in parts, or of an object whose length is known before its bytes.
/// Owns one OpenSSL context; one thread at a time. finish() may be called once, then reset by
/// start().
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void start();
  void start_object(ObjectType type, std::uint64_t payload_bytes);
  void update(ByteView data);
  Id finish();

 private:
  void* context_;
};

/// xxh3-64 of `data`: boundaries of trees and checksums of records. Not for anything an adversary
/// must not choose.
std::uint64_t xxh3(ByteView data, std::uint64_t seed = 0);

}  // namespace isodb::core
