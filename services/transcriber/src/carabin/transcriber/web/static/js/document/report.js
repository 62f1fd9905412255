// One report: its text, the sentences that were spoken into it, and where the next words go.

import { baseKeymap } from "../../vendor/prosemirror-commands.js";
import { closeHistory, history, redo, redoDepth, undo, undoDepth } from "../../vendor/prosemirror-history.js";
import { keymap } from "../../vendor/prosemirror-keymap.js";
import { EditorState, NodeSelection, TextSelection } from "../../vendor/prosemirror-state.js";
import { LOOKED_AT, fit } from "./join.js";
import { Partial, partialParts } from "./partial.js";
import { places, placesKey, wordsOf } from "./places.js";
import { insertLines, schema, spoken, textOf } from "./schema.js";
import { sentences } from "./sentences.js";
import { setTypography } from "./typography.js";
import { acceptDefaults, selectVariable, templateSlice, variables } from "./variables.js";

const UNDO_STEPS = 5000; // Some ten for each sentence of an hour.
const TYPING_PAUSE_MS = 500; // Letters typed faster than this are taken back together.

export class Report extends EventTarget {
  // Events: change, with the transaction; partial, when words in progress grew. `doc` is a document as toJSON() gives it.
  constructor({ french = true, doc = null, title = "", begun = new Date() } = {}) {
    super();
    this.french = french;
    this.title = title;
    this.begun = begun;
    this.units = new Map(); // id -> what was spoken; kept when it is erased, so that it can be taken back.
    this.partials = new Map(); // session -> Partial
    const plugins = [
      history({ depth: UNDO_STEPS, newGroupDelay: TYPING_PAUSE_MS }),
      keymap({ "Mod-z": undo, "Mod-y": redo, "Shift-Mod-z": redo, Tab: variableKey(1), "Shift-Tab": variableKey(-1) }),
      keymap(baseKeymap),
      places(),
    ];
    this.state = EditorState.create({ schema, plugins, doc: doc ? schema.nodeFromJSON(doc) : undefined });
  }

  get text() {
    return textOf(this.state.doc);
  }

  get isEmpty() {
    return this.state.doc.content.size <= 2; // One paragraph without content.
  }

  // Nothing was ever written here: one that was emptied gives its text back, which may be another patient's.
  get isUntouched() {
    return this.isEmpty && !this.units.size && !undoDepth(this.state) && !redoDepth(this.state);
  }

  dispatch = (transaction) => {
    const before = this.state;
    this.state = before.apply(transaction);
    this.dispatchEvent(new CustomEvent("change", { detail: { transaction, before } }));
  };

  // Makes a change that is taken back alone, whatever is typed right before or after it.
  step(transaction) {
    this.dispatch(closeHistory(transaction));
    this.dispatch(closeHistory(this.state.tr));
  }

  // Notes where the caret is from a sample of a session's recording on.
  noteCaret(session, time) {
    const { from, to } = this.state.selection;
    this.dispatch(this.state.tr.setMeta(placesKey, { caret: { session, time, from, to } }));
  }

  // Shows an utterance in progress where the caret was at sample `time`.
  showPartial(session, time, segment) {
    const place = this.begin(session, time);
    const [settled, tail] = partialParts(segment);
    const { inserted } = fit(this.before(place.from), settled + tail, "", this.french);
    const space = inserted.endsWith(settled + tail) ? inserted.slice(0, inserted.length - settled.length - tail.length) : "";
    this.partials.get(session).show(space, settled, tail);
    this.dispatchEvent(new Event("partial"));
  }

  begin(session, time) {
    if (!wordsOf(this.state, session)) {
      const partial = new Partial();
      this.partials.set(session, partial);
      this.dispatch(this.state.tr.setMeta(placesKey, { begin: { session, time, element: partial.element } }));
    }
    return wordsOf(this.state, session);
  }

  // Forgets where words of a session would go: no more will come.
  leave(session) {
    this.endPartial(session);
    this.dispatch(this.state.tr.setMeta(placesKey, { leave: session }));
  }

  // Takes the utterance in progress away: it turned out to hold no words, or its session is over.
  endPartial(session) {
    if (!wordsOf(this.state, session)) return;
    this.partials.delete(session);
    this.dispatch(this.state.tr.setMeta(placesKey, { end: session }));
  }

