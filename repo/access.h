#pragma once

#include <memory>
#include <utility>

#include "isodb/repository.h"
#include "repo/state.h"

namespace isodb::repo {

/// The way from a handle to what is behind it, and back, for the layers above. Thread-safe.
struct Access {
  static const std::shared_ptr<RepositoryState>& state(const Repository& repository) {
    return repository.state_;
  }
  static Repository repository(std::shared_ptr<RepositoryState> state) {
    return Repository(std::move(state));
  }
};

}  // namespace isodb::repo
