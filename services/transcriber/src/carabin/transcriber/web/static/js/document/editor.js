// Shows one report at a time and lets it be written in; the place where words appear stays in view.

import { EditorView } from "../../vendor/prosemirror-view.js";
import { caretOf, wordsIn, wordsOf } from "./places.js";
import { plainSlice, rich } from "./exchange.js";

const ATTRIBUTES = {
  role: "textbox", tabindex: "0", "aria-multiline": "true", "aria-label": "Texte du compte rendu", lang: "fr",
  spellcheck: "false", autocorrect: "off", autocapitalize: "off", writingsuggestions: "false",
};
const MARGIN_PX = 24; // What stays free below the newest words.

export class Editor {
  constructor(element, scroller, mark) {
    this.scroller = scroller;
    this.mark = mark; // A thin line where the next words go.
    this.session = null; // The one whose words go into the report that is shown.
    this.recording = false;
    this.changed = () => this.update();
    this.grew = () => this.follow();
    this.doubts = null;
    this.element = element;
    this.away = false; // The reader scrolled to where the newest words are not.
    const resized = new ResizeObserver(() => this.view && (this.align(), this.follow(), this.place()));
    for (const sized of [scroller, element]) resized.observe(sized);
    scroller.addEventListener("scroll", () => (this.away = Math.abs(this.hidden()) > MARGIN_PX));
  }

  show(report) {
    this.report?.removeEventListener("change", this.changed);
    this.report?.removeEventListener("partial", this.grew);
    this.report = report;
    report.addEventListener("change", this.changed);
    report.addEventListener("partial", this.grew);
    if (this.view) this.view.updateState(report.state);
    else this.open();
    this.place();
  }

  open() {
    this.view = new EditorView({ mount: this.element }, {
      state: this.report.state,
      attributes: ATTRIBUTES,
      dispatchTransaction: (transaction) => this.report.dispatch(transaction),
      decorations: (state) => this.doubts?.decorations(state, this.report) ?? null,
      handleDOMEvents: { keydown: readCaret, copy: clip, cut: clip, paste: insertText, drop: insertText, dragstart: refuse },
    });
  }

  update() {
    this.view.updateState(this.report.state);
    this.align();
    this.follow();
    this.place();
  }

  // Lets words that stand behind a long paragraph begin where its last line ends.
  align() {
    for (const { element, to } of wordsIn(this.report.state)) {
      const behind = element.parentElement === this.element;
      element.classList.toggle("behind", behind);
      element.style.textIndent = behind ? `${this.view.coordsAtPos(to, -1).right - element.getBoundingClientRect().left}px` : "";
    }
  }

  follow() {
    if (this.session !== null && !this.away) this.scroller.scrollTop += this.hidden();
  }

  // Returns by how many pixels the newest words are below the visible part; negative above it, 0 where they are seen.
  hidden() {
    const seen = this.scroller.getBoundingClientRect();
    const { top, bottom } = this.words()?.getBoundingClientRect() ?? this.view.coordsAtPos(this.caret().to);
    if (bottom + MARGIN_PX > seen.bottom) return bottom + MARGIN_PX - seen.bottom;
    return Math.min(0, Math.max(top, bottom - seen.height + MARGIN_PX) - seen.top);
  }

  words() {
    return this.session === null ? null : (wordsOf(this.report.state, this.session)?.element ?? null);
  }

  caret() {
    return caretOf(this.report.state, this.session) ?? this.report.state.selection;
  }

  // Puts the thin line where the next words go.
  place() {
    const place = this.caret();
    this.mark.hidden = !this.recording || this.words() !== null || place.from !== place.to;
    if (this.mark.hidden) return;
    const { left, top, bottom } = this.view.coordsAtPos(place.to);
    const frame = this.mark.parentElement.getBoundingClientRect();
    this.mark.style.left = `${left - frame.left}px`;
    this.mark.style.top = `${top - frame.top}px`;
    this.mark.style.height = `${bottom - top}px`;
  }

  focus() {
    this.view.focus();
  }
}

// A browser reports a moved caret some time after the key or the click that moved it. A key that writes before that would
// write where the caret was, over a variable that was chosen there: so the caret is read before each key.
function readCaret() {
  document.dispatchEvent(new Event("selectionchange"));
  return false;
}

// Copies as plain and as rich text; what was spoken leaves no trace in it.
function clip(view, event) {
  const { selection } = view.state;
  if (selection.empty || !event.clipboardData) return false;
  const part = selection.content().content;
  event.preventDefault();
  event.clipboardData.setData("text/plain", part.textBetween(0, part.size, "\n"));
  event.clipboardData.setData("text/html", rich(part.textBetween(0, part.size, "\n")));
  if (event.type === "cut") view.dispatch(view.state.tr.deleteSelection().scrollIntoView());
  return true;
}

// Takes text alone from elsewhere: no fonts, no colours, no foreign markup.
function insertText(view, event) {
  const data = event.clipboardData ?? event.dataTransfer;
  const text = data?.getData("text/plain");
  event.preventDefault();
  if (!text) return true;
  const transaction = view.state.tr;
  if (event.type === "drop") {
    const at = view.posAtCoords({ left: event.clientX, top: event.clientY });
    if (at) transaction.replace(at.pos, at.pos, plainSlice(text));
  } else transaction.replaceSelection(plainSlice(text));
  view.dispatch(transaction.scrollIntoView());
  return true;
}

// A sentence is moved by cutting and pasting: dragging moves it by accident.
function refuse(view, event) {
  event.preventDefault();
  return true;
}
