// What the user can move: push buttons, switches, sliders, knobs, keypads. Each control is `{ node, show(look), key, press,
// release }`; the last three only if a key of the keyboard stands for it.

import { el, svg, setText, words } from "./dom.js";
import { withUnit } from "./drawings.js";

const LETTER = { motion_sensor: "Move", line_sensor: "Dark line", pulse_counter: "Pulse" };

/** Makes the controls of a part. `act` sends an action. */
export function controlsOf(part, index, act) {
  let sliders = 0;
  return part.controls.map((control) => {
    switch (control.control) {
      case "push": return push(part, index, control, act);
      case "switch": return flip(part, index, control, act);
      case "slider": return slider(part, index, control, sliders++, act);
      case "knob": return knob(part, index, act);
      default: return keypad(part, index, control, act);
    }
  });
}

/**
 * Makes a button hold something down as long as a pointer, or Space or Enter, holds the button. A finger that slides off
 * releases, for the button has captured the pointer.
 */
function hold(button, press, release) {
  let held = false;
  const set = (down) => {
    if (held === down) return;
    held = down;
    button.classList.toggle("held", down);
    if (down) press();
    else release();
  };
  let touched = 0;
  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture(event.pointerId);
    set(true);
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) button.addEventListener(end, () => { touched = performance.now(); set(false); });
  button.addEventListener("pointermove", (event) => {
    if (!held || event.pointerType === "mouse") return;
    const box = button.getBoundingClientRect();
    const off = event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
    if (off) set(false);
  });
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  const isKey = ({ key }) => key === " " || key === "Enter";
  button.addEventListener("keydown", (event) => {
    if (!isKey(event)) return;
    event.preventDefault();
    if (!event.repeat) set(true);
  });
  button.addEventListener("keyup", (event) => {
    if (!isKey(event)) return;
    event.preventDefault();
    touched = performance.now();
    set(false);
  });
  // A screen reader may click without a pointer and without a key.
  button.addEventListener("click", () => {
    if (held || performance.now() - touched < 500) return;
    set(true);
    setTimeout(() => set(false), 150);
  });
  return set;
}

const shortcut = (key) => (key == null ? null : key.toUpperCase());

function push(part, index, { key }, act) {
  const plain = part.kind === "button";
  const cap = plain
    ? svg("svg", { viewBox: "0 0 120 92", class: "drawing", "aria-hidden": "true" },
        svg("path", { class: "leg", d: "M30 26H16v12M90 26h14v12M30 66H16v12M90 66h14v12" }),
        svg("rect", { class: "tact", x: 26, y: 12, width: 68, height: 68, rx: 7 }),
        ...[[36, 22], [84, 22], [36, 70], [84, 70]].map(([cx, cy]) => svg("circle", { class: "rivet", cx, cy, r: 3.2 })),
        svg("circle", { class: "cap-edge", cx: 60, cy: 46, r: 25 }), svg("circle", { class: "cap", cx: 60, cy: 46, r: 22 }))
    : null;
  const label = plain ? "Press" : (LETTER[part.kind] ?? "Press");
  const button = el("button", { type: "button", class: plain ? "push tactile" : "push bar", "aria-pressed": "false", "aria-keyshortcuts": shortcut(key), }, cap, el("span", {}, label, el("span", { class: "unseen" }, ` ${part.name}`)));
  const set = hold(button, () => act({ do: "press", part: index }), () => act({ do: "release", part: index }));
  return { node: button, key, press: () => set(true), release: () => set(false), show: ({ closed }) => button.setAttribute("aria-pressed", String(closed)) };
}

function flip(part, index, { key }, act) {
  let closed = false;
  const drawing = svg("svg", { viewBox: "0 0 120 92", class: "drawing", "aria-hidden": "true" },
    svg("path", { class: "leg", d: "M38 66v22M60 66v22M82 66v22" }),
    svg("rect", { class: "switch-body", x: 20, y: 20, width: 80, height: 48, rx: 6 }),
    svg("rect", { class: "slot", x: 32, y: 34, width: 56, height: 20, rx: 4 }),
    svg("rect", { class: "slide", x: 33, y: 26, width: 26, height: 28, rx: 4 }));
  const node = el("button", { type: "button", class: part.kind === "switch" ? "push" : "push bar", role: "switch", "aria-checked": "false", "aria-keyshortcuts": shortcut(key), click: () => toggle() }, part.kind === "switch" ? drawing : null, el("span", {}, LETTER[part.kind] ?? "Flip", el("span", { class: "unseen" }, ` ${part.name}`)));
  const toggle = () => act({ do: closed ? "release" : "press", part: index });
  return { node, key, press: toggle, release: () => {}, show: (look) => { closed = look.closed; node.setAttribute("aria-checked", String(closed)); } };
}

