// The reports of this tab's day: in memory, and in the tab's own store where the site allows drafts.

import { Report } from "../document/report.js";
import { $, element } from "./dom.js";

const KEY = "carabin.drafts";

export class Reports extends EventTarget {
  // `isFree` says that no words are on their way into a report. Events: added, shown and chosen (from the
  // list), with the report.
  constructor(french, isFree) {
    super();
    this.french = french;
    this.isFree = isFree;
    this.all = [];
    this.current = null;
    this.keeping = false;
  }

  // Begins a report; one that stands there untouched is taken instead.
  begin(title = "") {
    const report = this.all.find((each) => this.isUnused(each)) ?? this.add(new Report({ french: this.french() }));
    report.title = title;
    this.show(report);
  }

  isUnused(report) {
    return report.isUntouched && !report.title && this.isFree(report);
  }

  add(report) {
    report.unsaved = false;
    report.addEventListener("change", ({ detail }) => {
      if (detail.transaction.docChanged) report.unsaved = true;
    });
    this.all.push(report);
    this.dispatchEvent(new CustomEvent("added", { detail: { report } }));
    return report;
  }

  show(report) {
    this.current = report;
    this.draw();
    this.dispatchEvent(new CustomEvent("shown", { detail: { report } }));
  }

  get unsaved() {
    return this.all.some((report) => report.unsaved && !report.isEmpty);
  }

  draw() {
    const several = this.all.length > 1;
    $("reports-button").hidden = !several;
    $("reports-count").textContent = `${this.all.length} comptes rendus`;
    if (!several) $("reports").hidden = true;
    $("reports-list").replaceChildren(...this.all.map((report) => this.item(report)));
  }

  item(report) {
    const button = element("button", "", { type: "button" });
    const time = report.begun.toLocaleTimeString("fr", { hour: "2-digit", minute: "2-digit" });
    button.append(element("span", report.title || report.text.slice(0, 60) || "Sans titre"), element("span", time, { class: "time" }));
    if (report === this.current) button.setAttribute("aria-current", "true");
    button.onclick = () => {
      this.show(report);
      this.dispatchEvent(new CustomEvent("chosen", { detail: { report } }));
    };
    const item = element("li");
    item.append(button);
    return item;
  }

  // Takes up the drafts of this tab, and keeps them from now on.
  keepDrafts() {
    this.keeping = true;
    const drafts = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    if (!drafts.length) return;
    const empty = this.all.filter((report) => this.isUnused(report)); // The one that the page began with.
    for (const { title, begun, doc, french } of drafts) {
      this.add(new Report({ title, doc, french, begun: new Date(begun) })).unsaved = true;
    }
    const shown = this.all[this.all.length - drafts.length + Math.max(0, drafts.findIndex(({ current }) => current))];
    this.all = this.all.filter((report) => !empty.includes(report));
    this.show(empty.includes(this.current) ? shown : this.current);
  }

  save() {
    if (!this.keeping) return;
    const drafts = this.all.filter((report) => !report.isEmpty || report.title);
    const written = drafts.map((report) => {
      const { title, begun, state, french } = report;
      return { title, begun, doc: state.doc.toJSON(), french, current: report === this.current };
    });
    sessionStorage.setItem(KEY, JSON.stringify(written));
  }
}
