# request: How many events have exactly one b-tagged jet (Jet_btag > 0.6)?
# kind: data
# data: nano_mini.root
# tags: jagged, btag, count
# expect: n_events = 86
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
n_btag = ak.sum(events["Jet_btag"] > 0.6, axis=1)
n_events = np.sum(n_btag == 1)
print(f"METRIC: n_events={n_events}")
