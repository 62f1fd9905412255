// Brings speech into reports: each report, and each choice of vocabulary, has sessions of its own.

import { RATE_HZ } from "../audio/resample.js";
import { caretOf, placesKey } from "../document/places.js";

export class Dictation extends EventTarget {
  // `connect` returns a new Connection. Events: state, ready, model, command, warning, failed, written.
  constructor(connect) {
    super();
    this.connect = connect;
    this.report = null;
    this.current = null; // The session that audio goes to: { order, connection, report }.
    this.sessions = new Set(); // That one, and those whose last words are awaited.
    this.orders = 0;
    this.idleMs = Infinity;
  }

  // Lets the next words go into this report; what was said before goes where it belongs.
  use(report) {
    this.end();
    this.report = report;
    report.addEventListener("change", ({ detail }) => this.followCaret(report, detail.transaction));
  }

  get connection() {
    return this.current?.connection ?? null;
  }

  // The first sound opens a session: nothing that is said before it is ready is lost.
  hear(pcm) {
    clearTimeout(this.idle);
    this.current ??= this.begin();
    this.connection.send(pcm);
  }

  begin() {
    const session = { order: ++this.orders, connection: this.connect(), report: this.report, identifier: null, until: 0 };
    const { connection, report, order } = session;
    this.sessions.add(session);
    report.noteCaret(order, 0);
    const on = (name, act) => connection.addEventListener(name, ({ detail }) => act(detail));
    on("state", ({ state }) => this.stateChanged(session, state));
    on("ready", (detail) => {
      session.identifier = detail.session;
      this.tell("ready", detail);
    });
    for (const name of ["model", "warning", "failed"]) on(name, (detail) => this.tell(name, detail));
    on("partial", ({ segment, at, until }) => {
      session.until = until;
      report.showPartial(order, at, segment);
    });
    on("silence", () => report.endPartial(order));
    on("final", ({ segment, at, until }) => this.write(session, segment, at, until));
    on("command", (detail) => this.tell("command", { ...detail, session, at: session.until }));
    connection.open();
    return session;
  }

  write(session, segment, at, until) {
    session.until = until;
    const { connection, report, order } = session;
    const words = { ...segment, dictation: session.identifier, audio: { connection, from: at, to: until } };
    const ids = report.write(order, at, words);
    this.tell("written", { report, ids, text: segment.formatted ?? segment.text });
  }

  stateChanged(session, state) {
    if (state === "closed") {
      this.sessions.delete(session);
      if (session === this.current) this.current = null;
      session.report.leave(session.order);
    }
    this.tell("state", {});
  }

  // The speaker paused: what was said becomes final, and a long pause ends the session.
  pause() {
    if (!this.current) return;
    this.connection.flush();
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.end(), this.idleMs);
  }

  // Ends the session; its last words still come.
  end() {
    clearTimeout(this.idle);
    this.connection?.finish();
    this.current = null;
    this.tell("state", {});
  }

  // Says whether words may still come into a report.
  isWriting(report) {
    return [...this.sessions].some((session) => session.report === report);
  }

  // Somebody changed what a session was refused for.
  retry() {
    for (const { connection } of this.sessions) connection.reopen();
  }

  // Returns the state to show: that of the session in use, else of one whose last words are awaited.
  get state() {
    if (this.connection) return this.connection.state;
    const waiting = [...this.sessions].map(({ connection }) => connection.state).filter((state) => state !== "closed");
    return waiting.find((state) => state !== "open") ?? waiting[0] ?? "closed";
  }

  // Seconds of speech that the service has not written yet.
  get keptS() {
    return [...this.sessions].reduce((sum, { connection }) => sum + connection.pending, 0) / RATE_HZ;
  }

  // The caret moved: words that are said from now on go there.
  followCaret(report, transaction) {
    if (report !== this.current?.report || transaction.getMeta(placesKey)) return;
    const { order, connection } = this.current;
    const { from, to } = report.state.selection;
    const caret = caretOf(report.state, order);
    if (caret.from !== from || caret.to !== to) report.noteCaret(order, connection.log.end);
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
