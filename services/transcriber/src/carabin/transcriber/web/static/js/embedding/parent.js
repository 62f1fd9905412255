// The page inside a record system's own page: it begins a report when told, and gives it back when the speaker says so.

export class ParentPage extends EventTarget {
  // `allowed` are origins; messages of any other are ignored. Events: start, with what the parent asked for.
  constructor(allowed) {
    super();
    this.allowed = allowed;
    this.origin = null; // Known once the parent has spoken: a report goes to that origin alone.
    if (window.parent !== window && allowed.length) window.addEventListener("message", (event) => this.take(event));
  }

  take({ source, origin, data }) {
    if (source !== window.parent || !this.allowed.includes(origin) || data?.type !== "carabin.start") return;
    this.origin = origin;
    const text = (value) => (typeof value === "string" ? value : "");
    const wanted = { specialty: text(data.specialty), vocabulary: text(data.vocabulary), title: text(data.title) };
    this.dispatchEvent(new CustomEvent("start", { detail: wanted }));
    window.parent.postMessage({ type: "carabin.ready" }, origin);
  }

  give(report) {
    window.parent.postMessage({ type: "carabin.report", ...report }, this.origin);
  }
}
