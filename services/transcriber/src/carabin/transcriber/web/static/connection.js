// The WhisperLive protocol with our additions: it sends audio, tells what comes back, and comes back itself when it is cut.

import { AudioLog } from "./audiolog.js";
import { RATE_HZ } from "./resample.js";

const END_OF_AUDIO = "END_OF_AUDIO";
const PIECE = 8 * RATE_HZ; // Samples of one message when audio is sent again: 256 KiB, under every server's limit.
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 5000;
const NORMAL = 1000;

const PASSING = new Set(["not_ready", "draining", "overloaded", "identity_limit", "session_failed", "internal"]);
const REASONS = {
  not_ready: "Le modèle n'est pas encore chargé ; la dictée commence dès qu'il l'est, rien n'est perdu.",
  draining: "Le service redémarre ; la dictée continue dès qu'il répond.",
  identity_limit: "Trop de dictées sont ouvertes à ce nom : terminez-en une.",
  unauthenticated: "Le service demande un jeton d'accès : saisissez-le dans les réglages.",
  token_expired: "Le jeton d'accès a expiré : saisissez-en un nouveau.",
  forbidden: "Ce jeton ne permet pas de dicter.",
};

export class Connection extends EventTarget {
  // `hello` returns the client's choices. Events: state, segments, command, model, ready, failed.
  constructor(url, hello) {
    super();
    this.url = url;
    this.hello = hello;
    this.log = new AudioLog();
    this.uid = crypto.randomUUID();
    this.keepAudio = false;
    this.epoch = 0; // Counts server sessions: their utterances are numbered anew.
    this.origin = 0; // Position in the log of the server session's first sample.
    this.heard = 0; // Position before which everything is in a final or was silence.
    this.lastUtterance = -1;
    this.token = null;
    this.retries = 0;
    this.ready = false;
    this.ending = false;
    this.flushing = false;
    this.fatal = false;
  }

  open() {
    this.tell("state", { state: this.retries ? "retry" : "opening" });
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send(JSON.stringify(this.greeting()));
    socket.onmessage = ({ data }) => socket === this.socket && this.receive(JSON.parse(data));
    socket.onclose = ({ code, reason }) => socket === this.socket && this.closed(code, reason);
    this.socket = socket;
  }

  greeting() {
    const resuming = this.token ? { resume_token: this.token, resume_after: this.lastUtterance } : {};
    return {
      uid: this.uid, language: "fr", task: "transcribe", model: null, use_vad: true, audio_format: "int16",
      send_last_n_segments: 10, events: true, resume: true, ...this.hello(), ...resuming,
    };
  }

  send(pcm) {
    this.log.append(pcm);
    if (this.ready) this.socket.send(pcm);
  }

  // Asks for everything said so far as finals.
  flush() {
    if (this.ready) this.socket.send(JSON.stringify({ event: "flush" }));
    else this.flushing = true;
  }

  // Ends the dictation; the server sends the last finals and closes.
  finish() {
    this.ending = true;
    if (this.ready) this.socket.send(END_OF_AUDIO);
  }

  receive(message) {
    if (message.uid !== this.uid) return;
    if (message.message === "SERVER_READY") this.begin(message);
    else if (message.status === "ERROR") this.fail(message);
    else if (message.status === "WAIT") this.wait(message.message);
    else if (message.segments) this.take(message.segments);
    else if (message.event === "acknowledged") this.acknowledge(message.audio_s);
    else if (message.event === "model") this.tell("model", message);
    else if (message.event === "command") this.tell("command", message);
  }

  begin(message) {
    if (!message.resumed) {
      if (this.token) this.epoch += 1;
      this.origin = this.heard;
      this.lastUtterance = -1;
    }
    const from = this.origin + (message.resumed ? message.received_samples : 0);
    this.token = message.resume_token ?? null;
    this.retries = 0;
    this.ready = true;
    this.tell("ready", { model: message.model, version: message.model_version, session: message.session });
    this.tell("state", { state: "open" });
    for (let place = from; place < this.log.end; place += PIECE) {
      this.socket.send(this.log.slice(place, Math.min(place + PIECE, this.log.end)));
    }
    if (this.flushing) this.flush();
    this.flushing = false;
    if (this.ending) this.socket.send(END_OF_AUDIO);
  }

  take(segments) {
    for (const segment of segments.filter((each) => each.completed)) {
      this.lastUtterance = Math.max(this.lastUtterance, segment.utterance);
      this.reach(this.position(segment.end));
    }
    this.tell("segments", { segments, epoch: this.epoch });
  }

  acknowledge(audioS) {
    this.reach(this.position(audioS));
    if (!this.keepAudio) this.log.forget(this.heard);
  }

  reach(position) {
    this.heard = Math.max(this.heard, Math.min(position, this.log.end));
  }

  position(seconds) {
    return this.origin + Math.round(Number(seconds) * RATE_HZ);
  }

  // What passes by itself is tried again, with the audio kept; anything else needs somebody to change something.
  fail({ message, code }) {
    this.fatal = !PASSING.has(code);
    this.tell("failed", { message: REASONS[code] ?? message, code });
  }

  wait(minutes) {
    this.delay = Math.max(1, minutes * 60) * 1000;
    this.tell("failed", { message: "Le service est complet pour l'instant ; la dictée continue dès qu'une place se libère." });
  }

  closed(code, reason) {
    this.ready = false;
    if (this.fatal) return this.over();
    if (this.ending && (code === NORMAL || code === 1008)) return this.over();
    if (this.ending && this.heard >= this.log.end) return this.over();
    const pause = this.delay ?? Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.retries);
    this.delay = undefined;
    this.retries += 1;
    this.tell("state", { state: "retry", reason });
    this.timer = setTimeout(() => this.open(), pause * (0.8 + 0.4 * Math.random()));
  }

  over() {
    this.tell("state", { state: "closed" });
  }

  // Forgets the server's session at once.
  abandon() {
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    this.ready = false;
    socket?.close(NORMAL);
    this.over();
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
