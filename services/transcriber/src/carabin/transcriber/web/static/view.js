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
    root.addEventListener("keydown", (event) => this.pressed(event));
    root.addEventListener("dblclick", ({ target }) => this.edit(target.closest(".final")));
    root.addEventListener("focusout", () => this.leave());
  }

  render() {
    if (this.editing) return; // A sentence under correction must not move; leaving it renders again.
    const focused = [...this.root.children].indexOf(document.activeElement);
    const parts = this.report.parts(this.formatted, this.french);
    this.nodes = new Map();
    const spans = parts.map(([entry, piece]) => this.span(entry, piece));
    const partial = this.report.partialText(this.formatted);
    if (partial) spans.push(this.partial(partial, parts.map(([, piece]) => piece).join("")));
    this.root.replaceChildren(...spans);
    if (focused >= 0) this.root.children[focused]?.focus();
    this.root.scrollTop = this.root.scrollHeight;
  }

  span(entry, piece) {
    const span = document.createElement("span");
    span.className = entry.edited === null ? "final" : "final edited";
    span.tabIndex = 0;
    span.textContent = piece;
    this.nodes.set(span, entry);
    return span;
  }

  partial(text, before) {
    const span = document.createElement("span");
    span.className = "partial";
    span.setAttribute("aria-live", "off");
    span.textContent = join(before && "x", text, this.french).slice(before ? 1 : 0);
    return span;
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
