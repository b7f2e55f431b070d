#include "cli/completion.h"

namespace isodb::cli {
namespace {

constexpr std::string_view kBash =
    R"script(# bash completion for isodb: source <(isodb completion bash)
_isodb() {
  local word quoted
  COMPREPLY=()
  while IFS=$'\t' read -r word _; do
    case $word in
      :files) compopt -o default; return ;;
      :folders) compopt -o dirnames; return ;;
      */) compopt -o nospace ;;
    esac
    printf -v quoted %q "$word"
    COMPREPLY+=("$quoted")
  done < <("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _isodb isodb
)script";

constexpr std::string_view kZsh = R"script(#compdef isodb
# zsh completion for isodb: isodb completion zsh > a folder of $fpath/_isodb
_isodb() {
  local word help
  local -a folders others
  while IFS=$'\t' read -r word help; do
    case $word in
      :files) _files; return ;;
      :folders) _files -/; return ;;
      */) folders+=("$word") ;;
      *) others+=("${word//:/\\:}:$help") ;;
    esac
  done < <("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
  (( $#folders )) && compadd -S '' -- "${folders[@]}"
  (( $#others )) && _describe isodb others
}
if [ "${funcstack[1]}" = _isodb ]; then
  _isodb "$@"
else
  compdef _isodb isodb
fi
)script";

constexpr std::string_view kFish =
    R"script(# fish completion for isodb: isodb completion fish | source
function __isodb_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] complete -- $words[2..-1] 2>/dev/null)
        switch $line
            case ':files*'
                __fish_complete_path (commandline -ct)
            case ':folders*'
                __fish_complete_directories (commandline -ct)
            case '*'
                echo $line
        end
    end
end
complete -c isodb -f -a '(__isodb_complete)'
)script";

}  // namespace

std::string_view completion_script(std::string_view shell) {
  if (shell == "bash") return kBash;
  return shell == "zsh" ? kZsh : kFish;
}

}  // namespace isodb::cli
