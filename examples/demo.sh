#!/usr/bin/env bash
# The main job on real data: muon pairs from Z decays, made by Pythia (examples/data/PROVENANCE.md). `make demo` runs this.
# Fails where the first answer is not verified.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
data=examples/data/zmumu.root

say() { printf '\n== %s\n' "$1"; }
run() { printf '$ %s\n' "$(printf '%q ' "$@")"; "$@"; }

say "You know what must come out: the mass of the Z is 91.19 GeV. The answer is verified only if the program's peak is within 1 %."
run treadle ask "Where is the Z peak? Take the mean of M between 80 and 100 GeV." --data "$data" --expect 'peak ~ 91.19 +- 1%'
status=$(treadle threads list --limit 1 --json)
if ! grep -q '"status": "verified"' <<<"$status"; then
    echo "demo: the answer is not verified" >&2
    exit 1
fi

say "You know nothing beforehand: eight drafts are written, run and compared. Agreed means that several do the same, no more."
run treadle ask "What is the correlation of pt1 and pt2?" --data "$data"

say "Both requests are kept, with every prompt, draft, check and run. 'treadle threads show ID' shows one."
run treadle threads list --limit 2
