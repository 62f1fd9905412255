// Runs on the audio thread: the microphone's samples become frames of 100 ms at 16 kHz, with their level.

import { Resampler, RATE_HZ, toInt16 } from "./resample.js";

const FRAME = RATE_HZ / 10;

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(sampleRate);
    this.frame = new Float32Array(FRAME);
    this.filled = 0;
    this.port.onmessage = () => this.send(true); // Somebody asks for what is left.
  }

  process(inputs) {
    const channels = inputs[0];
    if (channels.length) {
      for (const sample of this.resampler.push(mixed(channels))) {
        this.frame[this.filled++] = sample;
        if (this.filled === FRAME) this.send();
      }
    }
    return true;
  }

  send(flushed = false) {
    const samples = this.frame.subarray(0, this.filled);
    const peak = samples.reduce((highest, sample) => Math.max(highest, Math.abs(sample)), 0);
    const pcm = toInt16(samples);
    this.port.postMessage({ pcm, peak, flushed }, [pcm.buffer]);
    this.filled = 0;
  }
}

function mixed(channels) {
  if (channels.length === 1) return channels[0];
  return channels[0].map((_, place) => channels.reduce((sum, channel) => sum + channel[place], 0) / channels.length);
}

registerProcessor("capture", Capture);
