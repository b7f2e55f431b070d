#include "sync/deleted_paths.h"

#include <algorithm>
#include <utility>

#include "isodb/entry.h"
#include "isodb/error.h"

namespace isodb::sync {
namespace {

constexpr std::uint64_t kReadBytes = 64 * 1024;

void copy(const objects::ObjectSource& source, const objects::ContentRef& from,
          objects::ContentWriter& to) {
  objects::ContentReader reader(source, from);
  for (std::uint64_t at = 0; at < from.size; at += kReadBytes)
    to.write(reader.read(at, kReadBytes));
}

}  // namespace

void DeletedPathsWriter::add(const std::string& path) {
  tail_ += path;
  tail_ += '\n';
  if (tail_.size() >= kSegmentBytes) save();
}

const std::vector<objects::ContentRef>& DeletedPathsWriter::save() {
  if (!tail_.empty())
    segments_.push_back(objects::write_content(objects_, std::exchange(tail_, {})));
  return segments_;
}

std::optional<Id> DeletedPathsWriter::finish() {
  if (segments_.empty() && tail_.empty()) return std::nullopt;
  objects::ContentWriter writer(objects_);
  for (const objects::ContentRef& segment : segments_) copy(objects_, segment, writer);
  writer.write(tail_);
  return writer.finish().id;
}

objects::ContentRef content_of(const objects::ObjectSource& source, const Id& id) {
  const std::optional<objects::Object> object = source.get(id);
  if (object && object->type == ObjectType::kBlob) {
    return {id, ContentKind::kBlob, object->payload.size()};
  }
  if (object && object->type == ObjectType::kList) {
    return {id, ContentKind::kList, objects::decode_list(object->payload).size};
  }
  throw Error(ErrorCode::kCorrupt,
              "object " + id.hex() + (object ? " is no document" : " is missing"),
              "run isodb fsck");
}

DeletedPathsReader::DeletedPathsReader(const objects::ObjectSource& source,
                                       const std::optional<Id>& list) {
  if (!list) return;
  reader_ = std::make_unique<objects::ContentReader>(source, content_of(source, *list));
  at_end_ = false;
  next();
}

void DeletedPathsReader::next() {
  std::size_t end = buffer_.find('\n', at_);
  if (end == Bytes::npos && offset_ < reader_->size()) {
    buffer_.erase(0, std::exchange(at_, 0));
    // A path is shorter than what is read at once.
    buffer_ += reader_->read(offset_, kReadBytes);
    offset_ = std::min(offset_ + kReadBytes, reader_->size());
    end = buffer_.find('\n');
  }
  if (end == Bytes::npos) {
    if (at_ < buffer_.size()) throw Error(ErrorCode::kCorrupt, "a deleted list ends within a path");
    at_end_ = true;
    return;
  }
  std::string path = buffer_.substr(at_, end - at_);
  at_ = end + 1;
  if (path <= path_) throw Error(ErrorCode::kCorrupt, "a deleted list is not in order");
  path_ = std::move(path);
}

}  // namespace isodb::sync
