// Splits a text at the ends of its sentences, so that each can be corrected and taken back alone.

const END = /[.?!…]+["»)\u00a0\u202f]*(?:\n+|(?=\s+[\p{Lu}\p{N}«("-]))|\n+/gu;
const ABBREVIATION = /(?:^|[\s(])(?:dr|pr|m|mm|mme|mlle|me|st|ste|cf|art|env|ex|fig|n|p|vol|max|min|tél|tel|réf|\p{Lu})\.$/iu;

// Returns the pieces in order; together they are the text again.
export function sentences(text) {
  const pieces = [];
  let start = 0;
  for (const match of text.matchAll(END)) {
    const end = match.index + match[0].length;
    if (ABBREVIATION.test(text.slice(start, end))) continue;
    pieces.push(text.slice(start, end));
    start = end;
  }
  if (start < text.length) pieces.push(text.slice(start));
  return pieces;
}
