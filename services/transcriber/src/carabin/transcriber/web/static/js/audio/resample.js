// Brings any rate to 16 kHz with a windowed sinc, so that nothing above 8 kHz folds into the speech.

export const RATE_HZ = 16000;
const ZERO_CROSSINGS = 16; // On each side: about 60 dB of rejection.
const PHASES = 256; // Finer than the noise of 16-bit samples for speech.

export class Resampler {
  constructor(rateHz) {
    this.step = rateHz / RATE_HZ;
    const cutoff = Math.min(1, 0.95 / this.step);
    this.reach = rateHz === RATE_HZ ? 0 : Math.ceil(ZERO_CROSSINGS / cutoff);
    this.kernels = Array.from({ length: PHASES + 1 }, (_, phase) => kernel(phase / PHASES, this.reach, cutoff));
    this.input = new Float32Array(this.reach); // Silence before the first sample.
    this.position = this.reach; // Where in `input` the next output sample lies.
  }

  // Takes samples at the source's rate; returns those that are complete at 16 kHz.
  push(samples) {
    const input = new Float32Array(this.input.length + samples.length);
    input.set(this.input);
    input.set(samples, this.input.length);
    const output = [];
    while (Math.floor(this.position) + this.reach + 1 < input.length + (this.reach === 0 ? 1 : 0)) {
      output.push(this.at(input, this.position));
      this.position += this.step;
    }
    const used = Math.max(0, Math.floor(this.position) - this.reach);
    this.input = input.slice(used);
    this.position -= used;
    return Float32Array.from(output);
  }

  at(input, position) {
    const whole = Math.floor(position);
    if (this.reach === 0) return input[whole];
    const weights = this.kernels[Math.round((position - whole) * PHASES)];
    let sum = 0;
    for (let tap = 0; tap < weights.length; tap++) sum += weights[tap] * input[whole - this.reach + 1 + tap];
    return sum;
  }
}

function kernel(fraction, reach, cutoff) {
  const weights = new Float32Array(2 * reach);
  let total = 0;
  for (let tap = 0; tap < weights.length; tap++) {
    const distance = tap - reach + 1 - fraction;
    const sinc = distance === 0 ? 1 : Math.sin(Math.PI * cutoff * distance) / (Math.PI * cutoff * distance);
    weights[tap] = sinc * (0.5 + 0.5 * Math.cos((Math.PI * distance) / (reach + 1)));
    total += weights[tap];
  }
  return weights.map((weight) => weight / total);
}

export function toInt16(samples) {
  return Int16Array.from(samples, (sample) => Math.round(Math.max(-1, Math.min(1, sample)) * 32767));
}
