// The WhisperLive protocol with our additions: sends audio, reports what comes back, and connects again when it is cut.

import { AudioLog } from "../audio/log.js";
import { RATE_HZ } from "../audio/resample.js";
import { passes, refusesAudio } from "./outcomes.js";

const END_OF_AUDIO = "END_OF_AUDIO";
const PIECE = 8 * RATE_HZ; // Samples of one message when audio is sent again: 256 KiB, under every server's limit.
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 5000;
const NORMAL = 1000;
const POLICY = 1008;

export class Connection extends EventTarget {
  // `hello` returns the client's choices, `diagnose` a code when the server would refuse, else null.
  // Events: state, ready, partial, silence, final, command, model, warning, failed.
  // States: opening, open, retry, refused, closed.
  constructor(url, hello, diagnose = async () => null) {
    super();
    this.url = url;
    this.hello = hello;
    this.diagnose = diagnose;
    this.log = new AudioLog();
    this.uid = crypto.randomUUID();
    this.keepAudio = false;
    this.epoch = 0; // Counts server sessions: their utterances are numbered anew.
    this.origin = 0; // Position in the log of the server session's first sample.
    this.done = 0; // Position before which everything is in a final or was silence.
    this.taken = new Set(); // Keys of the finals that were reported: the server repeats its last ones.
    this.lastUtterance = -1;
    this.commands = 0; // Spoken commands of the server session: one that is followed twice takes away a sentence too many.
    this.token = null;
    this.retries = 0;
    this.ready = false;
    this.ending = false;
    this.flushing = false;
    this.refusal = null;
    this.state = "closed";
  }

  // Samples that are not in a final yet.
  get pending() {
    return this.log.end - this.done;
  }

  // Whether the server takes messages: not while its close is under way, though nobody has said so yet.
  get canSend() {
    return this.ready && this.socket.readyState === WebSocket.OPEN;
  }

  open() {
    this.become(this.retries ? "retry" : "opening");
    this.refusal = null;
    let reached = false;
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      reached = true;
      socket.send(JSON.stringify(this.greeting()));
    };
    socket.onmessage = ({ data }) => socket === this.socket && this.receive(JSON.parse(data));
    socket.onclose = ({ code, reason }) => socket === this.socket && this.closed(code, reason, reached);
    this.socket = socket;
  }

  greeting() {
    const resuming = this.token ? { resume_token: this.token, resume_after: this.lastUtterance, resume_commands: this.commands } : {};
    return {
      uid: this.uid, language: "fr", task: "transcribe", model: null, use_vad: true, audio_format: "int16",
      send_last_n_segments: 10, word_timestamps: true, events: true, resume: true, ...this.hello(), ...resuming,
    };
  }

  send(pcm) {
    this.log.append(pcm);
    if (this.canSend) this.socket.send(pcm);
  }

  // Asks for everything said so far as finals.
  flush() {
    if (this.canSend) this.socket.send(JSON.stringify({ event: "flush" }));
    else this.flushing = true;
  }

  // Ends the session; the server sends the last finals and closes.
  finish() {
    this.ending = true;
    if (this.canSend) this.socket.send(END_OF_AUDIO);
  }

  // Tries again after a refusal: somebody changed the token or the choices.
  reopen() {
    if (this.state === "refused") this.open();
  }

  receive(message) {
    if (message.uid !== this.uid) return;
    if (message.message === "SERVER_READY") this.begin(message);
    else if (message.status === "ERROR") this.fail(message.code);
    else if (message.status === "WARNING") this.report("warning", { code: message.code });
    else if (message.status === "WAIT") this.wait(message.message);
    else if (message.segments) this.take(message.segments);
    else if (message.event === "acknowledged") this.acknowledge(message.audio_s);
    else if (message.event === "model") this.report("model", message);
    else if (message.event === "command") this.takeCommand(message);
  }

  begin(message) {
    if (!message.resumed) {
      if (this.token) this.epoch += 1;
      this.origin = this.done;
      this.lastUtterance = -1;
      this.commands = 0;
      this.report("silence", {});
    }
    const from = this.origin + (message.resumed ? message.received_samples : 0);
    this.token = message.resume_token ?? null;
    this.retries = 0;
    this.ready = true;
    this.report("ready", { model: message.model, version: message.model_version, session: message.session });
    this.become("open");
    for (let place = from; place < this.log.end; place += PIECE) {
      this.socket.send(this.log.slice(place, Math.min(place + PIECE, this.log.end)));
    }
    if (this.flushing) this.flush();
    this.flushing = false;
    if (this.ending) this.socket.send(END_OF_AUDIO);
  }

  take(segments) {
    for (const segment of segments.filter((each) => each.completed)) this.takeFinal(segment);
    const current = segments.find((each) => !each.completed);
    if (current) this.report("partial", { segment: current, at: this.position(current.start), until: this.position(current.end) });
    else this.report("silence", {});
  }

  takeFinal(segment) {
    const key = `${this.uid}-${this.epoch}-${segment.utterance}`;
    if (this.taken.has(key)) return;
    this.taken.add(key);
    this.lastUtterance = Math.max(this.lastUtterance, segment.utterance);
    this.reach(this.position(segment.end));
    this.report("final", { segment: { ...segment, key }, at: this.position(segment.start), until: this.position(segment.end) });
  }

  takeCommand(message) {
    this.commands += 1;
    this.report("command", message);
  }

  acknowledge(audioS) {
    this.reach(this.position(audioS));
    if (!this.keepAudio) this.log.forget(this.done);
  }

  reach(position) {
    this.done = Math.max(this.done, Math.min(position, this.log.end));
  }

  position(seconds) {
    return this.origin + Math.round(Number(seconds) * RATE_HZ);
  }

  fail(code) {
    if (!passes(code)) this.refusal = code;
    this.report("failed", { code });
  }

  wait(minutes) {
    this.delay = Math.max(1, minutes * 60) * 1000;
    this.report("failed", { code: "overloaded" });
  }

  // A normal end with a reason is the server's own, as of a session that lasted its longest: what it did not take is sent anew.
  async closed(code, reason, reached) {
    this.ready = false;
    if (!this.refusal) {
      if (this.ending && ((code === NORMAL && !reason) || code === POLICY)) return this.become("closed");
      if (this.ending && this.done >= this.log.end) return this.become("closed");
      if (!reached && this.retries > 0) await this.ask(); // A browser does not tell why a WebSocket was refused.
    }
    if (refusesAudio(this.refusal)) return this.become("closed");
    if (this.refusal) return this.become("refused");
    const pause = this.delay ?? Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.retries);
    this.delay = undefined;
    this.retries += 1;
    this.become("retry");
    this.timer = setTimeout(() => this.open(), pause * (0.8 + 0.4 * Math.random()));
  }

  async ask() {
    const code = await this.diagnose();
    if (code) this.fail(code);
  }

  become(state) {
    this.state = state;
    this.report("state", { state });
  }

  report(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
