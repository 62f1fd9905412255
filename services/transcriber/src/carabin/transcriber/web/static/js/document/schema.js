// What a report is made of: paragraphs of text, with variables of auto-texts as chips, and spoken sentences as marks.

import { Schema } from "../../vendor/prosemirror-model.js";

export const schema = new Schema({
  nodes: {
    doc: { content: "paragraph+" },
    paragraph: { content: "(text | variable)*", toDOM: () => ["p", 0], parseDOM: [{ tag: "p" }] },
    text: {},
    variable: {
      inline: true,
      atom: true,
      draggable: false,
      attrs: { name: { validate: "string" }, value: { default: "", validate: "string" } },
      leafText: ({ attrs }) => attrs.value || `[${attrs.name}]`,
      toDOM: ({ attrs }) => ["span", { class: "variable", title: `Variable : ${attrs.name}` }, attrs.value || attrs.name],
    },
  },
  marks: {
    // A sentence as it was spoken; `id` is its unit's. What is typed at its end is not part of it.
    spoken: { attrs: { id: { validate: "string" } }, inclusive: false, toDOM: ({ attrs }) => ["span", { class: "unit", "data-unit": attrs.id }, 0] },
  },
});

export const spoken = (id) => schema.marks.spoken.create({ id });

// Returns the text of a document, one line for each paragraph.
export function textOf(doc) {
  return doc.textBetween(0, doc.content.size, "\n");
}

// Replaces a range by text, whose line ends become paragraphs; returns the position behind it.
export function insertLines(transaction, from, to, text, marks = []) {
  if (from < to) transaction.delete(from, to);
  let place = from;
  text.split("\n").forEach((line, index) => {
    if (index) {
      transaction.split(place);
      place += 2;
    }
    if (line) {
      transaction.insert(place, schema.text(line, marks));
      place += line.length;
    }
  });
  return place;
}
