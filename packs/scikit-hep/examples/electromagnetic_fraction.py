# request: How many events have more than 90 percent of the energy in e_ecal (e_ecal over e_ecal plus e_hcal)?
# kind: data
# data: testbeam_mini.root
# tags: flat, testbeam, ratio, fraction, count
# expect: n_electromagnetic = 494
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("testbeam_mini.root")["run"].arrays()
# ---
share = events["e_ecal"] / (events["e_ecal"] + events["e_hcal"])
n_electromagnetic = np.sum(share > 0.9)
print(f"METRIC: n_electromagnetic={n_electromagnetic}")
