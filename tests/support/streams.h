#pragma once

#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/hash.h"
#include "core/varint.h"
#include "wire/columns.h"
#include "wire/run.h"

// Streams of the sync protocol for tests: made at random, written, and read by a receiver that
// knows no repository. The n-th commit of a stream has the id numbered_commit(n), and of a resumed
// document kResumedBytes came before, so that both ends know when a commit is whole.
namespace isodb::testing {

inline constexpr std::uint64_t kResumedBytes = 1'000;

inline CommitId numbered_commit(std::uint64_t number) {
  Bytes seed = "isodb stream commit";
  core::put_u64(seed, number);
  return CommitId(core::sha256(seed));
}

inline std::uint64_t new_bytes(const std::vector<wire::LargePart>& parts) {
  std::uint64_t bytes = 0;
  for (const wire::LargePart& part : parts) bytes += part.new_bytes;
  return bytes;
}

/// Tells when the commit that is open is whole.
class CommitProgress {
 public:
  /// A stream that begins with RESUME has this many operations left in its first commit.
  explicit CommitProgress(std::uint64_t resumed_operations)
      : resumed_operations_(resumed_operations) {}

  /// The commit's number, when this element made it whole.
  std::optional<std::uint64_t> took(const wire::Element& element) {
    if (const auto* commit = std::get_if<wire::CommitElement>(&element)) {
      begin(commit->operations);
    } else if (const auto* resume = std::get_if<wire::ResumeElement>(&element)) {
      if (resume->among_objects) return std::nullopt;
      begin(resumed_operations_);
      resumes_here_ = true;
    } else if (const auto* operation = std::get_if<wire::OperationElement>(&element)) {
      if (operations_left_ > 0) --operations_left_;
      if (operation->kind == wire::OperationKind::kLarge) {
        pieces_left_ = new_bytes(operation->parts);
        if (resumes_here_) pieces_left_ -= std::min(pieces_left_, kResumedBytes);
      }
      resumes_here_ = false;
    } else if (const auto* object = std::get_if<wire::ObjectElement>(&element)) {
      if (object->type == ObjectType::kCommit) begin(0);
      pieces_left_ = object->size;
    } else if (const auto* piece = std::get_if<wire::PieceElement>(&element)) {
      pieces_left_ -= piece->bytes.size();
    }
    if (!is_open_ || operations_left_ + pieces_left_ > 0) return std::nullopt;
    is_open_ = false;
    return commits_++;
  }

 private:
  void begin(std::uint64_t operations) {
    is_open_ = true;
    operations_left_ = operations;
  }

  std::uint64_t resumed_operations_;
  std::uint64_t commits_ = 0, operations_left_ = 0, pieces_left_ = 0;
  bool is_open_ = false, resumes_here_ = false;
};

/// Writes all elements, a run as full as it may be; the payloads of RUN frames.
inline std::vector<Bytes> write_stream(const std::vector<wire::Element>& elements,
                                       const std::vector<CommitId>& known,
                                       std::uint64_t resumed_operations, int level = 1) {
  wire::RunWriter writer(known, level);
  CommitProgress progress(resumed_operations);
  std::vector<Bytes> payloads;
  const auto take = [&] {
    for (Bytes& payload : writer.take_run(0)) payloads.push_back(std::move(payload));
  };
  for (const wire::Element& element : elements) {
    if (writer.is_full()) take();
    writer.add(element);
    if (const auto number = progress.took(element)) writer.commit_is(numbered_commit(*number));
  }
  take();
  return payloads;
}

/// Reads a stream and keeps what it reads.
class StreamReceiver {
 public:
  StreamReceiver(std::vector<CommitId> known, std::uint64_t resumed_operations)
      : reader_(std::move(known)), progress_(resumed_operations) {}

  void add_frame(ByteView payload) {
    reader_.add_frame(payload);
    while (std::optional<wire::Element> element = reader_.next()) {
      if (const auto number = progress_.took(*element)) reader_.commit_is(numbered_commit(*number));
      elements_.push_back(std::move(*element));
    }
  }

  const wire::RunReader& reader() const { return reader_; }
  const std::vector<wire::Element>& elements() const { return elements_; }

