# request: What is the spread (standard deviation) of the eta of the leading muon?
# kind: data
# data: nano_mini.root
# tags: jagged, leading, firsts, std
# expect: std_eta = 1.32491 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
leading = ak.drop_none(ak.firsts(events["Muon_eta"]))
std_eta = np.std(leading)
print(f"METRIC: std_eta={std_eta}")
