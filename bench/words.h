#pragma once

#include <string_view>
#include <vector>

namespace isodb::bench {

/// The word lists that the corpus draws from. Each is fixed for ever: a change makes another
/// corpus.
struct Words {
  std::vector<std::string_view> given_names, family_names, towns, streets, goods, medicines, common,
      phrases;
};
const Words& words();

}  // namespace isodb::bench
