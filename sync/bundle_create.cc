#include <algorithm>
#include <array>
#include <utility>

#include "core/hash.h"
#include "isodb/bundle.h"
#include "isodb/error.h"
#include "isodb/remote.h"
#include "repo/access.h"
#include "sync/agreements.h"
#include "sync/bundle_file.h"
#include "sync/missing.h"
#include "sync/outgoing.h"
#include "wire/frame.h"
#include "wire/messages.h"
#include "wire/run.h"

namespace isodb::sync {
namespace {

namespace fs = std::filesystem;

constexpr int kLevel = 6;  // zstd's: between a line that is slow and a disk that is not
/// What one more run may come to, with the part's end.
constexpr std::uint64_t kReserveBytes = 300 * 1024;

/// What the receiver is taken to hold.
struct Since {
  std::vector<CommitId> heads;
  wire::Agreement refs;
};

Since since_of(Repository& repository, const std::string& word) {
  if (word.empty()) return {};
  if (const std::optional<Remote> remote = find_remote(repository, word)) {
    const std::shared_ptr<RepositoryState> state = repo::Access::state(repository);
    const auto agreed = remote->key ? Agreements(*state->database, *remote->key).last()
                                    : std::optional<wire::Agreement>();
    if (!agreed) {
      throw Error(ErrorCode::kInvalid, "nothing was agreed on with the remote '" + word + "' yet",
                  "give a revision that it has, or leave --since out");
    }
    return {branch_commits(*agreed), *agreed};
  }
  return {repository.resolve_heads(word), {}};
}

/// How far the commit at hand is, as its receiver counts it.
class Position {
 public:
  void add(const wire::Element& element) {
    is_open_ = true;
    if (const auto* operation = std::get_if<wire::OperationElement>(&element)) {
      add_operation(*operation);
    } else if (const auto* piece = std::get_if<wire::PieceElement>(&element)) {
      bytes_ += piece->bytes.size();
      end_where_whole();
    } else if (std::holds_alternative<wire::ObjectElement>(element)) {
      is_object_ = true;
    } else if (std::holds_alternative<wire::CommitElement>(element)) {
      // Where a commit could not be gone on with, it begins anew.
      *this = Position();
      is_open_ = true;
    }
  }

  /// Is a commit, or a tag, begun and not whole?
  bool is_open() const { return is_open_; }
  /// Objects are not resumed.
  bool can_break() const { return !is_object_; }
  std::uint64_t operations() const { return operations_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  /// After a break the operation at hand comes again; the bytes that were sent of it do not.
  void add_operation(const wire::OperationElement& operation) {
    bytes_all_ = 0;
    for (const wire::LargePart& part : operation.parts) bytes_all_ += part.new_bytes;
    end_where_whole();
  }
  void end_where_whole() {
    if (is_object_ || bytes_ < bytes_all_) return;
    ++operations_;
    bytes_ = bytes_all_ = 0;
  }

  std::uint64_t operations_ = 0, bytes_ = 0, bytes_all_ = 0;
  bool is_object_ = false, is_open_ = false;
};

/// One part on its way: frames without the header, which is known when all parts are.
struct Part {
  std::unique_ptr<UnfinishedFile> body;
  std::vector<CommitId> prerequisites;
  std::optional<wire::EndMessage> end;
};

class BundleWriter {
 public:
  BundleWriter(Repository& repository, const fs::path& file, const BundleOptions& options)
      : state_(repo::Access::state(repository)), file_(file), options_(options) {
    const Since since = since_of(repository, options.since);
    ours_ = local_refs(*state_);
    Missing missing = missing_commits(*state_, {since.heads, {}}, commits_named(*state_, ours_));
    commits_ = std::move(missing.commits);
    had_ = std::move(missing.had);
    tags_ = tags_missing(*state_, ours_, since.refs);
  }

  std::vector<BundleInfo> write() {
    hash_.start();
    const wire::AgreementDigest refs = wire::agreement_digest(ours_);
    hash_.update(ByteView(reinterpret_cast<const char*>(refs.bytes.data()), refs.bytes.size()));
    while (!is_done_) write_part();
    const Id digest = hash_.finish();
    std::copy_n(digest.data(), bundle_.size(), bundle_.begin());
    std::vector<BundleInfo> infos;
    for (std::size_t i = 0; i < parts_.size(); ++i) infos.push_back(finish(i));
    return infos;
  }

 private:
  fs::path name_of(std::size_t index) const {
    if (options_.split_bytes == 0) return file_;
    return file_.string() + "." + std::to_string(index + 1);
  }

  void write_part() {
    if (had_.size() > wire::BundleHeader::kPrerequisitesMax) {
      throw Error(ErrorCode::kLimit, "the bundle would build on more than 1,024 commits",
                  "merge the branches first");
    }
    Part& part = parts_.emplace_back();
    part.prerequisites = had_;
    part.body = std::make_unique<UnfinishedFile>(name_of(parts_.size() - 1).string() + ".body");
    const std::size_t first = done_;
    const auto begin = commits_.begin();
    Outgoing outgoing(*state_, {begin + static_cast<std::ptrdiff_t>(first), commits_.end()},
                      {.as_objects = {}, .resume = resume_, .tags = tags_});
    wire::RunWriter writer(had_, kLevel);
    while (write_run(part, outgoing, writer)) {
    }
    resume_.reset();
    if (position_.is_open()) {
      resume_ = resume_point(outgoing.commit());
    } else {
      part.end = wire::EndMessage{0, writer.commits(), writer.operations()};
      append(part, wire::FrameType::kEnd, encode(*part.end));
    }
    had_.insert(had_.end(), begin + static_cast<std::ptrdiff_t>(first),
                begin + static_cast<std::ptrdiff_t>(done_));
    had_ = heads_of_everything_had(*state_, had_);
  }

