"use strict";
const made = (tag, text, parent) => {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (parent) parent.append(element);
  return element;
};
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

for (const view of document.querySelectorAll(".view")) {
  const data = JSON.parse(view.querySelector('script[type="application/json"]').textContent);
  const spans = [...view.querySelectorAll(".t")], told = view.querySelector(".told");
  let kept = -1;

  const facts = (token) => {
    const cut = token.cut === null ? "" : `; constraints had taken ${token.cut} away`;
    const rank = token.rank === "?" ? "rank not known" : `rank ${token.rank}`;
    return `${token.share}, ${rank}, surprise ${token.bits} bits${cut}; log-probability up to here ${token.sum} nats`;
  };

  const branch = (token, text, out) => {
    out.replaceChildren();
    made("p", "This page cannot run the model. To go on from there with this alternative:", out);
    made("code", `${data.command} --branch ${quoted(`${token.at}:${text}`)}`, out);
  };

  const show = (index) => {
    const token = data.tokens[index];
    told.replaceChildren();
    const head = made("p", undefined, told);
    made("b", token.text, head);
    head.append(` at ${token.at}${token.id === null ? "" : `, id ${token.id}`}${token.drawn ? ", written by the model" : ""}`);
    made("p", facts(token), told);
    if (!token.others.length) { made("p", "No alternatives are known here.", told); return; }
    const table = made("table", undefined, told), out = made("div");
    for (const [shown, text, share] of token.others) {
      const row = made("tr", undefined, table);
      made("td", share, row);
      const cell = made("td", undefined, row);
      if (data.command) {
        const button = made("button", shown, cell);
        button.type = "button";
        button.addEventListener("click", () => branch(token, text, out));
      } else cell.textContent = shown;
    }
    told.append(out);
  };

  const keep = (index) => {
    if (kept >= 0) spans[kept].classList.remove("kept");
    kept = index;
    if (kept >= 0) { spans[kept].classList.add("kept"); show(kept); }
  };

  const go = (index) => {
    const to = Math.max(0, Math.min(spans.length - 1, index));
    for (const span of spans) span.tabIndex = -1;
    spans[to].tabIndex = 0;
    spans[to].focus();
  };

  const moves = { ArrowRight: (i) => i + 1, ArrowDown: (i) => i + 1, ArrowLeft: (i) => i - 1, ArrowUp: (i) => i - 1,
    Home: () => 0, End: () => spans.length - 1 };
  spans.forEach((span, index) => {
    span.removeAttribute("title");
    span.setAttribute("aria-label", `${data.tokens[index].text}, ${data.tokens[index].share}`);
    span.addEventListener("pointerenter", () => { if (kept < 0) show(index); });
    span.addEventListener("focus", () => { if (kept < 0) show(index); });
    span.addEventListener("click", () => { go(index); keep(kept === index ? -1 : index); });
    span.addEventListener("keydown", (event) => {
      if (event.key in moves) { event.preventDefault(); keep(-1); go(moves[event.key](index)); }
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        keep(index);
        told.querySelector("button")?.focus();
      }
    });
  });
  view.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && kept >= 0) { const index = kept; keep(-1); go(index); }
  });

  for (const button of view.querySelectorAll(".names button")) {
    const places = button.dataset.tokens.split(",").filter(Boolean).map(Number);
    const light = (on) => places.forEach((place) => spans[place].classList.toggle("lit", on));
    for (const name of ["pointerenter", "focus"]) button.addEventListener(name, () => light(true));
    for (const name of ["pointerleave", "blur"]) button.addEventListener(name, () => light(false));
    button.addEventListener("click", () => { if (places.length) { keep(-1); go(places[0]); } });
  }
}
