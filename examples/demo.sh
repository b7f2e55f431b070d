#!/usr/bin/env bash
# The main job on real input: the countries, subdivisions and languages of Debian's iso-codes, one
# document each, in repositories that edit apart, merge, and meet over TLS. Says what it does as it
# goes. ISODB names the program; needs jq, git and iso-codes.
set -euo pipefail

isodb=${ISODB:-build/release/isodb}
isodb=$(readlink -f "$isodb")
codes=/usr/share/iso-codes/json
scripts=$(dirname "$(readlink -f "$0")")/merge-scripts
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() {
  printf '  $ isodb'
  for word in "$@"; do [[ $word == *' '* ]] && printf ' "%s"' "$word" || printf ' %s' "$word"; done
  echo
  "$isodb" "$@" | sed 's/^/    /' || return $?
  echo
}

# diff exits with 1 where there is a difference, as diff programs do.
differ() { run "$@" || [ $? -eq 1 ]; }

say "1. Two devices, each with a repository and a key of its own."
run init field.isodb --name "field tablet"
run init office.isodb --name "office"

say "2. Real documents: iso-codes as JSON Lines, one document a line, the same into both."
jq -c '.["3166-1"][]' "$codes/iso_3166-1.json" >countries.jsonl
jq -c '.["3166-2"][]' "$codes/iso_3166-2.json" >subdivisions.jsonl
jq -c '.["639-3"][]' "$codes/iso_639-3.json" >languages.jsonl
for device in field office; do
  run -C $device.isodb import jsonl countries.jsonl --prefix countries/ --key /alpha_2
  run -C $device.isodb import jsonl subdivisions.jsonl --prefix subdivisions/ --key /code
  run -C $device.isodb import jsonl languages.jsonl --prefix languages/ --key /alpha_3
done
run -C field.isodb stats

say "3. The same bytes have the same id on every device, and under plain sha256sum too."
run -C field.isodb get countries/NL
a=$("$isodb" -C field.isodb ls --long --json countries/NL | jq -r .content)
b=$("$isodb" -C office.isodb ls --long --json countries/NL | jq -r .content)
"$isodb" -C field.isodb get countries/NL >NL.json
c=$({ printf 'blob %d\0' "$(stat -c %s NL.json)"; cat NL.json; } | sha256sum | cut -c1-64)
printf '    field      %s\n    office     %s\n    sha256sum  %s\n' "$a" "$b" "$c"
[ "$a" = "$b" ] && [ "$b" = "$c" ]

say "4. They edit apart: the tablet corrects fields, the office works in a draft on a branch."
echo '[{"op":"add","path":"/capital","value":"Amsterdam"}]' >patch.json
echo '{"common_name":"The Netherlands"}' >merge.json
run -C field.isodb patch countries/NL patch.json -m "capital of the Netherlands"
run -C field.isodb patch --merge countries/NL merge.json -m "common name"
run -C office.isodb branch review
run -C office.isodb switch review
run -C office.isodb begin
run -C office.isodb rm languages/xno
run -C office.isodb mv countries/NL countries/NLD
run -C office.isodb status
run -C office.isodb commit -m "one letter more"
run -C office.isodb switch main

say "5. History: who changed what, when; by path, by field, between any two states."
run -C field.isodb log --oneline
run -C field.isodb log countries/NL
differ -C field.isodb diff @~2 @
differ -C field.isodb diff --patch @~1 @ countries/NL
run -C field.isodb blame countries/NL
differ -C office.isodb diff main review --stat

say "6. A mistake, taken back; and the state as it was before, still there."
run -C field.isodb rm countries/BE -m "by mistake"
run -C field.isodb revert @ -m "Belgium is back"
run -C field.isodb get countries/BE --at @~2
run -C field.isodb reflog

say "7. A large binary document: an edit in its middle stores only the chunks it touched."
head -c 30000000 /dev/urandom >survey.tif
run -C field.isodb put scans/survey.tif survey.tif
before=$(du -sk field.isodb | cut -f1)
printf 'EDITED' | dd of=survey.tif bs=1 seek=15000000 conv=notrunc status=none
run -C field.isodb put scans/survey.tif survey.tif
after=$(du -sk field.isodb | cut -f1)
echo "    the repository grew by $((after - before)) KiB for an edit in a file of 29296 KiB"
"$isodb" -C field.isodb get scans/survey.tif | cmp - survey.tif
echo "    and gives back every byte"

say "8. A signed tag, and proof: every signature and every byte checked again."
run -C field.isodb tag v1 -m "first survey"
run -C field.isodb verify
run -C field.isodb fsck
run -C field.isodb gc

say "9. The history leaves for git, with authors and times."
git init -q --bare out.git
"$isodb" -C field.isodb export git | git -C out.git fast-import --quiet
git -C out.git log --oneline --all | head -5 | sed 's/^/    /'

say "10. Convergent merge: two devices write apart, meet, and compute the same state, to the bit."
run init farm.isodb --name "office"
cp "$scripts"/stock.* .
run script test stock.star
run -C farm.isodb put .isodb/merge/stock.star stock.star
echo '{"rules":[{"match":"cows/**","strategy":"json","fields":{"/visits":"counter"}},' \
  '{"match":"stock/**","strategy":"script","script":".isodb/merge/stock.star"}]}' >rules.json
