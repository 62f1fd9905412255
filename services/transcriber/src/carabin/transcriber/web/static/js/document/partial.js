// The utterance in progress, as one element whose settled part is only added to: a partial costs what it adds.

export class Partial {
  constructor() {
    this.element = document.createElement("span");
    this.element.className = "partial";
    this.element.setAttribute("aria-hidden", "true");
    this.nodes = ["space", "settled", "gap", "tail"].map((name) => {
      const part = document.createElement("span");
      part.className = name;
      this.element.append(part);
      return part;
    });
  }

  // `space` stands between what is written and the words; `settled` changes no more before the final.
  show(space, settled, tail) {
    const words = tail.trimStart();
    const gap = tail.slice(0, tail.length - words.length);
    [space, settled, gap, words].forEach((text, index) => write(this.nodes[index], text));
  }
}

// Returns what of a segment stays as it is until it is completed, and what may still change.
export function partialParts({ text, stable, formatted, formatted_settled: settled }) {
  const shown = formatted ?? text.trim();
  const kept = formatted == null ? first(text, stable).trim() : first(formatted, settled);
  return [kept, shown.slice(kept.length)];
}

// Returns so many characters as the server counts them: JavaScript counts some of them twice.
function first(text, characters = 0) {
  return [...text].slice(0, characters).join("");
}

// A new text node costs a layout of what changed. Adding to the one that is there costs Chromium, at that very moment, a
// pass over the whole paragraph: 59 ms at the end of an hour's report.
function write(part, text) {
  if (part.textContent !== text) part.replaceChildren(text);
}
