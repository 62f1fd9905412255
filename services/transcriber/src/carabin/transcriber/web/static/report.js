// The report: finals in order, edits and insertions among them, one partial at the end, and a way back.

const SIGNS = ",.;:?!…";
const SPACED = { ":": "\u00a0", ";": "\u202f", "?": "\u202f", "!": "\u202f", "»": "\u202f" };

// Joins two utterances as formatting/join.py does: a sign spoken first replaces the one before it.
export function join(before, text, french = true) {
  if (!before || !text) return before + text;
  if (SIGNS.includes(text[0]) || text[0] === "\n") {
    const loose = text[0] === "\n" ? /[,;:]+$/ : /[,.;:?!…\u00a0\u202f]+$/;
    before = before.replace(loose, "") || before;
  }
  if (",.…)/\n".includes(text[0]) || "(\n".includes(before.at(-1))) return before + text;
  if (text[0] in SPACED) return before + (french ? SPACED[text[0]] : " ") + text;
  return before + " " + text;
}

export class Report {
  constructor() {
    this.entries = [];
    this.partial = null;
    this.done = []; // What undo takes back, newest last.
  }

  // Takes the server's segments; returns the entries that are new.
  take(segments, epoch) {
    const fresh = [];
    this.partial = null;
    for (const segment of segments) {
      if (!segment.completed) {
        this.partial = segment;
      } else if (!this.entries.some((entry) => entry.epoch === epoch && entry.utterance === segment.utterance)) {
        const entry = { ...segment, epoch, edited: null, removed: false };
        this.entries.push(entry);
        // An utterance that was a command alone adds nothing that could be taken back.
        if (this.shown(entry, true)) this.added(entry);
        fresh.push(entry);
      }
    }
    return fresh;
  }

  insert(text) {
    const entry = { inserted: true, text, formatted: text, edited: null, removed: false };
    this.entries.push(entry);
    this.added(entry);
  }

  added(entry) {
    this.done.push({ undo: () => (entry.removed = true), redo: () => (entry.removed = false) });
  }

  // Replaces what an entry shows; returns whether anything changed.
  edit(entry, text, formatted) {
    const before = entry.edited;
    if (text === this.shown(entry, formatted)) return false;
    entry.edited = text;
    this.done.push({ undo: () => (entry.edited = before), redo: () => (entry.edited = text) });
    return true;
  }

  // Takes the last utterance that shows anything away (« efface ça »).
  removeLast() {
    const entry = this.visible().filter((each) => this.shown(each, true)).at(-1);
    if (!entry) return;
    entry.removed = true;
    this.done.push({ undo: () => (entry.removed = false), redo: () => (entry.removed = true) });
  }

  undo() {
    const step = this.done.pop();
    step?.undo();
    this.undone = step;
  }

  redo() {
    if (!this.undone) return;
    this.undone.redo();
    this.done.push(this.undone);
    this.undone = null;
  }

  visible() {
    return this.entries.filter((entry) => !entry.removed);
  }

  shown(entry, formatted) {
    if (entry.edited !== null) return entry.edited;
    return formatted ? (entry.formatted ?? entry.text.trim()) : entry.text.trim();
  }

  // Returns [entry, what it adds to the text], so that joined they are text().
  parts(formatted, french) {
    let text = "";
    const parts = [];
    for (const entry of this.visible()) {
      const joined = join(text, this.shown(entry, formatted), french && formatted);
      const kept = common(text, joined);
      if (kept < text.length && parts.length) parts.at(-1)[1] = parts.at(-1)[1].slice(0, kept - text.length);
      parts.push([entry, joined.slice(kept)]);
      text = joined;
    }
    return parts;
  }

  text(formatted, french) {
    return this.parts(formatted, french).map(([, piece]) => piece).join("");
  }

  // Returns what of the utterance in progress stays as it is until the final, and what may still change.
  partialParts(formatted) {
    if (!this.partial) return ["", ""];
    const { text, stable, formatted: written, formatted_settled: settled } = this.partial;
    const asWritten = formatted && written != null;
    const shown = asWritten ? written : text.trim();
    const kept = asWritten ? first(written, settled) : first(text, stable).trim();
    return [kept, shown.slice(kept.length)];
  }

  clear() {
    this.entries = [];
    this.partial = null;
    this.done = [];
    this.undone = null;
  }
}

// Returns so many characters as the server counts them: JavaScript counts some of them twice.
function first(text, characters = 0) {
  return [...text].slice(0, characters).join("");
}

function common(one, other) {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return length;
}