function slider(part, index, control, place, act) {
  const id = `slider-${index}-${place}`;
  const output = el("output", { for: id });
  const input = el("input", { id, type: "range", min: control.min, max: control.max, step: control.step });
  const several = part.controls.length > 1;
  const name = several || control.name !== "value" ? words(control.name) : "position";
  input.setAttribute("aria-label", `${part.name}, ${name}`);
  let moved = -Infinity;
  let waiting = false;
  const print = (value) => {
    const written = withUnit(value, control);
    setText(output, written);
    input.setAttribute("aria-valuetext", written);
    input.style.setProperty("--share", ((value - control.min) / (control.max - control.min)).toFixed(4));
  };
  input.addEventListener("input", () => {
    moved = performance.now();
    print(input.valueAsNumber);
    if (waiting) return;
    waiting = true;
    // As often as the screen shows something new.
    setTimeout(() => {
      waiting = false;
      act({ do: "set", part: index, slider: place, value: input.valueAsNumber });
    }, 16);
  });
  const show = ({ values }) => {
    // Not under the user's finger.
    if (waiting || performance.now() - moved < 300) return;
    input.value = values[place];
    print(values[place]);
  };
  const node = el("div", { class: "slider" }, el("label", { for: id }, name), output, input);
  return { node, show };
}

function knob(part, index, act) {
  const disc = svg("g", { class: "knob-disc" }, svg("circle", { class: "dial", cx: 60, cy: 46, r: 33 }), ...Array.from({ length: 20 }, (_, step) => svg("path", { class: "notch", d: "M60 13v5", transform: `rotate(${18 * step} 60 46)` })), svg("path", { class: "pointer", d: "M60 36V22" }));
  const grip = el("div", { class: "grip", role: "spinbutton", tabindex: "0", "aria-label": part.name, "aria-valuenow": "0" }, svg("svg", { viewBox: "0 0 120 92", class: "drawing", "aria-hidden": "true" }, disc));
  const turn = (steps) => act({ do: "turn", part: index, steps });
  const keys = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };
  grip.addEventListener("keydown", (event) => {
    if (!(event.key in keys)) return;
    event.preventDefault();
    turn(keys[event.key]);
  });
  grip.addEventListener("wheel", (event) => {
    event.preventDefault();
    turn(event.deltaY < 0 ? 1 : -1);
  }, { passive: false });
  let angle = null;
  const angleOf = (event) => {
    const box = grip.getBoundingClientRect();
    return Math.atan2(event.clientY - box.top - box.height / 2, event.clientX - box.left - box.width / 2);
  };
  grip.addEventListener("pointerdown", (event) => {
    grip.setPointerCapture(event.pointerId);
    angle = angleOf(event);
  });
  grip.addEventListener("pointermove", (event) => {
    if (angle == null) return;
    let moved = angleOf(event) - angle;
    moved = Math.atan2(Math.sin(moved), Math.cos(moved));
    const steps = Math.trunc(moved / (Math.PI / 10));
    if (steps === 0) return;
    angle += (steps * Math.PI) / 10;
    turn(steps);
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) grip.addEventListener(end, () => (angle = null));
  const step = (steps, name, sign) => el("button", { type: "button", class: "step", "aria-label": `Turn ${part.name} ${name}`, click: () => turn(steps) }, sign);
  const node = el("div", { class: "knob" }, step(-1, "counterclockwise", "↺"), grip, step(1, "clockwise", "↻"));
  return {
    node,
    show({ steps }) {
      disc.style.transform = `rotate(${steps * 18}deg)`;
      grip.setAttribute("aria-valuenow", String(steps));
    },
  };
}

function keypad(part, index, { rows }, act) {
  const buttons = rows.flatMap((row) => [...row]).map((letter, key) => {
    const button = el("button", { type: "button", class: "key", "aria-pressed": "false", "aria-label": `${part.name}, key ${letter}` }, letter);
    hold(button, () => act({ do: "press", part: index, key }), () => act({ do: "release", part: index, key }));
    return button;
  });
  const node = el("div", { class: "keypad", role: "group", "aria-label": part.name }, ...buttons);
  node.style.setProperty("--columns", String(Math.max(...rows.map((row) => [...row].length))));
  return { node, show: ({ down }) => buttons.forEach((button, key) => button.setAttribute("aria-pressed", String(down.includes(key)))) };
}
