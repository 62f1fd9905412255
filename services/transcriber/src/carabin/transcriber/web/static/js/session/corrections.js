// What a clinician corrects of what was written, sent where the site keeps corrections and the clinician agreed.

import { placesKey } from "../document/places.js";
import { schema } from "../document/schema.js";

export class Corrections {
  // `agreed` returns whether the speaker agreed, `send` takes one correction.
  constructor(agreed, send) {
    this.agreed = agreed;
    this.send = send;
    this.touched = new Map(); // id -> report, of units that were changed by hand and that the caret has not left.
  }

  watch(report) {
    report.addEventListener("change", ({ detail }) => this.changed(report, detail));
  }

  changed(report, { transaction }) {
    if (!this.agreed()) return;
    if (transaction.docChanged && !transaction.getMeta(placesKey)) this.note(report, transaction);
    const here = report.unitAt()?.id;
    for (const [id, owner] of [...this.touched]) if (owner === report && id !== here) this.leave(id);
  }

  // Notes which units were changed; what a draft brought along after a reload is known no more.
  note(report, transaction) {
    transaction.mapping.maps.forEach((map, index) => {
      const doc = transaction.docs[index];
      map.forEach((from, to) => {
        doc.nodesBetween(Math.max(0, from - 1), Math.min(to + 1, doc.content.size), ({ marks }) => {
          for (const { attrs } of marks) if (report.units.has(attrs.id)) this.touched.set(attrs.id, report);
        });
      });
    });
  }

  // The focus left the report that is shown, or another one is shown.
  leaveAll() {
    for (const id of [...this.touched.keys()]) this.leave(id);
  }

  leave(id) {
    const report = this.touched.get(id);
    this.touched.delete(id);
    const unit = report.units.get(id);
    const corrected = utteranceText(report, unit);
    if (!corrected || corrected === unit.sent || corrected === unit.formatted?.trim()) return;
    unit.sent = corrected;
    const { connection, from, to } = unit.audio;
    const audio = connection.keepAudio ? base64(connection.log.slice(from, to)) : undefined;
    this.send({
      session: unit.dictation, utterance: unit.utterance, model_version: unit.model_version, consent: true,
      raw: unit.text, formatted: unit.formatted ?? unit.text, corrected, audio_int16: audio,
    });
  }
}

// Returns what stands now for all sentences of the utterance of a unit.
function utteranceText(report, { key }) {
  let text = "";
  report.state.doc.descendants((node) => {
    if (node.isText && node.marks.some(({ type, attrs }) => type === schema.marks.spoken && attrs.id.startsWith(`${key}-`))) text += node.text;
  });
  return text.trim();
}

function base64(pcm) {
  let text = "";
  for (const byte of new Uint8Array(pcm.buffer)) text += String.fromCharCode(byte);
  return btoa(text);
}