run -C farm.isodb put .isodb/merge.json rules.json
echo '{"name":"diesel","count":40,"unit":"l"}' | "$isodb" -q -C farm.isodb put stock/diesel.json
echo '{"name":"hay","count":20,"unit":"bales"}' | "$isodb" -q -C farm.isodb put stock/hay.json
for cow in ada bella cora; do
  echo '{"name":"'$cow'","weight":500,"visits":0}' | "$isodb" -q -C farm.isodb put cows/$cow.json
done
run clone farm.isodb barn.isodb
run -C farm.isodb member add "$("$isodb" -C barn.isodb key export)" barn-tablet
meet() { # each fetches from the other; exit code 4 says that something is in conflict
  "$isodb" -q -C barn.isodb fetch farm.isodb --as farm
  "$isodb" -q -C barn.isodb merge remotes/farm/main || [ $? -eq 4 ]
  "$isodb" -q -C farm.isodb fetch barn.isodb --as barn
  "$isodb" -q -C farm.isodb merge remotes/barn/main || [ $? -eq 4 ]
}
meet 2>/dev/null
echo "  Apart: different fields and a counter; the same field; an edit against a delete;"
echo "  and both take from one stock: a script of the farm's own sees that none falls below zero."
same() { # both branches name one object: a merge's id, or a commit's
  local here there
  here=$("$isodb" -C farm.isodb ref get heads/main)
  there=$("$isodb" -C barn.isodb ref get heads/main)
  printf '    farm  %s\n    barn  %s\n\n' "$here" "$there"
  [ "$here" = "$there" ]
}
change() { echo "$3" >change.json; run -C "$1" patch --merge "$2.json" change.json; }
change farm.isodb cows/ada '{"weight":512,"visits":2}'
change barn.isodb cows/ada '{"color":"brown","visits":3}'
change farm.isodb cows/bella '{"weight":480}'
change barn.isodb cows/bella '{"weight":490}'
change farm.isodb cows/cora '{"weight":530}'
change farm.isodb stock/diesel '{"count":32}'
change barn.isodb stock/diesel '{"count":37.5}'
change farm.isodb stock/hay '{"count":8}'
change barn.isodb stock/hay '{"count":5,"place":"loft"}'
run -C barn.isodb rm cows/cora.json
meet 2>/dev/null
same
run -C farm.isodb show
run -C farm.isodb get cows/ada.json
run -C farm.isodb get stock/diesel.json
run -C farm.isodb get stock/hay.json
run -C farm.isodb conflicts || [ $? -eq 4 ]
run -C farm.isodb resolve cows/bella.json --take 1
run -C farm.isodb resolve --all --accept
meet 2>/dev/null
run -C barn.isodb conflicts
run -C barn.isodb verify --again
same

say "11. Sync over TLS: a hub, a tablet whose line is cut, and a barn that has no line at all."
serve_hub() { # PORT
  : >listening.log
  "$isodb" -C field.isodb serve --listen "127.0.0.1:$1" > >(tee -a hub.log >listening.log) 2>&1 &
  hub=$!
  until grep -qs listening listening.log; do sleep 0.1; done
}
trap 'kill $hub 2>/dev/null || true; rm -rf "$work"' EXIT
serve_hub 0
url=isodb://$(grep -o '127.0.0.1:[0-9]*' listening.log)
fingerprint=$("$isodb" -C field.isodb key fingerprint)
echo "  The hub lets in members only; the tablet's key is made by its first attempt."
run clone "$url" tablet.isodb --fingerprint "$fingerprint" 2>refused.txt || true
sed 's/^/    /' refused.txt
key=$(grep -o 'member add ed25519:[0-9a-f]*' refused.txt | head -1 | cut -d' ' -f3)
run -C field.isodb member add "$key" tablet
echo "  The hub is killed while the clone runs, and started again; the same command goes on."
"$isodb" clone "$url" tablet.isodb --fingerprint "$fingerprint" >/dev/null 2>&1 &
clone=$!
until [ -f tablet.isodb/repo.db ]; do sleep 0.02; done
sleep 0.2
kill -9 $hub
wait $hub $clone 2>/dev/null || true
serve_hub "${url##*:}"
if "$isodb" -C tablet.isodb ref get heads/main >/dev/null 2>&1; then
  echo "    (it was quicker than the cut)"
else
  run clone "$url" tablet.isodb --fingerprint "$fingerprint"
fi
echo "  The barn is offline: its clone comes from the tablet, its work goes home in a file."
run clone tablet.isodb barn2.isodb
run -C field.isodb member add "$("$isodb" -C barn2.isodb key export)" barn
run -C tablet.isodb sync
run -C barn2.isodb pull
for device in field tablet barn2; do
  echo "{\"seen_by\":\"$device\"}" | "$isodb" -q -C $device.isodb put notes/$device.json
done
run -C barn2.isodb bundle create week.bundle --since origin
run -C tablet.isodb bundle apply week.bundle
run -C tablet.isodb sync
run -C barn2.isodb pull tablet.isodb
for device in field tablet barn2; do
  printf '    %-7s %s\n' $device "$("$isodb" -C $device.isodb ref get heads/main)"
done
heads=$(for device in field tablet barn2; do "$isodb" -C $device.isodb ref get heads/main; done)
[ "$(sort -u <<<"$heads" | wc -l)" = 1 ]
run -C barn2.isodb ls notes/
kill $hub
wait $hub
echo "  What the hub saw:"
sed 's/^/    /' hub.log

countries=$("$isodb" -C field.isodb ls -r countries/ | wc -l)
commits=$("$isodb" -C office.isodb log --oneline | wc -l)
say "Done: $countries countries in the field, $commits commits in the office, nothing lost."
