// The microphone as frames of 16-bit samples at 16 kHz. The audio graph is made once; the microphone is open only while
// it is needed.

const PROCESSING = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: true };

export class Microphone {
  // `frame` takes samples and their highest level, `lost` is called when the device is gone.
  constructor({ frame, lost }) {
    this.frame = frame;
    this.lost = lost;
    this.stream = null;
    this.recording = false; // The audio thread may still send a frame behind the last one that was asked for.
    this.flushed = [];
  }

  get isOpen() {
    return this.stream !== null;
  }

  // Loads the part that runs on the audio thread, so that a microphone can open while the service is away.
  prepare() {
    this.context ??= new AudioContext();
    this.prepared ??= this.load().catch((error) => {
      this.prepared = null;
      throw error;
    });
    return this.prepared;
  }

  async load() {
    await this.context.audioWorklet.addModule(new URL("worklet.js", import.meta.url));
    this.node = new AudioWorkletNode(this.context, "capture", { numberOfOutputs: 0 });
    this.node.port.onmessage = ({ data }) => {
      if (data.pcm.length && this.recording) this.frame(data.pcm, data.peak);
      if (!data.flushed) return;
      this.recording = false;
      this.flushed.shift()?.();
    };
  }

  // Rejects with an Error whose text is for the speaker; no track stays open then.
  async open(deviceId = "") {
    if (this.isOpen) return;
    if (!navigator.mediaDevices) {
      throw new Error("Le navigateur ne donne pas accès au microphone : ouvrez cette page en HTTPS ou sur localhost.");
    }
    const stream = await ask(deviceId);
    try {
      await this.prepare();
      this.recording = true;
      this.source = this.context.createMediaStreamSource(stream);
      this.source.connect(this.node);
      await this.context.resume();
    } catch {
      this.recording = false;
      stop(stream);
      throw new Error("Le son ne peut pas être enregistré : rechargez la page quand le service répond.");
    }
    this.stream = stream;
    for (const track of stream.getTracks()) track.onended = () => this.lost();
  }

  // Hands over what is left and lets the microphone go.
  async close() {
    if (!this.isOpen) return;
    const { stream, source, node } = this;
    this.stream = null;
    stop(stream);
    await new Promise((resolve) => {
      this.flushed.push(resolve);
      node.port.postMessage("flush");
    });
    source.disconnect();
    await this.context.suspend();
  }
}

async function ask(deviceId) {
  const audio = deviceId ? { ...PROCESSING, deviceId: { exact: deviceId } } : PROCESSING;
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    if (deviceId && error.name === "OverconstrainedError") return ask(""); // The chosen one is not plugged in.
    throw new Error(REFUSALS[error.name] ?? "Le microphone ne répond pas : vérifiez qu'il est branché.");
  }
}

function stop(stream) {
  for (const track of stream.getTracks()) {
    track.onended = null;
    track.stop();
  }
}

const REFUSALS = {
  NotAllowedError: "Le microphone est refusé : autorisez-le pour cette page dans le navigateur.",
  NotFoundError: "Aucun microphone n'est branché.",
  NotReadableError: "Le microphone est pris par un autre programme.",
};
