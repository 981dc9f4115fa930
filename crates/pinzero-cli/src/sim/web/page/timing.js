// The timing diagram: the levels of the lines in use, the last 10 seconds. Times are those of the simulator.

import { el, byId, setText } from "./dom.js";
import { levelOf } from "./header.js";

const SPAN = 10_000;
/** The height of a row: of a few lines, and of many. */
const ROWS = [26, 19];
const MANY = 12;
/** The height of the axis below. */
const AXIS = 20;
/** Edges closer than this, in milliseconds, are drawn as one: about a pixel. */
const GRAIN = 8;
/** The least time from one drawing to the next, in milliseconds, and the least part of the time that is left for other things. */
const FRAME = 33;
const REST = 4;
/** The time from one drawing to the next while the diagram is out of view: for a printer, or a picture of all of the page. */
const UNSEEN = 1000;

let rows = new Map();
let newest = { at: 0, heard: 0 };
let stopped = null;
let due = 0;
let visible = true;
let rowHeight = ROWS[0];

/** Starts a diagram of these lines: `{ line, label, pin, part, color }`. */
export function startTiming(lines) {
  rows = new Map();
  stopped = null;
  newest = { at: 0, heard: performance.now() };
  const [names, body] = [byId("plot-names"), byId("lines").tBodies[0]];
  names.replaceChildren();
  body.replaceChildren();
  for (const row of lines) {
    const name = el("span", {}, row.label);
    name.style.setProperty("--wire", row.color);
    names.append(name);
    const [function_, level, edges] = [el("td", {}, "–"), el("td", {}, "–"), el("td", {}, "0")];
    body.append(el("tr", {}, el("th", { scope: "row" }, row.label), el("td", {}, String(row.pin)), el("td", {}, row.part), function_, level, edges));
    rows.set(row.line, { ...row, name, points: [], cells: { function_, level, edges } });
  }
  const canvas = byId("plot");
  rowHeight = ROWS[lines.length > MANY ? 1 : 0];
  canvas.parentElement.classList.toggle("many", lines.length > MANY);
  canvas.style.height = `${lines.length * rowHeight + AXIS}px`;
  canvas.closest(".timing").hidden = lines.length === 0;
}

/** Takes what happened since the last frame: the edges, `{ line, more, edges: [[at, high], …] }`, then the changed lines. */
export function record(at, looks, edges) {
  newest = { at, heard: performance.now() };
  for (const { line, more, edges: times } of edges) {
    const row = rows.get(line);
    if (row?.points.length === 0 && times.length > 0) add(row, { at: Math.max(times[0][0] - SPAN, 0), high: !times[0][1], duty: null });
    times.forEach(([time, high], index) => add(row, { at: time, high, duty: null }, index === 0 ? more : 0));
  }
  for (const look of looks) {
    const row = rows.get(look.line);
    if (!row) continue;
    const last = row.points.at(-1);
    // A line that had no edges so far had its level all the time. The past of a duty is not known.
    if (!last && look.duty == null) add(row, { at: Math.max(at - SPAN, 0), high: look.high, duty: null });
    else if (!last || last.high !== look.high || last.duty !== look.duty) add(row, { at, high: look.high, duty: look.duty });
    setText(row.cells.function_, look.function);
    setText(row.cells.level, levelOf(look));
  }
}

/** Adds a point to a line. Edges that are too close for the eye become one point. */
function add(row, point, more = 0) {
  if (!row) return;
  const last = row.points.at(-1);
  if (last && last.at > point.at) point.at = last.at;
  const edges = more + (last && point.duty == null && last.high !== point.high ? 1 : 0);
  if (last && last.duty == null && point.duty == null && point.at - last.at < GRAIN) {
    Object.assign(last, { high: point.high, isMixed: true, edges: last.edges + edges });
  } else {
    row.points.push({ ...point, isMixed: more > 0, edges });
    // A page that is not seen is not drawn, but hears of edges.
    forget(row, point.at - SPAN);
  }
}

/** Drops the points of a line that are older than a diagram from `start`, but for the last of them, which says the level at its left end. */
function forget(row, start) {
  let old = 0;
  while (row.points[old + 1]?.at <= start) old++;
  if (old > 0) row.points.splice(0, old);
}

/** Stops the diagram, or lets it run on. */
export function pauseTiming(on) {
  stopped = on ? { at: now(), points: new Map([...rows].map(([line, row]) => [line, [...row.points]])) } : null;
}

const now = () => newest.at + performance.now() - newest.heard;

/** Draws now and then; where that takes long, less often. */
function draw(time) {
  requestAnimationFrame(draw);
  if (time < (visible ? due : due + UNSEEN)) return;
  const begin = performance.now();
  drawAll();
  due = time + Math.max(FRAME, (performance.now() - begin) * (1 + REST));
}

function drawAll() {
  const canvas = byId("plot");
  const scale = devicePixelRatio;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (width === 0 || height === 0) return;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  const style = getComputedStyle(canvas);
  const end = stopped?.at ?? now();
  const start = end - SPAN;
  const x = (at) => ((Math.max(at, start) - start) / SPAN) * width;

  context.strokeStyle = style.getPropertyValue("--grid");
  context.lineWidth = 1;
  context.fillStyle = style.getPropertyValue("--soft");
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "center";
  // One number for each second, or fewer where there is no room.
  const every = width < 440 ? 5 : 1;
  context.beginPath();
  for (let second = Math.ceil(start / 1000); second * 1000 < end; second++) {
    const at = Math.round(x(second * 1000)) + 0.5;
    context.moveTo(at, 0);
    context.lineTo(at, height - AXIS + 4);
    if (at > 14 && at < width - 14 && second % every === 0 && second >= 0) context.fillText(`${second} s`, at, height - 3);
  }
  context.stroke();

  let index = 0;
  for (const row of rows.values()) {
    const top = index++ * rowHeight;
    forget(row, now() - SPAN);
    const points = stopped?.points.get(row.line) ?? row.points;
    const color = getComputedStyle(row.name).getPropertyValue("--wire");
    trace(context, points, end, x, top + rowHeight * 0.2, top + rowHeight * 0.8, color);
  }
}

/** Draws a line: its level, and what is below as a light area. */
function trace(context, points, end, x, high, low, color) {
  const [steady, modulated, outline] = [new Path2D(), new Path2D(), new Path2D()];
  points.forEach((point, index) => {
    if (point.at > end) return;
    const [from, to] = [x(point.at), x(Math.min(points[index + 1]?.at ?? end, end))];
    const share = point.duty ?? (point.high ? 1 : 0);
    const y = low + (high - low) * share;
    if (index === 0) outline.moveTo(from, y);
    else if (point.isMixed) {
      outline.lineTo(from, low);
      outline.lineTo(from, high);
    }
    outline.lineTo(from, y);
    outline.lineTo(to, y);
    if (share > 0) (point.duty == null ? steady : modulated).rect(from, y, to - from, low - y);
  });
  context.fillStyle = context.strokeStyle = color;
  context.lineWidth = 1.8;
  context.lineJoin = "round";
  context.globalAlpha = 0.13;
  context.fill(steady);
  context.globalAlpha = 0.3;
  context.fill(modulated);
  context.globalAlpha = 1;
  context.stroke(outline);
}

setInterval(() => {
  const since = now() - SPAN;
  for (const row of rows.values()) {
    const count = row.points.reduce((sum, point) => sum + (point.at > since ? point.edges : 0), 0);
    setText(row.cells.edges, String(count));
  }
}, 1000);

new IntersectionObserver(([entry]) => (visible = entry.isIntersecting)).observe(byId("plot"));
requestAnimationFrame(draw);
