// The page of a simulated breadboard: shows what the simulator sends, and sends what the user does.

import { el, byId, setText, words } from "./dom.js";
import { controlsOf } from "./controls.js";
import { draw } from "./drawings.js";
import { drawHeader } from "./header.js";
import { connect } from "./link.js";
import { hush, play, say, switchSound } from "./speech.js";
import { pauseTiming, record, startTiming } from "./timing.js";
import { drawWires, light } from "./wires.js";

const COLORS = 10;
/** Parts whose state changes are worth an announcement, unless they change all the time. */
const TELLING = new Set(["led", "rgb_led", "buzzer", "relay", "motor", "character_display"]);

let scene = null;
let board = null;

const act = connect((message) => {
  if (message.scene) build(message.scene);
  if (message.frame) update(message.frame, message.edges);
  if (message.complaint) console.warn(message.complaint);
}, (connected) => {
  const banner = byId("banner");
  setText(banner, connected ? "" : "No connection with the simulator: it has ended, or starts again. This page tries again by itself.");
  banner.hidden = connected;
  byId("board").inert = !connected;
  document.body.classList.toggle("away", !connected);
  if (!connected) releaseKeys();
});

/** Builds the board of a scene, unless it is there already. */
function build(next) {
  if (JSON.stringify(next) === JSON.stringify(scene)) {
    restartTiming();
    return;
  }
  scene = next;
  hush();
  document.title = `${scene.title} · pinzero`;
  setText(byId("title"), scene.title);
  setText(byId("about"), scene.about);
  byId("about").hidden = scene.about === "";
  showRecipes(scene.address);

  const lines = scene.header.filter((pin) => pin.line != null && (pin.part != null || inWire(pin.line))).map((pin) => pin.line);
  const colorOf = (line) => `var(--wire-${Math.max(lines.indexOf(line), 0) % COLORS})`;
  const header = drawHeader(scene, colorOf);
  byId("header").replaceChildren(header.node);
  for (const [line, { group }] of header.pins) lightFrom(group, `[data-line="${line}"]`);
  const parts = scene.parts.map((part, index) => makePart(part, index, colorOf));
  byId("parts").replaceChildren(...parts.map((part) => part.card));
  const terminals = parts.flatMap((part) => part.terminals);
  board = { header, parts, terminals, lines, colorOf };
  wire();
  restartTiming();
}

const inWire = (line) => scene.wires.some((ends) => ends.includes(line));

function restartTiming() {
  byId("pause").setAttribute("aria-pressed", "false");
  startTiming(board.lines.map((line) => {
    const pin = scene.header.find((pin) => pin.line === line);
    return { line, label: pin.label, pin: pin.number, part: pin.part == null ? "wire" : scene.parts[pin.part].name, color: board.colorOf(line) };
  }));
}

function makePart(part, index, colorOf) {
  const drawing = draw(part);
  const controls = controlsOf(part, index, act);
  const keys = controls.map((control) => control.key).filter((key) => key != null);
  const terminals = [];
  const plugs = part.pins.map(([role, line]) => {
    const element = el("li", { class: "terminal" }, ...nameOf(role, line, part.pins.length));
    element.style.setProperty("--wire", colorOf(line));
    element.title = `${role === "pin" ? "" : `${role}: `}GPIO${line}`;
    terminals.push({ line, part: index, element });
    return element;
  });
  // Sliders tell their values themselves.
  const state = el("p", { class: part.controls.some(({ control }) => control === "slider") ? "unseen" : "state" });
  const title = `part-${index}`;
  const card = el("article", { class: `part kind-${part.kind}`, "aria-labelledby": title, "data-name": part.name },
    el("ul", { class: "terminals", "aria-label": "Pins" }, ...plugs),
    el("div", { class: "part-head" }, el("h3", { id: title }, part.name), el("p", { class: "kind" }, words(part.kind), ...keys.map((key) => el("kbd", { title: "The key for this part" }, key.toUpperCase())))),
    drawing.node, ...controls.map((control) => control.node), state);
  card.classList.toggle("wide", part.pins.length > 6 || part.kind === "character_display");
  if (plugs.length === 0) card.firstChild.remove();
  lightFrom(card, `[data-part="${index}"]`);

  let known = null;
  const show = (look) => {
    const { on, text } = drawing.show(look);
    for (const control of controls) control.show(look);
    card.dataset.on = String(on);
    setText(state, text);
    if (look.look === "sound") play(index, look);
    const news = look.look === "text" ? text : String(on);
    if (known != null && known !== news && TELLING.has(part.kind)) say(part.name, look.look === "text" || look.look === "sound" ? text : on ? "on" : "off");
    known = news;
  };
  return { card, terminals, controls, show };
}

