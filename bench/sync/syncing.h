#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace isodb::bench {

/// Paths and documents of one commit.
using Change = std::vector<std::pair<std::string, std::string>>;

/// Two repositories, a hub that is served over TCP and a device's clone of it.
class Syncing {
 public:
  virtual ~Syncing() = default;
  /// Where the hub is served.
  virtual std::uint16_t port() const = 0;
  /// The device clones the hub, which is reached at another port.
  virtual void clone(std::uint16_t through) = 0;
  virtual void commit_to_hub(const std::vector<Change>& commits) = 0;
  virtual void commit_to_device(const std::vector<Change>& commits) = 0;
  /// Afterwards the device has what the hub has.
  virtual void take(std::uint16_t through) = 0;
  /// Afterwards both have what either had.
  virtual void meet(std::uint16_t through) = 0;
  /// Throws where they do not.
  virtual void check_equal() = 0;
};

std::unique_ptr<Syncing> isodb_syncing(const std::filesystem::path& folder);
/// `format`: "sha1" or "sha256".
std::unique_ptr<Syncing> git_syncing(const std::filesystem::path& folder,
                                     const std::string& format);

}  // namespace isodb::bench
