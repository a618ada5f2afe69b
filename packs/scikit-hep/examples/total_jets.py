# request: How many jets are there in total in all events?
# kind: data
# data: nano_mini.root
# tags: jagged, num, sum, count
# expect: n_jets = 837
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
n_jets = ak.sum(ak.num(events["Jet_pt"]))
print(f"METRIC: n_jets={n_jets}")
