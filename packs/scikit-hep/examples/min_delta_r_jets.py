# request: In events with at least two jets, what is the mean of the smallest delta R between any two jets?
# kind: data
# data: nano_mini.root
# tags: jagged, combinations, deltar, minimum, mean
# expect: mean_dr = 1.7176 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
two = events[ak.num(events["Jet_eta"]) >= 2]
eta1, eta2 = ak.unzip(ak.combinations(two["Jet_eta"], 2))
phi1, phi2 = ak.unzip(ak.combinations(two["Jet_phi"], 2))
dphi = (phi1 - phi2 + np.pi) % (2 * np.pi) - np.pi
dr = np.sqrt((eta1 - eta2)**2 + dphi**2)
mean_dr = np.mean(ak.min(dr, axis=1))
print(f"METRIC: mean_dr={mean_dr}")
