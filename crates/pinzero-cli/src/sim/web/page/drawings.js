// How each kind of part looks. A drawing is `{ node, show(look) }`; `show` returns `{ on, text }`: whether the part is on,
// and its state in words.

import { svg, calm, setText } from "./dom.js";

const picture = (width, height, ...children) =>
  svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "drawing", "aria-hidden": "true" }, ...children);
const percent = (share) => `${Math.round(share * 100)}\u00a0%`;
const onOff = (on) => ({ on, text: on ? "on" : "off" });

let gradients = 0;

/** Draws a LED of 5 mm. Its color is in `--glow`, its brightness in `--light`. */
function led() {
  const id = `halo${gradients++}`;
  const halo = svg("radialGradient", { id }, svg("stop", { offset: "0", class: "glow-stop" }), svg("stop", { offset: "1", class: "glow-end" }));
  const dome = "M40 62V34a20 20 0 0 1 40 0v28z";
  return picture(120, 92,
    svg("defs", {}, halo),
    svg("circle", { class: "halo", cx: 60, cy: 40, r: 46, fill: `url(#${id})` }),
    svg("path", { class: "leg", d: "M52 68V92M68 68v14l4 4v6" }),
    svg("path", { class: "dome", d: dome }),
    svg("path", { class: "dome lit", d: dome }),
    svg("path", { class: "anode", d: "M53 62V46h5l-3-6h11l2 6v16" }),
    svg("rect", { class: "dome rim", x: 35, y: 60, width: 50, height: 9, rx: 2.5 }),
    svg("rect", { class: "dome rim lit", x: 35, y: 60, width: 50, height: 9, rx: 2.5 }),
    svg("path", { class: "shine", d: "M47 50V35a13 13 0 0 1 8-12" }),
  );
}

function light(part) {
  const node = led();
  node.style.setProperty("--glow", part.color ?? "#ff2a2a");
  return {
    node,
    show({ brightness }) {
      node.style.setProperty("--light", Math.pow(brightness, 0.6).toFixed(3));
      const on = brightness > 0;
      return { on, text: on && brightness < 1 ? percent(brightness) : on ? "on" : "off" };
    },
  };
}

function color() {
  const node = led();
  return {
    node,
    show({ red, green, blue }) {
      const most = Math.max(red, green, blue);
      const mix = [red, green, blue].map((share) => Math.round((most > 0 ? share / most : 0.8) * 255));
      node.style.setProperty("--glow", `rgb(${mix.join(" ")})`);
      node.style.setProperty("--light", Math.pow(most, 0.6).toFixed(3));
      const on = most > 0;
      return { on, text: on ? `${percent(red)} red, ${percent(green)} green, ${percent(blue)} blue` : "off" };
    },
  };
}

function buzzer() {
  const wave = (radius) => svg("path", { class: "wave", d: `M${60 + radius * 0.8} ${46 - radius * 0.6}a${radius} ${radius} 0 0 1 0 ${radius * 1.2}M${60 - radius * 0.8} ${46 - radius * 0.6}a${radius} ${radius} 0 0 0 0 ${radius * 1.2}` });
  const node = picture(120, 92, wave(38), wave(48), wave(58),
    svg("circle", { class: "black", cx: 60, cy: 46, r: 29 }),
    svg("circle", { class: "black-rim", cx: 60, cy: 46, r: 24 }),
    svg("circle", { class: "tone-hole", cx: 60, cy: 46, r: 6 }),
    svg("text", { class: "print", x: 44, y: 38 }, "+"));
  return {
    node,
    show({ on, hertz }) {
      node.classList.toggle("sounds", on);
      return { on, text: on ? (hertz ? `sounds at ${Math.round(hertz)} Hz` : "sounds") : "silent" };
    },
  };
}

function relay() {
  const node = picture(120, 92,
    svg("rect", { class: "relay-box", x: 16, y: 12, width: 88, height: 66, rx: 5 }),
    svg("text", { class: "print", x: 26, y: 30 }, "RELAY"),
    svg("circle", { class: "signal", cx: 92, cy: 25, r: 4.5 }),
    svg("path", { class: "contacts", d: "M26 60h20M74 50h20M74 68h20" }),
    svg("circle", { class: "contact", cx: 46, cy: 60, r: 3 }),
    svg("circle", { class: "contact", cx: 74, cy: 50, r: 3 }),
    svg("circle", { class: "contact", cx: 74, cy: 68, r: 3 }),
    svg("path", { class: "lever", d: "M46 60L74 60" }));
  return { node, show: ({ on }) => (node.classList.toggle("pulled", on), onOff(on)) };
}