  /// False after the part's last.
  bool write_run(Part& part, Outgoing& outgoing, wire::RunWriter& writer) {
    while (!writer.is_full()) {
      const std::optional<wire::Element> element = outgoing.next();
      if (!element) {
        is_done_ = true;
        position_ = Position();
        break;
      }
      writer.add(*element);
      position_.add(*element);
      if (!outgoing.commit_is_whole()) continue;
      writer.commit_is(outgoing.commit());
      ++done_;
      position_ = Position();
    }
    for (const Bytes& payload : writer.take_run(0)) append(part, wire::FrameType::kRun, payload);
    if (options_.progress) options_.progress({"bundle", written_, 0});
    const bool is_full =
        options_.split_bytes != 0 && part.body->size() + kReserveBytes > options_.split_bytes;
    return !is_done_ && !(is_full && position_.can_break());
  }

  ResumePoint resume_point(const CommitId& id) const {
    const Commit commit = state_->read_commit(id);
    ResumePoint point;
    point.stamp = commit.stamp();
    std::copy_n(commit.signature.bytes.begin(), point.signature.size(), point.signature.begin());
    point.operations = position_.operations();
    point.bytes = position_.bytes();
    return point;
  }

  void append(Part& part, wire::FrameType type, ByteView payload) {
    Bytes frame;
    wire::FrameWriter(frame).add(type, payload);
    part.body->append(frame);
    hash_.update(frame);
    written_ += frame.size();
  }

  /// Header, body, signature.
  BundleInfo finish(std::size_t index) {
    Part& part = parts_[index];
    wire::BundleHeader header;
    header.repository = state_->root;
    header.part = index + 1;
    header.parts = parts_.size();
    if (header.parts > 1) header.bundle = bundle_;
    header.prerequisites = part.prerequisites;
    for (const auto& [name, ids] : ours_) header.refs.push_back({name, ids});
    UnfinishedFile file(name_of(index));
    core::Sha256 hash;
    hash.start();
    const auto add = [&](ByteView bytes) {
      file.append(bytes);
      hash.update(bytes);
    };
    Bytes frames;
    wire::FrameWriter out(frames);
    wire::write_bundle(out, header);
    if (const merge::ErasedPtr erased = state_->erasures->now(); !erased->empty()) {
      wire::write_erased(out, erased->ids());
    }
    add(frames);
    part.body->read(add);
    part.body.reset();
    const SecretKey& key = state_->key();
    const Id digest = hash.finish();
    Bytes last;
    wire::FrameWriter(last).add(
        wire::FrameType::kSignature,
        encode(wire::BundleSignature{
            key.public_key(), key.sign(SignatureDomain::kBundle, state_->root, digest.bytes())}));
    file.append(last);
    BundleInfo info = info_of(header, part, file.size());
    info.file = name_of(index);
    info.signer = key.public_key();
    file.finish();
    return info;
  }

  static BundleInfo info_of(const wire::BundleHeader& header, const Part& part,
                            std::uint64_t bytes) {
    BundleInfo info;
    info.repository = header.repository;
    info.part = header.part;
    info.parts = header.parts;
    for (const wire::RefHeads& ref : header.refs) info.refs.emplace_back(ref.name, ref.ids);
    info.prerequisites = header.prerequisites;
    if (part.end) {
      info.commits = part.end->commits;
      info.operations = part.end->operations;
    }
    info.bytes = bytes;
    return info;
  }

  const std::shared_ptr<RepositoryState> state_;
  const fs::path file_;
  const BundleOptions& options_;
  wire::Agreement ours_;
  std::vector<CommitId> commits_;  // to be sent
  std::vector<CommitId> had_;      // heads of what the receiver holds once it has the parts so far
  std::vector<TagId> tags_;
  std::size_t done_ = 0;  // whole commits
  Position position_;     // in the one after them
  std::optional<ResumePoint> resume_;
  bool is_done_ = false;
  std::uint64_t written_ = 0;
  std::vector<Part> parts_;
  core::Sha256 hash_;  // of refs and frames, which is the bundle's name
  std::array<std::uint8_t, 16> bundle_{};
};

}  // namespace

std::vector<BundleInfo> create_bundle(Repository& repository, const fs::path& file,
                                      const BundleOptions& options) {
  if (options.split_bytes != 0 && options.split_bytes < kBundleSplitMin) {
    throw Error(ErrorCode::kInvalid, "parts of a bundle have at least 1 MiB");
  }
  try {
    return BundleWriter(repository, file, options).write();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotHeld) throw;
    throw Error(error.code(), error.what(),
                "leave out what a remote that holds everything has: isodb bundle create FILE "
                "--since REMOTE");
  }
}

}  // namespace isodb::sync
