// Variables of auto-texts: `{côté=droit}` in a template becomes a chip that the next words, typed or spoken, replace.

import { Fragment, Slice } from "../../vendor/prosemirror-model.js";
import { NodeSelection } from "../../vendor/prosemirror-state.js";
import { schema } from "./schema.js";

const VARIABLE = /\{([^{}=\n]{1,60})(?:=([^{}\n]{0,200}))?\}/g; // As web/autotexts.py reads it.

// Returns the template's content, ready to be put into a document.
export function templateSlice(template) {
  const paragraphs = template.split("\n").map((line) => schema.node("paragraph", null, inline(line)));
  return new Slice(Fragment.from(paragraphs), 1, 1);
}

function inline(line) {
  const nodes = [];
  let start = 0;
  const text = (end) => end > start && nodes.push(schema.text(line.slice(start, end)));
  for (const match of line.matchAll(VARIABLE)) {
    text(match.index);
    nodes.push(schema.node("variable", { name: match[1].trim(), value: match[2] ?? "" }));
    start = match.index + match[0].length;
  }
  text(line.length);
  return nodes;
}

// Returns a transaction that selects the next variable, or the one before when `step` is -1; null where there is none.
export function selectVariable(state, step = 1) {
  const found = variables(state.doc);
  if (!found.length) return null;
  const { from, to } = state.selection;
  const next = step > 0 ? found.find((place) => place >= to) ?? found[0] : found.findLast((place) => place < from) ?? found.at(-1);
  return state.tr.setSelection(NodeSelection.create(state.doc, next)).scrollIntoView();
}

// Returns a transaction in which every variable that has a default is that default's text.
export function acceptDefaults(state) {
  const transaction = state.tr;
  for (const place of variables(state.doc).reverse()) {
    const { value } = state.doc.nodeAt(place).attrs;
    if (value) transaction.replaceWith(place, place + 1, schema.text(value));
  }
  return transaction;
}

export function variables(doc) {
  const found = [];
  doc.descendants((node, place) => {
    if (node.type === schema.nodes.variable) found.push(place);
  });
  return found;
}
