# request: How many jets have pt above 40 GeV in all events together?
# kind: data
# data: nano_mini.root
# tags: jagged, cut, count
# expect: n_jets = 426
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
n_jets = ak.sum(events["Jet_pt"] > 40)
print(f"METRIC: n_jets={n_jets}")
