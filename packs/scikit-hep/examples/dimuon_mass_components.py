# request: Compute the dimuon mass from mu_e, mu_px, mu_py, mu_pz in events with exactly two muons. What is its mean?
# kind: data
# data: objects_mini.root
# tags: jagged, components, mass, pair, mean
# expect: mean_mass = 85.3362 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("objects_mini.root")["tree"].arrays()
# ---
two = events[ak.num(events["mu_e"]) == 2]
e = ak.sum(two["mu_e"], axis=1)
px = ak.sum(two["mu_px"], axis=1)
py = ak.sum(two["mu_py"], axis=1)
pz = ak.sum(two["mu_pz"], axis=1)
mass = np.sqrt(e**2 - px**2 - py**2 - pz**2)
mean_mass = np.mean(mass)
print(f"METRIC: mean_mass={mean_mass}")
