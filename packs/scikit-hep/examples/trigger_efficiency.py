# request: What is the efficiency of the trigger HLT_IsoMu24 for events with a muon above 26 GeV?
# kind: data
# data: nano_mini.root
# tags: jagged, trigger, efficiency, fraction
# expect: efficiency = 0.95288 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
has_muon = ak.any(events["Muon_pt"] > 26, axis=1)
efficiency = np.mean(events["HLT_IsoMu24"][has_muon])
print(f"METRIC: efficiency={efficiency}")
