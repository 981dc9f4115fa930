// Tells a screen reader what happens, in moderation, and plays the buzzers.

import { byId } from "./dom.js";

/** The time from a change to its announcement, in milliseconds: changes together are told together. */
const PAUSE = 1500;
/** A part that changes more often than this within `WINDOW` is restless, until nothing has changed for `REST`. */
const OFTEN = 4;
const WINDOW = 12_000;
const REST = 3000;

const parts = new Map();
let timer = null;

/** Announces that a part is in a new state. Of a restless part, it is said once that the part keeps changing, and the state at last. */
export function say(name, text) {
  if (!parts.has(name)) parts.set(name, { times: [], isRestless: false });
  const part = parts.get(name);
  part.times.push(performance.now());
  part.text = text;
  timer ??= setTimeout(tell, PAUSE);
}

function tell() {
  timer = null;
  const now = performance.now();
  const sentences = [];
  for (const [name, part] of parts) {
    if (part.text == null) continue;
    const last = part.times.at(-1);
    part.times = part.times.filter((time) => now - time < WINDOW);
    if (part.times.length > OFTEN && now - last < REST) {
      if (!part.isRestless) sentences.push(`${name} keeps changing`);
      part.isRestless = true;
      timer ??= setTimeout(tell, PAUSE);
    } else {
      sentences.push(`${name}: ${part.text}`);
      part.isRestless = false;
      part.text = null;
    }
  }
  if (sentences.length > 0) byId("speech").textContent = sentences.join(". ");
}

/** Forgets all parts, for there are others now. */
export function hush() {
  parts.clear();
}

let audio = null;
const tones = new Map();

/** Switches the sound on or off. A browser allows sound only after a click. */
export function switchSound(on) {
  if (on && audio == null) audio = new AudioContext();
  if (audio != null) (on ? audio.resume() : audio.suspend());
}

/** Plays a buzzer, or ends its tone. */
export function play(part, { on, hertz }) {
  if (audio == null) return;
  let tone = tones.get(part);
  if (tone == null) {
    const [oscillator, gain] = [audio.createOscillator(), audio.createGain()];
    oscillator.type = "square";
    gain.gain.value = 0;
    oscillator.connect(gain).connect(audio.destination);
    oscillator.start();
    tone = { oscillator, gain };
    tones.set(part, tone);
  }
  // An active buzzer has a tone of its own, of about 2.3 kHz.
  tone.oscillator.frequency.value = Math.min(hertz ?? 2300, 12000);
  // A short slope, or there would be a click.
  tone.gain.gain.setTargetAtTime(on ? 0.05 : 0, audio.currentTime, 0.005);
}