function servo() {
  const ticks = [-90, -45, 0, 45, 90].map((angle) => svg("path", { class: "tick", d: "M60 8v7", transform: `rotate(${angle} 60 54)` }));
  const arm = svg("g", { class: "arm" },
    svg("path", { class: "horn", d: "M53.5 54L56.5 19a3.5 3.5 0 0 1 7 0L66.5 54a6.5 6.5 0 0 1-13 0z" }),
    svg("circle", { class: "horn-hole", cx: 60, cy: 24, r: 1.6 }), svg("circle", { class: "horn-hole", cx: 60, cy: 31, r: 1.6 }));
  const node = picture(120, 92, ...ticks,
    svg("rect", { class: "servo-ear", x: 22, y: 58, width: 76, height: 10, rx: 3 }),
    svg("rect", { class: "servo-body", x: 34, y: 42, width: 52, height: 46, rx: 5 }),
    svg("circle", { class: "servo-hub", cx: 60, cy: 54, r: 11 }), arm, svg("circle", { class: "screw", cx: 60, cy: 54, r: 3 }));
  return {
    node,
    show({ degrees, held }) {
      arm.style.transform = `rotate(${degrees}deg)`;
      node.classList.toggle("loose", !held);
      return { on: held, text: held ? `${Math.round(degrees)}°` : "not held" };
    },
  };
}

function motor() {
  const blade = (angle) => svg("path", { class: "blade", d: "M60 46C50 34 50 14 62 8c10 8 8 26-2 38z", transform: `rotate(${angle} 60 46)` });
  const rotor = svg("g", { class: "rotor" }, blade(0), blade(120), blade(240));
  const node = picture(120, 92, svg("circle", { class: "motor-body", cx: 60, cy: 46, r: 41 }), rotor, svg("circle", { class: "screw", cx: 60, cy: 46, r: 7 }));
  const turning = rotor.animate([{ transform: "rotate(0deg)" }, { transform: "rotate(360deg)" }], { duration: 1000, iterations: Infinity });
  turning.pause();
  // Far from the start, so that it can turn backward too.
  turning.currentTime = 1e9;
  return {
    node,
    show({ speed }) {
      if (speed === 0 || calm.matches) turning.pause();
      else {
        turning.updatePlaybackRate(speed * 2);
        if (turning.playState !== "running") turning.play();
      }
      return { on: speed !== 0, text: speed === 0 ? "stopped" : `${percent(Math.abs(speed))} ${speed > 0 ? "forward" : "backward"}` };
    },
  };
}

function motion() {
  const node = picture(120, 92,
    svg("path", { class: "ray", d: "M24 26q-10 18 0 38M12 20q-14 26 0 50M96 26q10 18 0 38M108 20q14 26 0 50" }),
    svg("rect", { class: "module", x: 34, y: 66, width: 52, height: 16, rx: 3 }),
    svg("path", { class: "lens", d: "M36 66a24 30 0 0 1 48 0z" }),
    svg("path", { class: "facets", d: "M48 66c0-14 4-24 12-29 8 5 12 15 12 29M60 37v29M40 54q20 8 40 0M45 45q15 6 30 0" }));
  return { node, show: ({ closed }) => (node.classList.toggle("active", closed), { on: closed, text: closed ? "something moves" : "nothing moves" }) };
}

function lineSensor() {
  const node = picture(120, 92,
    svg("rect", { class: "floor", x: 4, y: 70, width: 112, height: 12, rx: 2 }),
    svg("rect", { class: "dark-line", x: 46, y: 70, width: 28, height: 12 }),
    svg("path", { class: "beam", d: "M52 44L58 70M68 44L62 70" }),
    svg("rect", { class: "module", x: 30, y: 14, width: 60, height: 22, rx: 4 }),
    svg("rect", { class: "black", x: 46, y: 34, width: 12, height: 11, rx: 3 }), svg("rect", { class: "black", x: 62, y: 34, width: 12, height: 11, rx: 3 }));
  return { node, show: ({ closed }) => (node.classList.toggle("active", closed), { on: closed, text: closed ? "over the line" : "beside the line" }) };
}

