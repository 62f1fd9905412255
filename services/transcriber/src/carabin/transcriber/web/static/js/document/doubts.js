// Marks the words that the model was unsure of, and those that the hospital's lexicon put in, where the speaker asked for it.

import { Decoration, DecorationSet } from "../../vendor/prosemirror-view.js";

const DOUBTFUL = 0.5; // Below this probability a word of Whisper's is about as often wrong as right.
const WORD = /[\p{L}\p{N}][\p{L}\p{N}'’-]*/gu;
const REACH = 8; // Words that the formatter may have turned into signs or digits between two that it left.

export class Doubts {
  constructor() {
    this.known = new WeakMap(); // A document never changes: its marks are found once.
  }

  decorations({ doc }, report) {
    if (!this.known.has(doc)) this.known.set(doc, DecorationSet.create(doc, marksOf(doc, report)));
    return this.known.get(doc);
  }
}

function marksOf(doc, report) {
  const next = new Map(); // key of an utterance -> the first of its words that is not found yet
  const found = [];
  doc.descendants((node, place) => {
    const unit = report.units.get(node.marks[0]?.attrs.id);
    if (!node.isText || !unit) return;
    found.push(...fromLexicon(node.text, place, unit.lexicon ?? []));
    if (!unit.words) return;
    for (const match of node.text.matchAll(WORD)) {
      const from = next.get(unit.key) ?? 0;
      const index = unit.words.slice(from, from + REACH).findIndex(({ word }) => folded(word) === folded(match[0]));
      if (index < 0) continue;
      next.set(unit.key, from + index + 1);
      const kind = kindOf(unit.words[from + index]);
      if (kind) found.push(Decoration.inline(place + match.index, place + match.index + match[0].length, kind));
    }
  });
  return found;
}

function fromLexicon(text, place, entries) {
  const lower = text.toLowerCase();
  return entries.flatMap((entry) => {
    const at = lower.indexOf(entry.toLowerCase());
    return at < 0 ? [] : [Decoration.inline(place + at, place + at + entry.length, { class: "from-lexicon", title: "Mot du lexique" })];
  });
}

function kindOf({ probability }) {
  return probability < DOUBTFUL ? { class: "doubtful", title: "Mot peu sûr" } : null;
}

const folded = (word) => word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
