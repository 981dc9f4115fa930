// The header of the board: 40 pins in two columns, drawn as on the Raspberry Pi.

import { svg, setText } from "./dom.js";

const ROW = 26;
const TOP = 40;
const WIDTH = 250;
const MIDDLE = WIDTH / 2;

/** Draws the header. `colorOf` returns the color of a line. Returns the drawing, the places of its pins, and how to update it. */
export function drawHeader(scene, colorOf) {
  const rows = Math.ceil(scene.header.length / 2);
  const height = TOP + rows * ROW + 18;
  const node = svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, class: "header-drawing", role: "img" });
  node.setAttribute("aria-label", `Header of the ${scene.board}. Its lines are in the table of lines below.`);
  node.append(
    svg("rect", { class: "pcb", x: 1, y: 1, width: WIDTH - 2, height: height - 2, rx: 14 }),
    svg("circle", { class: "hole", cx: 18, cy: 18, r: 7 }),
    svg("circle", { class: "hole", cx: WIDTH - 18, cy: 18, r: 7 }),
    svg("text", { class: "model", x: MIDDLE, y: 22, "text-anchor": "middle" }, scene.board),
    svg("rect", { class: "strip", x: MIDDLE - 27, y: TOP - 5, width: 54, height: rows * ROW + 10, rx: 4 }),
  );

  const pins = new Map();
  for (const pin of scene.header) {
    const odd = pin.number % 2 === 1;
    const y = TOP + Math.floor((pin.number - 1) / 2) * ROW + ROW / 2;
    const x = MIDDLE + (odd ? -13 : 13);
    const wired = pin.part != null;
    const kind = pin.line == null ? supply(pin.label) : wired ? "used" : "free";
    const level = svg("circle", { class: "level", cx: x, cy: y, r: 6 });
    const plug = svg("rect", { class: "plug", x: odd ? 14 : WIDTH - 80, y: y - 9, width: 66, height: 18, rx: 5 });
    const label = svg("text", { class: "label", x: odd ? 47 : WIDTH - 47, y: y + 4, "text-anchor": "middle" }, pin.label);
    const number = svg("text", { class: "number", x: odd ? MIDDLE - 33 : MIDDLE + 33, y: y + 3, "text-anchor": odd ? "end" : "start" }, String(pin.number));
    const title = svg("title");
    const group = svg("g", { class: `pin ${kind}` }, title, plug, label, number, svg("rect", { class: "gold", x: x - 8.5, y: y - 8.5, width: 17, height: 17, rx: 3 }), level);
    if (wired) group.style.setProperty("--wire", colorOf(pin.line));
    const what = wired ? `${pin.label}: ${scene.parts[pin.part].name}` : pin.label;
    title.textContent = `Pin ${pin.number}, ${what}`;
    node.append(group);
    if (pin.line != null) pins.set(pin.line, { pin, odd, group, level, plug, title, what });
  }

  /** Shows the state of a line. */
  function show(look) {
    const pin = pins.get(look.line);
    if (!pin) return;
    pin.group.classList.toggle("high", look.high);
    const share = look.duty ?? (look.high ? 1 : 0);
    pin.level.style.setProperty("--share", share.toFixed(2));
    setText(pin.title, `Pin ${pin.pin.number}, ${pin.what}: ${describe(look)}`);
  }

  return { node, pins, show };
}

/** Returns the level of a line in words. */
export function levelOf(look) {
  return look.duty == null ? (look.high ? "high" : "low") : `${Math.round(look.duty * 100)} % high`;
}

const describe = (look) => `${look.function}, ${levelOf(look)}`;

function supply(label) {
  if (label.startsWith("3V3")) return "three";
  if (label.startsWith("5V")) return "five";
  return "ground";
}