  // Writes an utterance that changes no more, sentence by sentence; returns the ids of its units.
  write(session, time, utterance) {
    const text = utterance.formatted ?? utterance.text.trim();
    if (!text) {
      this.endPartial(session);
      return [];
    }
    const { from, to } = this.begin(session, time);
    const { cut, inserted } = fit(this.before(from), text, this.after(to), this.french);
    const ids = sentences(inserted).map((sentence, index) => this.writeSentence(session, sentence, index ? 0 : cut, { ...utterance, index }));
    this.endPartial(session);
    return ids;
  }

  writeSentence(session, sentence, cut, utterance) {
    const id = `${utterance.key}-${utterance.index}`;
    this.units.set(id, { ...utterance, id, session, written: sentence });
    const { from, to } = wordsOf(this.state, session);
    const transaction = this.state.tr.setMeta(placesKey, { inserted: session });
    insertLines(transaction, from - cut, to, sentence, [spoken(id)]);
    this.step(transaction);
    return id;
  }

  // Inserts an auto-text where the caret is, and selects its first variable.
  insertTemplate(template) {
    const { from } = this.state.selection;
    const transaction = this.state.tr;
    transaction.replaceSelection(templateSlice(template));
    if (fit(this.before(from), template.slice(0, 1), "", this.french).inserted.startsWith(" ")) transaction.insertText(" ", from);
    const end = transaction.selection.from;
    const first = variables(transaction.doc).find((place) => place >= from && place < end);
    if (first !== undefined) transaction.setSelection(NodeSelection.create(transaction.doc, first));
    this.step(transaction.scrollIntoView());
  }

  selectVariable(step = 1) {
    const transaction = selectVariable(this.state, step);
    if (transaction) this.dispatch(transaction);
    return transaction !== null;
  }

  acceptDefaults() {
    this.step(acceptDefaults(this.state));
  }

  // Takes away the sentence that was spoken last and is still there (« efface ça »).
  eraseLast() {
    const id = [...this.units.keys()].findLast((each) => this.rangeOf(each));
    if (id) this.step(eraseRange(this.state.tr, this.rangeOf(id)));
  }

  // Selects the sentence that was spoken last, so that the next words replace it (« corrige ça »).
  selectLast() {
    const id = [...this.units.keys()].findLast((each) => this.rangeOf(each));
    if (!id) return;
    const { from, to } = this.rangeOf(id);
    const start = this.state.doc.textBetween(from, from + 1) === " " ? from + 1 : from;
    this.dispatch(this.state.tr.setSelection(TextSelection.create(this.state.doc, start, to)).scrollIntoView());
  }

  undo() {
    return undo(this.state, this.dispatch);
  }

  redo() {
    return redo(this.state, this.dispatch);
  }

  // Erases everything, as one step that can be taken back.
  clear() {
    this.step(this.state.tr.delete(0, this.state.doc.content.size));
  }

  setTypography(french) {
    if (french === this.french) return;
    this.french = french;
    const transaction = setTypography(this.state, french);
    if (transaction.docChanged) this.step(transaction);
  }

  // Returns where a unit stands, or null when it was erased.
  rangeOf(id) {
    let range = null;
    this.state.doc.descendants((node, place) => {
      if (!node.isText || !node.marks.some((mark) => mark.attrs.id === id)) return;
      range = { from: range?.from ?? place, to: place + node.nodeSize };
    });
    return range;
  }

  // Returns the unit at the caret, or null.
  unitAt(place = this.state.selection.from) {
    const { nodeBefore, nodeAfter } = this.state.doc.resolve(place);
    const id = [nodeBefore, nodeAfter].flatMap((node) => node?.marks ?? []).map((mark) => mark.attrs.id)[0];
    return this.units.get(id) ?? null;
  }

  // Returns the text of the same paragraph before a place, and behind it: as much as can matter there.
  before(place) {
    const at = this.state.doc.resolve(place);
    return at.parent.textBetween(Math.max(0, at.parentOffset - LOOKED_AT), at.parentOffset);
  }

  after(place) {
    const at = this.state.doc.resolve(place);
    return at.parent.textBetween(at.parentOffset, Math.min(at.parent.content.size, at.parentOffset + LOOKED_AT));
  }
}

function eraseRange(transaction, { from, to }) {
  transaction.delete(from, to);
  const at = transaction.doc.resolve(from);
  if (at.parentOffset === 0 && at.nodeAfter?.text?.startsWith(" ")) transaction.delete(from, from + 1);
  return transaction;
}

// The Tab key goes from variable to variable, and out of the report where there is none.
function variableKey(step) {
  return (state, dispatch) => {
    const transaction = selectVariable(state, step);
    if (!transaction) return false;
    dispatch(transaction);
    return true;
  };
}
