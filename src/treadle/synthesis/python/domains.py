"""Words of invented files: what experiments record, how they may name it, what they say for it, how it is distributed.

Written for this project. Each line has the form

    scalars: names ; words ; unit ; distribution
    fields (what objects have): quantity ; names ; words ; unit ; distribution
    collections: one ; many ; prefixes ; quantities

Names and words have alternatives: names divided by blanks, words by '/'.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

__all__ = ["Collection", "Kind", "collections", "fields", "scalars"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A quantity: ``names`` a column may have, ``words`` for it, its ``unit``, and how values are ``drawn``."""

    what: str
    names: tuple[str, ...]
    words: tuple[str, ...]
    unit: str
    drawn: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Collection:
    """Objects of an event: ``one`` muon, ``many`` muons, ``prefixes`` of their columns, the quantities they may have."""

    one: str
    many: str
    prefixes: tuple[str, ...]
    has: tuple[str, ...]


_SCALARS = {
    "common": """
run run_number runNumber RunNo run_id ; run number ; ; choice 3
event_number eventNumber evt evtNo entry_id evt_id ; event number ; ; index
weight evtWeight w mcweight wgt event_weight gen_wt ; event weight / weight ; ; gauss 1 0.2
is_mc isSim mc_flag is_sim ; simulation flag ; ; flag 0.5
quality good_event goodEvent dq_ok clean passDQ ; data quality flag ; ; flag 0.8
""",
    "collider": """
nVtx npv n_vertices nPV pv_n ; number of primary vertices / number of vertices ; ; poisson 18
rho rho_pu fixedRho ; pile-up density ; GeV ; gauss 20 5
lumi lumiBlock ls lumi_section ; luminosity block ; ; choice 6
vz pv_z vtx_z zvtx ; vertex z position / z of the vertex ; cm ; gauss 0 4
sphericity spher evt_sph ; sphericity ; ; unif 0 1
aplanarity aplan ; aplanarity ; ; unif 0 0.5
trig_mu HLT_SoftMu8 mu_trigger passMuTrig hlt_mu27 ; muon trigger ; ; flag 0.6
trig_e HLT_Ele20_Loose el_trigger passElTrig hlt_e25 ; electron trigger ; ; flag 0.4
trig_jet L1_Jet60 jet_trigger HLT_Jet140 ; jet trigger ; ; flag 0.3
bdt_score bdt mva_out disc nn_score ; BDT score / classifier output ; ; gauss 0.1 0.4
n_tracks nTrk ntrk trk_n ; number of tracks / track multiplicity ; ; poisson 30
""",
    "testbeam": """
e_front eFront E_em em_sum ; energy in the front section / front energy ; GeV ; gauss 38 6
e_back eBack E_had had_sum ; energy in the back section / back energy ; GeV ; gauss 12 4
beam_mom p_beam pBeam beam_momentum ; beam momentum ; GeV ; choice 5
x_dwc xpos hit_x beam_x ; horizontal position / x position ; mm ; gauss 1 8
y_dwc ypos hit_y beam_y ; vertical position / y position ; mm ; gauss -1 6
ck1 cher1 cherenkov_a ckov ; Cherenkov counter ; ; flag 0.55
mu_veto muveto veto_mu ; muon veto ; ; flag 0.1
temp_c temperature T_sipm ; temperature ; C ; gauss 22 0.6
n_fired nfired fired_cells nCells ; number of fired cells ; ; poisson 40
spill_no spillId burst ; spill number ; ; choice 5
t_scint scint_t time_sc ; scintillator time ; ns ; gauss 12 1.5
""",
    "neutrino": """
nu_e e_nu enu_true nuE ; neutrino energy / true neutrino energy ; GeV ; falling 0.4 1.5
lep_e e_lep lepE muon_energy ; lepton energy ; GeV ; falling 0.2 0.9
e_reco enu_reco recoE ; reconstructed energy ; GeV ; falling 0.3 1.4
vtx_x vx nuvtx_x ; vertex x / x of the vertex ; cm ; unif -150 150
vtx_y vy nuvtx_y ; vertex y / y of the vertex ; cm ; unif -150 150
is_cc ccqe_flag cc isCC ; charged-current flag ; ; flag 0.7
nhits n_hits hits_total nHit ; number of hits ; ; poisson 120
q2 Q2 qsq ; momentum transfer squared ; GeV2 ; falling 0.05 0.5
bjorken_x xBj x_bj ; Bjorken x ; ; unif 0.02 0.9
trk_len track_length len_mu ; track length ; cm ; falling 10 120
pid_mu muonness mu_like ; muon likelihood ; ; unif 0 1
flux_w flux_weight fluxwgt ; flux weight ; ; gauss 1 0.15
""",
    "shower": """
log_e lgE logE lg_energy ; logarithm of the energy ; ; gauss 17.8 0.4
zen zenith theta_deg zen_deg ; zenith angle ; deg ; unif 0 60
azi azimuth_deg az_deg azim ; azimuth angle ; deg ; unif 0 360
core_x xcore coreX ; core x position ; m ; unif -400 400
core_y ycore coreY ; core y position ; m ; unif -400 400
n_stat nstations n_tanks nSta ; number of stations ; ; poisson 6
xmax x_max Xmax ; depth of the shower maximum ; g/cm2 ; gauss 720 60
s1000 signal_1000 S_opt ; signal at 1000 m ; VEM ; falling 5 40
rain_flag thunder bad_weather ; bad weather flag ; ; flag 0.15
array_id subarray site ; array number ; ; choice 3
e_shower eRec energy_eev ; shower energy ; EeV ; falling 0.3 2
""",
    "gamma": """
size img_size hillas_size ; image size ; pe ; falling 50 300
width hillas_w img_width ; image width ; deg ; gauss 0.1 0.03
length hillas_l img_length ; image length ; deg ; gauss 0.25 0.06
hadronness hadr gh_score ; hadronness ; ; unif 0 1
theta2 th2 theta_sq ; squared angular distance ; deg2 ; falling 0.001 0.15
e_tev energy_tev estE ; estimated energy ; TeV ; falling 0.1 1.2
zd zd_deg pointing_zd ; pointing zenith ; deg ; unif 5 50
tel_id telescope ntel_id ; telescope number ; ; choice 4
is_gamma sim_gamma true_gamma ; true gamma flag ; ; flag 0.5
mjd_day night obs_night ; observation night ; ; choice 4
""",
    "darkmatter": """
s1 S1_area cs1 ; S1 area / prompt signal ; pe ; falling 2 30
s2 S2_area cs2 ; S2 area / delayed signal ; pe ; falling 200 1500
drift_us drift_time tdrift dt_us ; drift time ; us ; unif 10 600
r_mm radius_mm r_pos ; radius ; mm ; unif 0 480
z_mm depth zpos ; depth ; mm ; unif -950 0
er_kev e_er recoil_e ; recoil energy ; keV ; falling 1 12
single_scatter ss_flag is_single ; single scatter flag ; ; flag 0.75
n_pmt npmts pmt_count ; number of photomultipliers / number of hit photomultipliers ; ; poisson 22
livetime lt_s live_s ; live time ; s ; unif 50 70
veto_e vetoE od_energy ; veto energy ; keV ; falling 1 200
""",
    "flavour": """
b_mass m_B mB Bmass ; B meson mass / B candidate mass ; MeV ; gauss 5280 30
d_mass m_D mD Dmass ; D meson mass / D candidate mass ; MeV ; gauss 1866 12
b_pt ptB B_pT Bpt ; B meson pt / transverse momentum of the B meson ; MeV ; falling 2000 5000
ip_chi2 ipchi2 B_ipchi2 ; impact parameter chi2 ; ; falling 0 12
fd_mm flight flight_dist ; flight distance ; mm ; falling 0.5 8
decay_t tau_ps lifetime_ps ; decay time ; ps ; falling 0.2 1.5
tag_dec tagdec flavour_tag ; tag decision ; ; sign
dll_kpi pid_k DLLK ; kaon likelihood ; ; gauss 3 8
l0_had hlt_hadron L0Had ; hadron trigger ; ; flag 0.5
year data_year yr ; year ; ; choice 3
cos_theta costh coshel ; helicity angle cosine / cosine of the helicity angle ; ; unif -1 1
""",
    "heavyion": """
cent centrality cent_bin centV0 ; centrality ; ; unif 0 100
psi2 ep_angle evp2 ; event plane angle ; rad ; unif -1.57 1.57
n_ch nch multiplicity mult ; charged multiplicity / number of charged particles ; ; poisson 80
sum_et sumEt et_total ; total transverse energy ; GeV ; falling 20 300
v0a ampV0A v0_amp ; V0 amplitude ; ; falling 10 400
zdc_e zdcE e_zdc ; zero degree energy ; TeV ; falling 1 30
mb_trig minbias INT7 ; minimum bias trigger ; ; flag 0.85
fill_no fillNumber lhc_fill ; fill number ; ; choice 4
""",
    "detector": """
chan ch_id channel_no ; channel number ; ; choice 6
adc adc_max peak_adc ; ADC value / peak amplitude ; counts ; falling 20 300
tdc tdc_ns hit_time ; hit time ; ns ; gauss 350 60
ped pedestal base_adc ; pedestal ; counts ; gauss 52 2.5
noise_rms sigma_noise enc ; noise ; counts ; gauss 2.1 0.3
bias_v hv vbias ; bias voltage ; V ; choice 4
occup occupancy occ ; occupancy ; ; unif 0 0.3
masked is_masked dead_flag ; mask flag ; ; flag 0.08
resid_um residual res_x ; residual ; um ; gauss 2 25
chi2ndf chi2_ndf red_chi2 ; reduced chi2 ; ; falling 0.3 1
""",
    "simulation": """
e_true mcE true_energy gen_e ; true energy ; GeV ; falling 5 60
e_rec recE reco_energy e_meas ; reconstructed energy ; GeV ; falling 5 58
pdg_id pdg pid_true ; particle code ; ; choice 4
proc_id process mc_process ; process number ; ; choice 3
n_gen ngen n_particles ; number of generated particles ; ; poisson 25
x_first x1_pdf pdf_x1 ; momentum fraction ; ; unif 0.001 0.6
scale_q qscale Qfac ; factorisation scale ; GeV ; falling 20 90
r_prod prod_r vtx_rho ; production radius ; mm ; falling 0 50
matched is_matched reco_ok ; matching flag ; ; flag 0.7
eta_true mc_eta gen_eta0 ; true eta / true pseudorapidity ; ; gauss 0 1.6
""",
}

