// The report that is shown, and what the page's buttons do with it.

import { Doubts } from "../document/doubts.js";
import { Editor } from "../document/editor.js";
import { $ } from "./dom.js";
import { confirmed } from "./status.js";

const ERASING = "Le texte de ce compte rendu est effacé ; « Annuler » le rend tant que la page est ouverte.";

export class Writing {
  // `french` returns whether French typography is chosen.
  constructor(reports, french) {
    this.reports = reports;
    this.french = french;
    this.editor = new Editor($("report"), $("sheet"), $("speech-mark"));
    reports.addEventListener("added", ({ detail: { report } }) => report.addEventListener("change", () => report === reports.current && this.showText()));
    $("undo").onclick = () => this.undo();
    $("redo").onclick = () => this.redo();
    $("new").onclick = () => this.begin();
    $("clear").onclick = () => this.clear();
    reports.addEventListener("chosen", () => this.editor.focus());
  }

  show(report) {
    this.editor.session = null;
    this.editor.away = false;
    this.editor.show(report);
    this.showTitle(report);
    report.setTypography(this.french());
    this.showText();
  }

  // Each report has a field of its own: a browser's undo in one that is shared would bring back the title of another patient.
  showTitle(report) {
    const field = $("title").cloneNode();
    field.value = report.title;
    field.oninput = () => this.name(report, field.value);
    $("title").replaceWith(field);
  }

  // Shows what depends on the text and on where the caret is.
  showText() {
    const report = this.reports.current;
    const unit = report.unitAt();
    $("empty").hidden = !report.isEmpty || report.partials.size > 0;
    $("raw").hidden = !$("show-raw").checked;
    $("raw-text").textContent = unit ? unit.text.trim() : "Placez le curseur dans une phrase dictée.";
    $("print-title").textContent = report.title;
  }

  // Shows where the next words of the session in use go, while somebody records.
  follow(session, recording) {
    this.editor.recording = recording;
    this.editor.session = session?.report === this.reports.current ? session.order : null;
    if (this.editor.view) this.editor.place();
  }

  // A selection is seen only where the focus is; whoever writes in another field keeps it there.
  showSelection(report) {
    if (report === this.reports.current && !document.activeElement.closest("input, select, dialog")) this.editor.focus();
  }

  markDoubts() {
    this.editor.doubts = $("show-doubts").checked ? new Doubts() : null;
    this.editor.view.updateState(this.reports.current.state);
  }

  begin() {
    this.reports.begin();
    this.editor.focus();
  }

  async clear() {
    if (this.reports.current.isEmpty || !(await confirmed("Tout effacer ?", ERASING, "Effacer"))) return;
    this.reports.current.clear();
    this.editor.focus();
  }

  name(report, title) {
    report.title = title;
    this.reports.draw();
    this.showText();
  }

  undo() {
    this.reports.current.undo();
  }

  redo() {
    this.reports.current.redo();
  }

  select(step) {
    if (this.reports.current.selectVariable(step)) this.editor.focus();
  }

  insert(template, report = this.reports.current) {
    report.insertTemplate(template);
    if (report === this.reports.current) this.editor.focus();
  }
}