/** Draws a dial with a pointer, from 7 to 5 o'clock. */
function dial() {
  const pointer = svg("path", { class: "pointer", d: "M60 46V24" });
  const ticks = Array.from({ length: 11 }, (_, step) => svg("path", { class: "tick", d: "M60 6v6", transform: `rotate(${-135 + 27 * step} 60 46)` }));
  const node = picture(120, 92, ...ticks, svg("circle", { class: "dial", cx: 60, cy: 46, r: 29 }), pointer);
  return { node, set: (share) => (pointer.style.transform = `rotate(${-135 + 270 * share}deg)`) };
}

const shareOf = (value, { min, max }) => (value - min) / (max - min);
const sliders = (part) => part.controls.filter((control) => control.control === "slider");
/** Returns a value with the digits and the unit of its slider. */
export function withUnit(value, { step, unit }) {
  const digits = step >= 1 ? 0 : Math.min(3, Math.ceil(-Math.log10(step)));
  return unit === "" ? value.toFixed(digits) : `${value.toFixed(digits)} ${unit}`;
}
const inWords = (part, values) => ({ on: true, text: sliders(part).map((slider, index) => withUnit(values[index], slider)).join(", ") });

function potentiometer(part) {
  const { node, set } = dial();
  return { node, show: ({ values }) => (set(shareOf(values[0], sliders(part)[0])), inWords(part, values)) };
}

function lightSensor(part) {
  const rays = Array.from({ length: 12 }, (_, step) => svg("path", { d: "M60 8v9", transform: `rotate(${30 * step} 60 46)` }));
  const node = picture(120, 92, svg("g", { class: "sun" }, ...rays, svg("circle", { cx: 60, cy: 46, r: 24 })), svg("circle", { class: "ldr", cx: 60, cy: 46, r: 19 }), svg("path", { class: "ldr-track", d: "M48 38h20a4 4 0 0 1 0 8H52a4 4 0 0 0 0 8h20" }));
  return { node, show: ({ values }) => (node.style.setProperty("--light", shareOf(values[0], sliders(part)[0]).toFixed(3)), inWords(part, values)) };
}

function distance(part) {
  const object = svg("rect", { class: "object", x: -4, y: 22, width: 8, height: 50, rx: 2 });
  const eye = (y) => svg("g", {}, svg("circle", { class: "eye", cx: 27, cy: y, r: 14 }), svg("circle", { class: "pupil", cx: 27, cy: y, r: 8 }));
  const node = picture(120, 92, svg("rect", { class: "module", x: 6, y: 8, width: 26, height: 76, rx: 4 }), eye(29), eye(63), svg("path", { class: "beam", d: "M46 46H110" }), object);
  return { node, show: ({ values }) => ((object.style.transform = `translateX(${50 + 62 * Math.sqrt(shareOf(values[0], sliders(part)[0]))}px)`), inWords(part, values)) };
}

function thermometer(part) {
  const mercury = svg("rect", { class: "mercury", x: 36.5, y: 12, width: 7, height: 50 });
  const drop = svg("path", { class: "drop", d: "M84 20c10 15 16 22 16 31a16 16 0 0 1-32 0c0-9 6-16 16-31z" });
  const humid = sliders(part).length > 1;
  const node = picture(120, 92, svg("path", { class: "glass", d: "M32 14a8 8 0 0 1 16 0v46a14 14 0 1 1-16 0z" }), mercury, svg("circle", { class: "mercury", cx: 40, cy: 71, r: 9 }), humid ? svg("g", {}, drop, svg("path", { class: "drop full", d: drop.getAttribute("d") })) : null);
  if (!humid) node.setAttribute("viewBox", "-20 0 120 92");
  return {
    node,
    show({ values }) {
      mercury.style.transform = `scaleY(${shareOf(values[0], sliders(part)[0]).toFixed(3)})`;
      if (humid) node.style.setProperty("--light", (values[1] / 100).toFixed(3));
      return inWords(part, values);
    },
  };
}

/** Draws a meter with a wheel that turns by a tenth with each pulse. */
function meter(part) {
  const wheel = svg("g", { class: "knob-disc" }, ...Array.from({ length: 10 }, (_, spoke) => svg("path", { class: "tick", d: "M60 18v10", transform: `rotate(${36 * spoke} 60 46)` })), svg("circle", { class: "signal", cx: 60, cy: 34, r: 4.5 }));
  const node = picture(120, 92, svg("circle", { class: "motor-body", cx: 60, cy: 46, r: 36 }), wheel, svg("circle", { class: "screw", cx: 60, cy: 46, r: 5 }));
  return {
    node,
    show({ closed, values, count }) {
      wheel.style.transform = `rotate(${count * 36}deg)`;
      node.classList.toggle("pulled", closed);
      return { on: closed, text: `${count} pulses, ${withUnit(values[0], sliders(part)[0])}` };
    },
  };
}