_FIELDS = """
pt ; pt ; pt / pT / transverse momentum ; GeV ; falling 8 25
eta ; eta ; eta / pseudorapidity ; ; gauss 0 1.4
phi ; phi ; phi / azimuthal angle ; ; unif -3.14 3.14
mass ; mass m ; mass ; GeV ; falling 1 8
energy ; e energy en ; energy ; GeV ; falling 10 50
px ; px ; px / x component of the momentum ; GeV ; gauss 0 25
py ; py ; py / y component of the momentum ; GeV ; gauss 0 25
pz ; pz ; pz / z component of the momentum ; GeV ; gauss 0 60
charge ; charge q ; charge ; ; sign
iso ; iso relIso isolation reliso03 ; isolation / relative isolation ; ; falling 0 0.12
tight ; tight isTight tightId id_tight ; tight identification flag ; ; flag 0.7
btag ; btag bdisc btagScore csv ; b-tag score / b-tag discriminant ; ; unif 0 1
d0 ; d0 dxy ip ; impact parameter ; mm ; gauss 0 0.1
nhit ; nhits nHits hits ; number of hits ; ; poisson 12
chi2 ; chi2 chisq ; chi2 ; ; falling 0.5 2
x ; x xpos ; x position ; mm ; gauss 0 30
y ; y ypos ; y position ; mm ; gauss 0 30
z ; z zpos ; z position ; mm ; gauss 0 100
time ; t time tns ; time ; ns ; gauss 25 6
layer ; layer lay plane ; layer number / layer ; ; choice 6
signal ; q sig signal amp ; signal / amplitude ; ADC ; falling 3 30
dist ; r dist rcore ; distance to the core / distance ; m ; falling 50 500
len ; len length L ; length ; cm ; falling 5 60
width ; width w sigma ; width ; ; gauss 2 0.4
area ; area a integral ; area ; pe ; falling 5 80
emfrac ; emf emFrac em_frac ; electromagnetic fraction ; ; unif 0 1
pid ; pid score prob ; particle identification score ; ; unif 0 1
status ; status stat st ; status code / status ; ; choice 3
"""

