"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const n = data.tokens.length, triangle = n * (n + 1) / 2, steps = data.colours.length - 1;
const at = (id) => document.getElementById(id);
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const weights = bytes(data.weights), earlier = bytes(data.earlier);
const side = Math.max(3, Math.min(22, Math.floor(640 / n)));
let shares, before;

function choices(select, count, chosen) {
  for (let i = 0; i <= count; i++) select.add(new Option(i ? String(i) : "mean of all", String(i)));
  select.value = String(chosen);
  select.addEventListener("change", choose);
}

function mean(source, size) {
  const found = new Float32Array(size);
  const layer = Number(at("layer").value), head = Number(at("head").value);
  let count = 0;
  for (let k = 0; k < data.layers; k++) {
    if (layer && k !== layer - 1) continue;
    for (let h = 0; h < data.heads; h++) {
      if (head && h !== head - 1) continue;
      const start = (k * data.heads + h) * size;
      for (let i = 0; i < size; i++) found[i] += source[start + i];
      count++;
    }
  }
  return found.map((sum) => sum / count / 255);
}

function choose() {
  shares = mean(weights, triangle);
  before = mean(earlier, n);
  figures();
  draw();
  clear();
}

function figures() {
  const layer = Number(at("layer").value), head = Number(at("head").value);
  const chosen = data.summaries.filter((_, k) => !layer || k === layer - 1).flatMap(
    (heads) => heads.filter((_, h) => !head || h === head - 1));
  const [bits, back, first] = [0, 1, 2].map((i) => chosen.reduce((sum, one) => sum + one[i], 0) / chosen.length);
  at("figures").textContent = `entropy ${bits.toFixed(2)} bits, mean distance ${back.toFixed(1)} tokens, ` +
    `on the first token ${(100 * first).toFixed(0)} %`;
}

const share = (row, column) => shares[row * (row + 1) / 2 + column];
const step = (value) => Math.round(Math.min(1, value) * steps);
const percent = (value) => `${(100 * value).toFixed(0)} %`;

function draw() {
  const canvas = at("map"), pen = canvas.getContext("2d");
  canvas.width = canvas.height = n * side;
  for (let row = 0; row < n; row++) {
    for (let column = 0; column <= row; column++) {
      pen.fillStyle = data.colours[step(share(row, column))];
      pen.fillRect(column * side, row * side, side, side);
    }
  }
}

function clear() {
  for (const span of at("text").children) span.style.cssText = "padding:2px 1px";
  at("told").textContent = " ";
}

function point(row) {
  const spans = at("text").children;
  clear();
  const found = [];
  for (let column = 0; column <= row; column++) {
    const value = share(row, column);
    spans[column].style.background = data.colours[step(value)];
    spans[column].style.color = data.inks[step(value)];
    found.push([value, data.tokens[column]]);
  }
  spans[row].style.outline = "2px solid #d55e00";
  if (data.tokens[0][0]) found.push([before[row], ["earlier", "(all before the shown ones)"]]);
  found.sort((a, b) => b[0] - a[0]);
  const best = found.filter(([value]) => value >= 0.005).slice(0, 6).map(([value, [position, text]]) => `${percent(value)} ${text} [${position}]`);
  at("told").textContent = `${data.tokens[row][1]} [${data.tokens[row][0]}] takes: ${best.join(",  ")}`;
}

choices(at("layer"), data.layers, data.layer);
choices(at("head"), data.heads, data.head);
data.tokens.forEach(([position, text], row) => {
  const span = document.createElement("span");
  span.textContent = text;
  span.tabIndex = 0;
  span.title = `position ${position}`;
  span.addEventListener("mouseenter", () => point(row));
  span.addEventListener("focus", () => point(row));
  at("text").append(span);
});
at("map").addEventListener("mousemove", (event) => {
  const row = Math.floor(event.offsetY / side), column = Math.floor(event.offsetX / side);
  if (row < 0 || row >= n || column < 0 || column > row) return;
  const [[to, looking], [from, seen]] = [data.tokens[row], data.tokens[column]];
  at("told").textContent = `${looking} [${to}] takes ${percent(share(row, column))} from ${seen} [${from}]`;
});
for (const [value, name] of [[0, "0 %"], [0.5, "50 %"], [1, "100 %"]]) {
  const key = document.createElement("span");
  key.textContent = name;
  key.style.cssText = `background:${data.colours[step(value)]};color:${data.inks[step(value)]};padding:0 .6em`;
  at("legend").append(key);
}
choose();
