// How spoken words join what is written around them; `join` does as formatting/join.py does.

const SIGNS = ",.;:?!…";
const SPACED = { ":": "\u00a0", ";": "\u202f", "?": "\u202f", "!": "\u202f", "»": "\u202f" };
export const LOOKED_AT = 200; // Characters before the place that can matter: far more than any run of signs and spaces.

// Joins two utterances: a sign spoken first replaces the one before it.
export function join(before, text, french = true) {
  if (!before || !text) return before + text;
  if (SIGNS.includes(text[0]) || text[0] === "\n") {
    const loose = text[0] === "\n" ? /,+$/ : /[,.;:?!…\u00a0\u202f ]+$/;
    before = before.replace(loose, "") || before;
  }
  if (",.…)/\n".includes(text[0]) || "(\n".includes(before.at(-1))) return before + text;
  if (text[0] in SPACED) return before + (french ? SPACED[text[0]] : " ") + text;
  return before + " " + text;
}

// Returns how many characters before the place go, and what is inserted there, so that both sides read well.
export function fit(before, text, after, french) {
  const written = before.slice(-LOOKED_AT);
  const joined = join(written.replace(/ +$/, ""), text, french);
  const kept = common(written, joined);
  const inserted = joined.slice(kept);
  const apart = /^[\p{L}\p{N}(«"[]/u.test(after) && inserted && !/[\s(«]$/.test(inserted);
  return { cut: written.length - kept, inserted: apart ? `${inserted} ` : inserted };
}

function common(one, other) {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return length;
}
