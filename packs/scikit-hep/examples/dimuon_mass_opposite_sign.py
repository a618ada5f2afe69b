# request: How many opposite-sign muon pairs have a mass between 80 and 100 GeV? Use mu_e, mu_px, mu_py, mu_pz, mu_q.
# kind: data
# data: objects_mini.root
# tags: jagged, combinations, components, charge, mass, pair, count
# expect: n_pairs = 104
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("objects_mini.root")["tree"].arrays()
# ---
e1, e2 = ak.unzip(ak.combinations(events["mu_e"], 2))
px1, px2 = ak.unzip(ak.combinations(events["mu_px"], 2))
py1, py2 = ak.unzip(ak.combinations(events["mu_py"], 2))
pz1, pz2 = ak.unzip(ak.combinations(events["mu_pz"], 2))
q1, q2 = ak.unzip(ak.combinations(events["mu_q"], 2))
mass = np.sqrt((e1 + e2)**2 - (px1 + px2)**2 - (py1 + py2)**2 - (pz1 + pz2)**2)
n_pairs = ak.sum((q1 != q2) & (mass > 80) & (mass < 100))
print(f"METRIC: n_pairs={n_pairs}")
