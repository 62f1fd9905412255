// French typography and plain text, for what is written already; formatting/style.py sets what the service writes.

const TO_PLAIN = [
  [/«[\u00a0\u202f ]?/g, () => '"'],
  [/[\u00a0\u202f ]?»/g, () => '"'],
  [/[\u00a0\u202f]/g, () => " "],
  [/…/g, () => "..."],
];
const TO_FRENCH = [
  [/ (?=[;?!])/g, () => "\u202f"],
  [/ (?=:)/g, () => "\u00a0"],
  [/(?<=\p{L})\.\.\./gu, () => "…"],
];

export function plain(text) {
  return TO_PLAIN.reduce((set, [sign, write]) => set.replace(sign, write), text);
}

// Sets the whole document in the other typography, as one step that can be taken back; marks stay where they are.
export function setTypography(state, french) {
  const transaction = state.tr;
  for (const [sign, write] of french ? TO_FRENCH : TO_PLAIN) {
    const found = [];
    transaction.doc.descendants((node, place) => {
      if (node.isText) for (const match of node.text.matchAll(sign)) found.push([place + match.index, match[0].length, write(), node.marks]);
    });
    for (const [place, length, written, marks] of found.reverse()) {
      transaction.replaceWith(place, place + length, state.schema.text(written, marks));
    }
  }
  return transaction;
}