/** Makes an element light its wires while the mouse or the focus is on the element. */
function lightFrom(element, selector) {
  for (const event of ["pointerenter", "focusin"]) element.addEventListener(event, () => light(byId("wires"), selector));
  for (const event of ["pointerleave", "focusout"]) element.addEventListener(event, () => light(byId("wires")));
}

/** Names a pin, shortly where there are many: the rest is for screen readers. */
function nameOf(role, line, count) {
  if (count === 1) return [`GPIO${line}`];
  return count > 3 ? [el("span", { class: "unseen" }, `${role}, GPIO`), String(line)] : [role, el("span", { class: "unseen" }, " GPIO"), ` ${line}`];
}

function update(frame, edges) {
  for (const [index, look] of Object.entries(frame.parts)) board.parts[index].show(look);
  for (const look of frame.lines) board.header.show(look);
  record(frame.at, frame.lines, edges);
  const count = frame.programs;
  setText(byId("programs"), count === 0 ? "no program connected" : count === 1 ? "1 program connected" : `${count} programs connected`);
  byId("programs").classList.toggle("some", count > 0);
}

function wire() {
  if (board) drawWires(byId("wires"), byId("board"), board.header, byId("parts"), board.terminals);
}
new ResizeObserver(wire).observe(byId("board"));
// The header stays in view, so its wires move against the parts.
let scrolled = 0;
addEventListener("scroll", () => {
  cancelAnimationFrame(scrolled);
  scrolled = requestAnimationFrame(wire);
}, { passive: true });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", wire);

// The keys of the parts: held as long as the key is.
const down = new Map();
addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || down.has(event.code)) return;
  const key = event.key.toLowerCase();
  const control = board?.parts.flatMap((part) => part.controls).find((control) => control.key?.toLowerCase() === key);
  if (!control || byId("board").inert) return;
  down.set(event.code, control);
  control.press();
});
addEventListener("keyup", (event) => {
  down.get(event.code)?.release();
  down.delete(event.code);
});
function releaseKeys() {
  for (const control of down.values()) control.release();
  down.clear();
}
addEventListener("blur", releaseKeys);
addEventListener("visibilitychange", () => document.hidden && releaseKeys());

const flipButton = (id, change) => byId(id).addEventListener("click", ({ currentTarget }) => {
  const on = currentTarget.getAttribute("aria-pressed") !== "true";
  currentTarget.setAttribute("aria-pressed", String(on));
  change(on);
});
flipButton("sound", switchSound);
flipButton("pause", pauseTiming);

function showRecipes(address) {
  const { hostname, port } = new URL(`http://${address}`);
  const host = hostname.replace(/[[\]]/g, "");
  setText(byId("python"), `export GPIOZERO_PIN_FACTORY=pigpio\nexport PIGPIO_ADDR=${host}\nexport PIGPIO_PORT=${port || 80}`);
  setText(byId("rust"), `export PINZERO_PIN_FACTORY=pigpio://${address}`);
}
for (const button of document.querySelectorAll("[data-copy]")) {
  const name = button.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(byId(button.dataset.copy).textContent + "\n");
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = name), 1500);
  });
}
