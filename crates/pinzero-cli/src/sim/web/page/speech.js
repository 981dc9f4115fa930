// Tells a screen reader what happens, in moderation, and plays the buzzers.

import { byId } from "./dom.js";

/** The time between two announcements, in milliseconds. */
const PAUSE = 1500;
/** A part that changes more often than this within `WINDOW` is said to keep changing, once. */
const OFTEN = 3;
const WINDOW = 6000;

const histories = new Map();
let waiting = new Map();
let timer = null;

/** Announces that a part is in a new state, perhaps with others, perhaps not at all. */
export function say(name, text) {
  const now = performance.now();
  const history = (histories.get(name) ?? []).filter((time) => now - time < WINDOW);
  history.push(now);
  histories.set(name, history);
  if (history.length > OFTEN + 1) return;
  waiting.set(name, history.length > OFTEN ? `${name} keeps changing` : `${name}: ${text}`);
  timer ??= setTimeout(() => {
    byId("speech").textContent = [...waiting.values()].join(". ");
    waiting = new Map();
    timer = null;
  }, PAUSE);
}

/** Forgets all parts, for there are others now. */
export function hush() {
  histories.clear();
  waiting.clear();
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
