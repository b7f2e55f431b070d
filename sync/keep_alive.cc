#include "sync/session.h"

namespace isodb::sync {

Bytes keep_alive_message() {
  Bytes frame;
  wire::FrameWriter(frame).add(wire::FrameType::kPing, {});
  return frame;
}

}  // namespace isodb::sync
