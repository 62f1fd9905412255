// Shows the report and lets a sentence be corrected in place.

import { join } from "./report.js";

const VARIABLE = /\[[^\[\]\n]+\]/;

export class ReportView {
  constructor(root, report, onEdited) {
    this.root = root;
    this.report = report;
    this.onEdited = onEdited;
    this.formatted = true;
    this.french = true;
    this.editing = null;
    this.nodes = new Map();
    root.addEventListener("keydown", (event) => this.pressed(event));
    root.addEventListener("dblclick", ({ target }) => this.edit(target.closest(".final")));
    root.addEventListener("focusout", () => this.leave());
  }

  render() {
    if (this.editing) return; // A sentence under correction must not move; leaving it renders again.
    const focused = [...this.root.children].indexOf(document.activeElement);
    const parts = this.report.parts(this.formatted, this.french);
    const known = new Map([...this.nodes].map(([span, entry]) => [entry, span]));
    this.nodes = new Map();
    const spans = parts.map(([entry, piece]) => this.span(entry, piece, known.get(entry)));
    const [settled, tail] = this.report.partialParts(this.formatted);
    if (settled || tail) spans.push(this.partial(settled, tail, parts.some(([, piece]) => piece)));
    this.place(spans);
    if (focused >= 0) this.root.children[focused]?.focus();
    this.root.scrollTop = this.root.scrollHeight;
  }

  // Puts the spans into the report; one that stands in its place is not touched, so that nothing flickers.
  place(spans) {
    const kept = new Set(spans);
    for (const there of [...this.root.children]) if (!kept.has(there)) there.remove();
    spans.forEach((span, place) => {
      const there = this.root.children[place];
      if (there !== span) this.root.insertBefore(span, there ?? null);
    });
  }

  span(entry, piece, known) {
    const name = entry.edited === null ? "final" : "final edited";
    if (known?.textContent === piece && known.className === name && !known.hasAttribute("contenteditable")) {
      this.nodes.set(known, entry);
      return known;
    }
    const span = document.createElement("span");
    span.className = name;
    span.tabIndex = 0;
    span.textContent = piece;
    this.nodes.set(span, entry);
    return span;
  }

  // Shows the utterance in progress: one span for all of them, whose settled part is only added to.
  partial(settled, tail, follows) {
    this.inProgress ??= utteranceInProgress();
    const text = settled + tail;
    const joined = follows ? join("x", text, this.french).slice(1) : text;
    const end = settled ? joined.length - tail.length : 0;
    const [settledNode, tailNode] = [...this.inProgress.children].map((part) => part.firstChild);
    write(settledNode, joined.slice(0, end));
    write(tailNode, joined.slice(end));
    return this.inProgress;
  }

  edit(span) {
    const entry = this.nodes?.get(span);
    if (!entry || this.editing) return;
    span.textContent = this.report.shown(entry, this.formatted);
    span.setAttribute("contenteditable", "plaintext-only");
    span.setAttribute("role", "textbox");
    span.setAttribute("aria-label", "Correction de la phrase : Entrée pour valider, Échap pour renoncer");
    span.focus();
    this.editing = { span, entry };
  }

  // Puts the next variable of the auto-texts, [name], under the cursor; `step` -1 goes back.
  selectVariable(step = 1) {
    const spans = this.editing ? [this.editing.span] : [...this.root.querySelectorAll(".final")];
    const span = spans.find((each) => VARIABLE.test(this.report.shown(this.nodes.get(each), this.formatted)));
    if (!span) return false;
    const places = () => [...span.textContent.matchAll(new RegExp(VARIABLE, "g"))];
    const selection = getSelection();
    const from = this.editing && span.contains(selection.anchorNode) ? selection.anchorOffset : -1;
    this.edit(span);
    const found = step > 0 ? places().find(({ index }) => index > from) : places().findLast(({ index }) => index < from);
    const place = found ?? places().at(step > 0 ? 0 : -1);
    const range = document.createRange();
    range.setStart(span.firstChild, place.index);
    range.setEnd(span.firstChild, place.index + place[0].length);
    selection.removeAllRanges();
    selection.addRange(range);
    return true;
  }

  leave(keep = true) {
    if (!this.editing) return;
    const { span, entry } = this.editing;
    this.editing = null;
    const text = span.textContent;
    const before = this.report.shown(entry, this.formatted);
    if (keep && this.report.edit(entry, text, this.formatted)) this.onEdited(entry, before, text);
    this.render();
  }

  pressed(event) {
    if (this.editing) {
      if (event.key === "Escape") this.leave(false);
      else if (event.key === "Enter" && !event.shiftKey) this.leave();
      else return;
      event.preventDefault();
    } else if (event.key === "Enter" && event.target.classList.contains("final")) {
      event.preventDefault();
      this.edit(event.target);
    }
  }
}

function utteranceInProgress() {
  const span = document.createElement("span");
  span.className = "partial";
  span.setAttribute("aria-live", "off");
  for (const name of ["settled", "tail"]) {
    const part = document.createElement("span");
    part.className = name;
    part.append("");
    span.append(part);
  }
  return span;
}

// Changes only what differs: text that merely grew is added to.
function write(node, text) {
  if (text === node.data) return;
  if (text.startsWith(node.data)) node.appendData(text.slice(node.data.length));
  else node.data = text;
}