const SEGMENTS = [
  "M13 8l4-4h22l4 4-4 4H17z", "M44 9l4 4v22l-4 4-4-4V13z", "M44 41l4 4v22l-4 4-4-4V45z", "M13 72l4-4h22l4 4-4 4H17z",
  "M12 41l4 4v22l-4 4-4-4V45z", "M12 9l4 4v22l-4 4-4-4V13z", "M13 40l4-4h22l4 4-4 4H17z",
];

function digits() {
  const node = picture(56, 80);
  let shown = [];
  return {
    node,
    show({ digits }) {
      if (shown.length !== digits.length) {
        node.setAttribute("viewBox", `0 0 ${digits.length * 56 + 8} 84`);
        shown = digits.map(() => [...SEGMENTS.map((d) => svg("path", { class: "segment", d })), svg("circle", { class: "segment", cx: 54, cy: 73, r: 4 })]);
        const groups = shown.map((segments, index) => svg("g", { transform: `translate(${4 + index * 56} 2) skewX(-4)` }, ...segments));
        node.replaceChildren(svg("rect", { class: "bezel", width: digits.length * 56 + 8, height: 84, rx: 6 }), ...groups);
      }
      digits.forEach((lights, index) => lights.forEach((value, segment) => shown[index][segment].style.setProperty("--light", value.toFixed(2))));
      const lit = digits.some((lights) => lights.some((value) => value > 0));
      return { on: lit, text: lit ? read(digits) : "dark" };
    },
  };
}

/** Reads digits as text. */
function read(digits) {
  const known = { 63: "0", 6: "1", 91: "2", 79: "3", 102: "4", 109: "5", 125: "6", 7: "7", 127: "8", 111: "9", 119: "A", 124: "b", 57: "C", 94: "d", 121: "E", 113: "F", 0: " ", 64: "-" };
  return digits.map((lights) => (known[lights.slice(0, 7).reduce((sum, value, bit) => sum + (value > 0.05 ? 1 << bit : 0), 0)] ?? "?") + (lights[7] > 0.05 ? "." : "")).join("");
}

function text() {
  const node = picture(220, 70);
  let rows = [];
  return {
    node,
    show({ lines, lit }) {
      if (rows.length !== lines.length) {
        const columns = Math.max(...lines.map((line) => line.length), 1);
        const [width, height] = [columns * 12 + 28, lines.length * 22 + 26];
        node.setAttribute("viewBox", `0 0 ${width} ${height}`);
        rows = lines.map((_, index) => svg("text", { class: "lcd-text", x: 14, y: 30 + index * 22, textLength: columns * 12, lengthAdjust: "spacing" }));
        node.replaceChildren(svg("rect", { class: "lcd-frame", width, height, rx: 5 }), svg("rect", { class: "lcd", x: 7, y: 7, width: width - 14, height: height - 14, rx: 3 }), ...rows);
      }
      node.classList.toggle("lit", lit);
      const full = lines.map((line) => [...line].map((letter) => (letter === " " ? "\u00a0" : letter)).join(""));
      rows.forEach((row, index) => setText(row, full[index]));
      const plain = lines.map((line) => line.trim()).filter(Boolean).join(" / ");
      return { on: lit, text: plain || "empty" };
    },
  };
}

/** What is drawn by its control has no drawing. */
const none = (words) => () => ({ node: null, show: words });

const KINDS = {
  led: light, rgb_led: color, buzzer, relay, servo, motor, potentiometer, light_sensor: lightSensor, distance_sensor: distance,
  dht11: thermometer, dht22: thermometer, tmp36: thermometer, motion_sensor: motion, line_sensor: lineSensor, pulse_counter: meter,
  seven_segment_display: digits, character_display: text,
  button: none(({ closed }) => ({ on: closed, text: closed ? "pressed" : "not pressed" })),
  switch: none(({ closed }) => ({ on: closed, text: closed ? "closed" : "open" })),
  rotary_encoder: none(({ steps }) => ({ on: true, text: `${steps} steps` })),
  keypad: none(({ down }) => ({ on: down.length > 0, text: down.length > 0 ? "keys are down" : "no key is down" })),
};

/** Draws a part. A kind that this page does not know is shown as text. */
export function draw(part) {
  return (KINDS[part.kind] ?? none((look) => ({ on: false, text: JSON.stringify(look) })))(part);
}
