// What was recorded and may have to be sent again; positions count samples from the first one of the dictation.

export class AudioLog {
  constructor() {
    this.chunks = [];
    this.start = 0; // Position of the first sample that is still kept.
    this.end = 0;
  }

  append(pcm) {
    this.chunks.push(pcm);
    this.end += pcm.length;
  }

  // Lets whole chunks before `position` go.
  forget(position) {
    while (this.chunks.length && this.start + this.chunks[0].length <= position) {
      this.start += this.chunks.shift().length;
    }
  }

  slice(from, to = this.end) {
    const first = Math.max(from, this.start);
    const samples = new Int16Array(Math.max(0, Math.min(to, this.end) - first));
    let place = this.start;
    for (const chunk of this.chunks) {
      const begin = Math.max(first, place);
      const end = Math.min(to, place + chunk.length);
      if (begin < end) samples.set(chunk.subarray(begin - place, end - place), begin - first);
      place += chunk.length;
    }
    return samples;
  }
}
