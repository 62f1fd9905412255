// Recording, as the speaker asked for it last, whatever order clicks, keys and the browser's questions come in.

import { RATE_HZ } from "./resample.js";

const DEAD_PEAK = 0.002; // -54 dB: the noise of any open microphone is louder.
const DEAD_S = 5;

export class Recorder extends EventTarget {
  // Events: change, level, failed.
  constructor(makeMicrophone, dictation, device) {
    super();
    this.dictation = dictation;
    this.device = device; // Returns the chosen device's id.
    this.microphone = makeMicrophone({ frame: (pcm, peak) => this.frame(pcm, peak), lost: () => this.lose() });
    this.wanted = false;
    this.discarding = false;
    this.work = Promise.resolve();
    this.samples = 0;
    this.quiet = 0; // Samples since the input was alive.
  }

  get isDead() {
    return this.wanted && this.quiet >= DEAD_S * RATE_HZ;
  }

  get seconds() {
    return Math.floor(this.samples / RATE_HZ);
  }

  start() {
    return this.want(true);
  }

  stop() {
    return this.want(false);
  }

  // Stops, and drops what the microphone still hands over: as the start of the next session it would be refused again.
  discard() {
    this.discarding = true;
    return this.stop();
  }

  toggle() {
    return this.want(!this.wanted);
  }

  want(wanted) {
    if (wanted && !this.wanted) {
      this.samples = this.quiet = 0;
      this.discarding = false;
    }
    this.wanted = wanted;
    this.tell("change");
    this.work = this.work.then(() => this.apply());
    return this.work;
  }

  async apply() {
    const { microphone } = this;
    if (this.wanted && !microphone.isOpen) {
      await microphone.open(this.device()).catch((error) => this.fail(error));
    } else if (!this.wanted && microphone.isOpen) {
      await microphone.close();
      this.dictation.pause();
    }
    this.tell("change");
  }

  frame(pcm, peak) {
    if (this.discarding) return;
    this.samples += pcm.length;
    this.quiet = peak > DEAD_PEAK ? 0 : this.quiet + pcm.length;
    this.dictation.hear(pcm);
    this.dispatchEvent(new CustomEvent("level", { detail: { peak } }));
  }

  lose() {
    this.want(false);
    this.dispatchEvent(new CustomEvent("failed", { detail: { code: "microphone_lost" } }));
  }

  fail(error) {
    this.wanted = false;
    this.dispatchEvent(new CustomEvent("failed", { detail: { message: error.message } }));
  }

  tell(name) {
    this.dispatchEvent(new CustomEvent(name));
  }
}