 private:
  wire::RunReader reader_;
  CommitProgress progress_;
  std::vector<wire::Element> elements_;
};

/// All elements as one plain run: the payload of a RUN frame, where they fit into one.
inline Bytes plain_run(const std::vector<wire::Element>& elements,
                       const std::vector<CommitId>& known, std::uint64_t resumed_operations) {
  wire::Columns columns;
  wire::StreamState state(known);
  CommitProgress progress(resumed_operations);
  for (const wire::Element& element : elements) {
    wire::put_element(columns, element, state);
    if (const auto number = progress.took(element)) state.parents.add(numbered_commit(*number));
  }
  Bytes run;
  columns.take(run);
  return Bytes(2, '\0') + run;
}

/// Elements of every kind that break no rule.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::vector<CommitId> known)
      : random_(seed), known_(std::move(known)) {}

  std::vector<wire::Element> make(std::size_t commits) {
    elements_.clear();
    made_ = 0;
    has_dictionary_ = false;
    resumed_operations_ = below(3);
    if (below(4) == 0) add_resumed();
    while (made_ < commits) {
      if (below(8) == 0) {
        if (below(4) == 0) elements_.push_back(wire::ResumeElement{.among_objects = true});
        add_object(static_cast<ObjectType>(1 + below(6)));
      } else {
        add_commit();
      }
    }
    return elements_;
  }
  std::uint64_t resumed_operations() const { return resumed_operations_; }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  /// Mostly small, at times as large as may be.
  std::uint64_t up_to(std::uint64_t max) {
    const std::uint64_t bound = below(40) == 0 ? max : std::min<std::uint64_t>(max, 40);
    return below(bound + 1);
  }
  Bytes some_bytes(std::uint64_t max) {
    Bytes bytes(static_cast<std::size_t>(up_to(max)), '\0');
    const bool is_text = below(2) == 0;
    for (char& byte : bytes) byte = static_cast<char>(is_text ? 'a' + below(4) : below(256));
    return bytes;
  }
  template <std::size_t kBytes>
  void fill(std::array<std::uint8_t, kBytes>& bytes) {
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(below(256));
  }

