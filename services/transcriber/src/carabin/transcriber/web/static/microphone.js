// The microphone as frames of 16-bit samples at 16 kHz.

const CONSTRAINTS = { audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: true } };

export class Microphone {
  constructor(onFrame) {
    this.onFrame = onFrame;
    this.context = null;
  }

  get isOpen() {
    return this.context !== null;
  }

  // Rejects with an Error whose text is for the speaker.
  async open() {
    if (this.isOpen) return;
    if (!navigator.mediaDevices) {
      throw new Error("Le navigateur ne donne pas accès au microphone : ouvrez cette page en HTTPS ou sur localhost.");
    }
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia(CONSTRAINTS);
    } catch (error) {
      throw new Error(REFUSALS[error.name] ?? "Le microphone ne répond pas : vérifiez qu'il est branché.");
    }
    const context = new AudioContext();
    await context.audioWorklet.addModule(new URL("worklet.js", import.meta.url));
    const node = new AudioWorkletNode(context, "capture", { numberOfOutputs: 0 });
    const flushed = [];
    node.port.onmessage = ({ data }) => {
      if (data.pcm.length) this.onFrame(data.pcm, data.peak);
      flushed.shift()?.();
    };
    context.createMediaStreamSource(stream).connect(node);
    await context.resume();
    Object.assign(this, { context, node, stream, flushed });
  }

  // Hands over what is left and lets the microphone go.
  async close() {
    if (!this.isOpen) return;
    const { context, node, stream, flushed } = this;
    this.context = null;
    stream.getTracks().forEach((track) => track.stop());
    await new Promise((resolve) => {
      flushed.push(resolve);
      node.port.postMessage("flush");
    });
    node.port.postMessage("stop");
    await context.close();
  }
}

const REFUSALS = {
  NotAllowedError: "Le microphone est refusé : autorisez-le pour cette page dans le navigateur.",
  NotFoundError: "Aucun microphone n'est branché.",
  NotReadableError: "Le microphone est pris par un autre programme.",
};
