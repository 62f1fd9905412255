// Where speech goes: the caret as it was when the words were said, whatever is typed or moved before they arrive.

import { Plugin, PluginKey } from "../../vendor/prosemirror-state.js";
import { Decoration, DecorationSet } from "../../vendor/prosemirror-view.js";

export const placesKey = new PluginKey("places");

// Characters of a paragraph from which words at its end are laid out behind it: browsers lay out a paragraph as a whole.
const LONG = 8000;

// Samples by which the service may set the start of speech before its sound: a caret that moved then still counts.
const TOLERANCE = 4000;

// The state holds two lists of { session, time, from, to }: `carets`, where the caret was from a sample of that session's
// recording on, and `words`, where the utterance in progress of a session is shown, with its `element`. Sessions are
// numbers that grow: the words of an earlier one stand before those of a later one.
export const places = () =>
  new Plugin({
    key: placesKey,
    state: {
      init: () => ({ carets: [], words: [] }),
      apply: (transaction, state) => changed(moved(state, transaction), transaction.getMeta(placesKey)),
    },
    props: { decorations: (state) => decorations(state.doc, placesKey.getState(state)) },
  });

export const wordsIn = (state) => placesKey.getState(state).words;
export const wordsOf = (state, session) => wordsIn(state).find((place) => place.session === session);

// Returns where the next words of a session go.
export const caretOf = (state, session) => placesKey.getState(state).carets.findLast((place) => place.session === session);

function changed(state, change) {
  if (!change) return state;
  let { carets, words } = state;
  if (change.caret) carets = [...carets, change.caret];
  if (change.begin) {
    const { session, time, element } = change.begin;
    const caret = chosen(carets, session, time);
    carets = carets.filter((each) => each.session !== session || each.time >= caret.time);
    words = [...words, { ...caret, time, element }];
  }
  if (change.end !== undefined) words = words.filter((place) => place.session !== change.end);
  if (change.leave !== undefined) {
    carets = carets.filter((place) => place.session !== change.leave);
    words = words.filter((place) => place.session !== change.leave);
  }
  return { carets, words };
}

function chosen(carets, session, time) {
  const own = carets.filter((each) => each.session === session);
  return own.findLast((each) => each.time <= time + TOLERANCE) ?? own[0];
}

function moved(state, transaction) {
  if (!transaction.docChanged) return state;
  const by = transaction.getMeta(placesKey)?.inserted;
  const move = (place, side) => {
    const range = place.to > place.from && by === undefined;
    const from = transaction.mapping.map(place.from, range ? 1 : side);
    return { ...place, from, to: Math.max(from, transaction.mapping.map(place.to, range ? -1 : side)) };
  };
  // Words go before what is typed at the same place, and behind the words that were said earlier.
  const side = (place) => (by !== undefined && place.session >= by ? 1 : -1);
  return { carets: state.carets.map((place) => move(place, side(place))), words: state.words.map((place) => move(place, side(place))) };
}

function decorations(doc, { words }) {
  if (!words.length) return null;
  const behind = words.length === 1 ? behindParagraph(doc, words[0]) : null;
  const shown = words.flatMap(({ session, from, to, element }) => [
    Decoration.widget(behind ?? from, element, { side: -1, key: `${behind ? "behind" : "words"}-${session}`, marks: [], ignoreSelection: true }),
    ...(from < to ? [Decoration.inline(from, to, { class: "replaced" })] : []),
  ]);
  return DecorationSet.create(doc, shown);
}

// Returns the position behind the paragraph that a place ends, where that one is long; else null.
function behindParagraph(doc, { from, to }) {
  const at = doc.resolve(to);
  const { size } = at.parent.content;
  return from === to && at.parentOffset === size && size > LONG ? at.after() : null;
}