  std::vector<CommitId> some_parents() {
    std::vector<CommitId> parents;
    const std::uint64_t count = below(4) == 0 ? 1 + up_to(60) : 1;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t kind = below(8);
      if (kind == 0 && !known_.empty()) {
        parents.push_back(known_[below(known_.size())]);
      } else if (kind == 1 || made_ == 0) {
        parents.push_back(numbered_commit(1'000'000 + below(100)));
      } else {
        parents.push_back(numbered_commit(made_ - 1 - (kind < 6 ? 0 : below(made_))));
      }
    }
    std::sort(parents.begin(), parents.end());
    parents.erase(std::unique(parents.begin(), parents.end()), parents.end());
    return parents;
  }

  void add_commit() {
    wire::CommitElement commit;
    commit.author.bytes[0] = static_cast<std::uint8_t>(below(3));
    commit.writer.value = below(3);
    commit.sequence = below(10) == 0 ? random_() | 1 : 1000 + made_;
    commit.millis = below(10) == 0 ? random_() >> 16 : 1'700'000'000'000 + below(1000);
    commit.parents = some_parents();
    if (commit.parents.size() > 1 && below(2) == 0) {
      commit.base_parent = static_cast<std::uint32_t>(below(commit.parents.size()));
    }
    if (below(5) == 0) commit.message = some_bytes(65'536);
    if (below(5) == 0) commit.origin = {{"system", "git"}, {"id", Bytes(below(50), 'x')}};
    fill(commit.signature.bytes);
    commit.operations = up_to(60);
    elements_.push_back(commit);
    for (std::uint64_t i = 0; i < commit.operations; ++i) add_operation();
    ++made_;
  }

  void add_resumed() {
    elements_.push_back(wire::ResumeElement{});
    resumes_here_ = true;
    for (std::uint64_t i = 0; i < resumed_operations_; ++i) add_operation();
    resumes_here_ = false;
    ++made_;
  }

  void add_operation() {
    using wire::OperationKind;
    wire::OperationElement operation;
    const std::uint64_t kind = 1 + below(9);
    operation.kind = kind == 9 ? OperationKind::kFrame : static_cast<OperationKind>(kind);
    operation.rank_gap = up_to(1'000'000);
    const bool needs_old =
        operation.kind == OperationKind::kValues || operation.kind == OperationKind::kSplice;
    if (!needs_old && below(2) == 0) {
      operation.is_new = true;
      operation.shared = up_to(500);
      operation.rest = "p" + some_bytes(500);
    }
    if (operation.kind != OperationKind::kDelete) {
      static const char* const kTypes[] = {"", "text/plain", "x/y", "application/json"};
      if (below(4) == 0) operation.media_type = kTypes[below(4)];
      if (below(4) == 0) operation.metadata.emplace(std::nullopt);
      if (operation.metadata && below(2) == 0) *operation.metadata = some_bytes(2000);
    }
    fill_content(operation);
    if (operation.kind == OperationKind::kFrame && (!has_dictionary_ || below(10) == 0)) {
      has_dictionary_ = true;
      elements_.push_back(wire::DictionaryElement{Bytes(256, 'd') + some_bytes(65'536 - 256)});
    }
    elements_.push_back(operation);
    const std::uint64_t before = resumes_here_ ? kResumedBytes : 0;
    resumes_here_ = false;
    if (operation.kind == OperationKind::kLarge) add_pieces(new_bytes(operation.parts) - before);
  }

  void fill_content(wire::OperationElement& operation) {
    using wire::OperationKind;
    operation.from_neighbour =
        operation.kind == OperationKind::kPatch && (operation.is_new || below(2) == 0);
    switch (operation.kind) {
      case OperationKind::kDelete:
        break;
      case OperationKind::kSplice:
        operation.offset = up_to(std::uint64_t{1} << 62);
        operation.removed = up_to(std::uint64_t{1} << 62);
        [[fallthrough]];
      case OperationKind::kWhole:
        operation.bytes = some_bytes(65'536);
        break;
      case OperationKind::kValues:
        for (std::uint64_t i = 0; i <= up_to(200); ++i) {
          operation.values.push_back({up_to(300), some_bytes(100)});
        }
        break;
      case OperationKind::kPatch:
        operation.size = up_to(65'536);
        operation.bytes = some_bytes(65'536);
        break;
      case OperationKind::kCopy:
        operation.rank_delta = static_cast<std::int64_t>(up_to(UINT64_MAX - 1)) - 20;
        break;
      case OperationKind::kLarge:
        operation.parts = some_parts(operation.is_new);
        operation.size = new_bytes(operation.parts) + below(100'000);
        break;
      case OperationKind::kFrame:
        operation.bytes = "f" + some_bytes(65'534);
        operation.size = operation.bytes.size() + 1 + below(65'536 - operation.bytes.size());
        break;
      case OperationKind::kHash:
        operation.size = up_to(200'000);
        operation.content_kind = operation.size > 65'536 ? ContentKind::kList : ContentKind::kBlob;
        fill_id(operation.content);
        break;
    }
  }
  void fill_id(Id& id) {
    for (std::size_t i = 0; i < Id::kSize; ++i)
      id.data()[i] = static_cast<std::uint8_t>(below(256));
  }

  /// More than 65,536 bytes.
  std::vector<wire::LargePart> some_parts(bool are_new) {
    std::vector<wire::LargePart> parts = {{0, 0, 66'000 + below(20'000)}};
    while (!are_new && below(3) > 0) {
      parts.push_back({up_to(1000), 1 + below(100), 0});
      if (below(2) == 0) parts.push_back({0, 0, 1 + below(5'000)});
    }
    return parts;
  }
  void add_pieces(std::uint64_t bytes) {
    while (bytes > 0) {
      const std::uint64_t size = std::min<std::uint64_t>(bytes, 1 + below(16'384));
      elements_.push_back(wire::PieceElement{Bytes(static_cast<std::size_t>(size), 'p')});
      bytes -= size;
    }
  }
  void add_object(ObjectType type) {
    const std::uint64_t size = up_to(100'000);
    elements_.push_back(wire::ObjectElement{type, size});
    add_pieces(size);
    if (type == ObjectType::kCommit) ++made_;
  }

  std::mt19937_64 random_;
  std::vector<CommitId> known_;
  std::vector<wire::Element> elements_;
  std::uint64_t made_ = 0;
  std::uint64_t resumed_operations_ = 0;
  bool resumes_here_ = false, has_dictionary_ = false;
};

}  // namespace isodb::testing
