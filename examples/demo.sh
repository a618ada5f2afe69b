#!/usr/bin/env bash
# The main job on real data: muon pairs from Z decays, made by Pythia (examples/data/PROVENANCE.md). `make demo` runs this.
# Fails where the first answer is not verified.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
data=examples/data/zmumu.root

say() { printf '\n== %s\n' "$1"; }

shown() { # a command as one would type it
    local word line='$'
    for word in "$@"; do
        [[ $word == *[!A-Za-z0-9_./=-]* ]] && word="\"$word\""
        line+=" $word"
    done
    printf '%s\n' "$line"
}

run() { shown "$@"; "$@"; }

say "The model file is fetched once, about 93 MB; after that nothing here needs a network."
run treadle models pull smollm2

say "You know what must come out: the file also has the mass itself, as M, and its mean is 90.22 GeV. Does the program get there?"
run treadle ask "Compute the invariant mass of the two muons from E1, px1, py1, pz1 and E2, px2, py2, pz2. What is its mean?" \
    --data "$data" --expect "mean_mass ~ 90.22 +- 0.1%"
status=$(treadle threads list --limit 1 --json)
if ! grep -q '"status": "verified"' <<<"$status"; then
    echo "demo: the answer is not verified" >&2
    exit 1
fi

say "You know nothing beforehand: eight drafts are written, run and compared. Agreed means that several do the same, no more."
run treadle ask "What fraction of the events lies in the Z window 80 < M < 100?" --data "$data"

say "Both requests are kept, with every prompt, draft, check and run. 'treadle threads show ID' shows one."
run treadle threads list --limit 2