_COLLECTIONS = {
    "collider": """
muon ; muons ; Muon mu muon Mu muo ; kin charge iso tight d0
electron ; electrons ; Electron el ele Ele elec ; kin charge iso tight d0
jet ; jets ; Jet jet j AK4 jets ; kin btag nhit emfrac
photon ; photons ; Photon ph gam pho photon ; kin iso tight
tau ; taus ; Tau tau ta ; kin charge iso
lepton ; leptons ; Lepton lep l lept ; kin charge iso
track ; tracks ; Track trk tr track ; kin charge d0 nhit chi2
fat jet ; fat jets ; FatJet fj fatjet AK8 ; kin btag
generated particle ; generated particles ; Gen gen truth mcp ; kin charge status
""",
    "testbeam": """
hit ; hits ; hit Hit rechit h ; energy x y time layer
cluster ; clusters ; clus cl Cluster ; energy x y width
cell ; cells ; cell Cell tile ; energy layer time signal
""",
    "neutrino": """
hit ; hits ; hit pmt_hit Hit ; signal time x y z
track ; tracks ; trk track Track ; len energy pid chi2
shower ; showers ; shw shower Shower ; energy len pid
""",
    "shower": """
station ; stations ; st station sd ; signal time dist
""",
    "gamma": """
pixel ; pixels ; pix pixel pxl ; signal time x y
""",
    "darkmatter": """
peak ; peaks ; peak pk Peak ; area width time
""",
    "flavour": """
kaon ; kaons ; K kaon Kaon k ; kin charge d0 pid
pion ; pions ; pi pion Pion ; kin charge d0 pid
track ; tracks ; trk Track track ; kin charge chi2 pid
""",
    "heavyion": """
track ; tracks ; trk Track track tpc ; kin charge nhit d0
tower ; towers ; tow tower Tower ; energy eta phi emfrac
""",
    "detector": """
hit ; hits ; hit Hit dig ; signal time layer x
strip ; strips ; strip str Strip ; signal layer width
""",
    "simulation": """
generated particle ; generated particles ; gen mc Gen truth ; kin charge status
simulated hit ; simulated hits ; simhit sim ; energy time layer x y
""",
}


def _split(text: str, by: str | None = None) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(by) if part.strip())


@cache
def scalars(domain: str) -> tuple[Kind, ...]:
    """What files of a domain record once an event."""
    kinds = []
    for line in _SCALARS[domain].strip().splitlines():
        names, words, unit, drawn = (p.strip() for p in line.split(";"))
        kinds.append(Kind(_split(names)[0], _split(names), _split(words, "/"), unit, _split(drawn)))
    return tuple(kinds)


@cache
def fields() -> dict[str, Kind]:
    """What objects may have, by quantity."""
    found = {}
    for line in _FIELDS.strip().splitlines():
        what, names, words, unit, drawn = (p.strip() for p in line.split(";"))
        found[what] = Kind(what, _split(names), _split(words, "/"), unit, _split(drawn))
    return found


@cache
def collections() -> dict[str, tuple[Collection, ...]]:
    """The objects of each domain. 'kin' stands for the kinematics of a particle."""
    found: dict[str, tuple[Collection, ...]] = {}
    for domain, text in _COLLECTIONS.items():
        lines = [[p.strip() for p in line.split(";")] for line in text.strip().splitlines()]
        found[domain] = tuple(Collection(one, many, _split(names), _split(has)) for one, many, names, has in lines)
    return found
