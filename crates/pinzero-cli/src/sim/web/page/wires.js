// The wires between the header and the parts: from the pin into a lane beside the header, up or down to the gap above the
// part, along the gap, and down into the part. So no wire runs behind a part.

import { svg } from "./dom.js";

const RADIUS = 7;

let chosen = null;

/** Draws the wires bold that match a selector, as `[data-part="0"]`, and lets the others fade. Without a selector, all are alike. */
export function light(layer, selector = null) {
  chosen = selector;
  for (const path of layer.children) path.classList.toggle("bright", chosen != null && path.matches(chosen));
}

/** Draws the wires anew, as the parts are placed now. `terminals` has, for each wire, its line, part, and element. */
export function drawWires(layer, board, header, parts, terminals) {
  layer.replaceChildren();
  // On a narrow page the parts are not beside the header.
  const origin = board.getBoundingClientRect();
  const area = parts.getBoundingClientRect();
  if (area.left < header.node.getBoundingClientRect().right) return;
  layer.setAttribute("viewBox", `0 0 ${origin.width} ${origin.height}`);
  const place = (node) => {
    const box = node.getBoundingClientRect();
    return { x: box.left + box.width / 2 - origin.left, y: box.top + box.height / 2 - origin.top, right: box.right - origin.left, top: box.top - origin.top };
  };

  const wires = [];
  for (const { line, part, element } of terminals) {
    const pin = header.pins.get(line);
    if (!pin) continue;
    const from = place(pin.level);
    const to = place(element);
    const card = element.closest(".part").getBoundingClientRect();
    // Wires of the left column leave between two plugs of the right one.
    const y = pin.odd ? from.y + rowOf(header) / 2 : from.y;
    wires.push({ line, part, from, to, y, odd: pin.odd, start: place(pin.plug).right, row: Math.round(card.top), color: getComputedStyle(element).getPropertyValue("--wire") });
  }

  // Lanes: of the wires that go up, upper ones have the left lanes; of those that go down, lower ones. So these do not cross.
  const up = wires.filter((wire) => wire.to.y <= wire.y).sort((a, b) => a.y - b.y);
  const down = wires.filter((wire) => wire.to.y > wire.y).sort((a, b) => b.y - a.y);
  const left = Math.max(...wires.map((wire) => (wire.odd ? 0 : wire.start)), header.node.getBoundingClientRect().right - origin.left) + 8;
  const right = area.left - origin.left - 9;
  spread([...interleave(up, down)], left, right, (wire, x) => (wire.lane = x));

  // Heights in the gap above each row of parts.
  for (const row of new Set(wires.map((wire) => wire.row))) {
    const here = wires.filter((wire) => wire.row === row).sort((a, b) => a.y - b.y);
    const bottom = Math.min(...here.map((wire) => wire.to.top)) - 3;
    spread(here, bottom - 27, bottom, (wire, y) => (wire.gap = y));
  }

  for (const wire of wires) {
    const points = [[wire.lane, wire.y], [wire.lane, wire.gap], [wire.to.x, wire.gap], [wire.to.x, wire.to.top + 2]];
    const start = wire.odd
      ? `M${wire.from.x + 5},${wire.from.y + 5} Q${wire.from.x + 9},${wire.y} ${wire.from.x + 16},${wire.y}`
      : `M${wire.start},${wire.y}`;
    const path = start + round(wire.odd ? [wire.from.x + 16, wire.y] : [wire.start, wire.y], points);
    const of = { d: path, "data-part": wire.part, "data-line": wire.line };
    layer.append(svg("path", { class: "wire-edge", ...of }), svg("path", { class: "wire", ...of, stroke: wire.color }));
  }
  light(layer, chosen);
}

const rowOf = (header) => {
  const [a, b] = [...header.pins.values()].filter((pin) => pin.odd).map((pin) => pin.level.getBoundingClientRect().top).sort((x, y) => x - y);
  return Math.max(b - a, 1);
};

function* interleave(one, other) {
  const count = Math.max(one.length, other.length);
  for (let index = 0; index < count; index++) {
    if (index < one.length) yield one[index];
    if (index < other.length) yield other[index];
  }
}

/** Spreads wires evenly over a range, at most 6 pixels from one to the next. */
function spread(wires, from, to, set) {
  const step = Math.min((to - from) / Math.max(wires.length, 1), 6);
  const first = (from + to) / 2 - (step * (wires.length - 1)) / 2;
  wires.forEach((wire, index) => set(wire, first + index * step));
}

/** Returns a path along the points, with rounded corners. */
function round(start, points) {
  let [x, y] = start;
  let path = "";
  points.forEach(([nextX, nextY], index) => {
    const after = points[index + 1];
    const length = Math.hypot(nextX - x, nextY - y) || 1;
    const next = after ? Math.hypot(after[0] - nextX, after[1] - nextY) || 1 : 0;
    const cut = Math.min(RADIUS, length / 2, next / 2);
    const [dx, dy] = [(nextX - x) / length, (nextY - y) / length];
    path += ` L${nextX - dx * cut},${nextY - dy * cut}`;
    if (after) {
      path += ` Q${nextX},${nextY} ${nextX + ((after[0] - nextX) / next) * cut},${nextY + ((after[1] - nextY) / next) * cut}`;
    }
    [x, y] = [nextX, nextY];
  });
  return path;
}
