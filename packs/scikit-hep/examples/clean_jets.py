# request: How many jets have no muon within delta R < 0.4?
# kind: data
# data: nano_mini.root
# tags: jagged, cartesian, deltar, any, count
# expect: n_clean = 825
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
eta_jet, eta_mu = ak.unzip(ak.cartesian([events["Jet_eta"], events["Muon_eta"]], nested=True))
phi_jet, phi_mu = ak.unzip(ak.cartesian([events["Jet_phi"], events["Muon_phi"]], nested=True))
dphi = (phi_jet - phi_mu + np.pi) % (2 * np.pi) - np.pi
dr = np.sqrt((eta_jet - eta_mu)**2 + dphi**2)
overlap = ak.any(dr < 0.4, axis=2)
n_clean = ak.sum(~overlap)
print(f"METRIC: n_clean={n_clean}")
