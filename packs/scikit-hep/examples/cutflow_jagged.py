# request: Print a cutflow: two muons, then leading muon pt > 25, then no b-tagged jet (Jet_btag > 0.6).
# kind: data
# data: nano_mini.root
# tags: jagged, cutflow, count
# expect: n_two = 131
# expect: n_leading = 116
# expect: n_no_btag = 73
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
two = ak.num(events["Muon_pt"]) == 2
leading = two & ak.any(events["Muon_pt"] > 25, axis=1)
no_btag = leading & (ak.sum(events["Jet_btag"] > 0.6, axis=1) == 0)
n_two = np.sum(two)
n_leading = np.sum(leading)
n_no_btag = np.sum(no_btag)
print(f"METRIC: n_two={n_two}")
print(f"METRIC: n_leading={n_leading}")
print(f"METRIC: n_no_btag={n_no_btag}")
