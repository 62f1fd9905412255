// The utterance in progress, as one element whose settled part is only added to: a partial costs what it adds.

export class Partial {
  constructor() {
    this.element = document.createElement("span");
    this.element.className = "partial";
    this.element.setAttribute("aria-hidden", "true");
    this.nodes = ["space", "settled", "tail"].map((name) => {
      const part = document.createElement("span");
      part.className = name;
      part.append("");
      this.element.append(part);
      return part.firstChild;
    });
  }

  // `space` stands between what is written and the words; `settled` changes no more before the final.
  show(space, settled, tail) {
    [space, settled, tail].forEach((text, index) => write(this.nodes[index], text));
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

function write(node, text) {
  if (text === node.data) return;
  if (text.startsWith(node.data)) node.appendData(text.slice(node.data.length));
  else node.data = text;
}
