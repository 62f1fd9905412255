// The help panel: what the formatter's own tables say can be spoken, and the keys.

import { $, element } from "./dom.js";

const COMMANDS = {
  delete: "retire la dernière phrase dictée", delete_sentence: "retire la dernière phrase dictée", undo: "annule la dernière action",
  redo: "rétablit ce qui vient d'être annulé", correct: "choisit la dernière phrase\u00a0: les mots suivants la remplacent",
  next_variable: "va à la variable suivante", previous_variable: "va à la variable précédente",
  accept_defaults: "garde les valeurs proposées", help: "ouvre cette aide",
};
const WRITTEN = { "\n": "nouvelle ligne", "\n\n": "nouveau paragraphe" };
const KEYS = [
  ["F2", "parler (touche à choisir dans les réglages)"], ["F4", "insérer un texte automatique"], ["F8 ou Ctrl+Z", "annuler"],
  ["Ctrl+Y", "rétablir"], ["F9 ou Tab", "variable suivante"], ["Maj+F9", "variable précédente"],
];
const SHOWN = 2; // Ways of saying one thing; the tables know more, most of them spellings.

export function showHelp({ commands, signs, autotexts }) {
  const meant = commands.map(([say, event]) => [say, COMMANDS[event] ?? event]);
  const said = [...grouped(meant)].map(([meaning, says]) => [quoted(says), meaning]);
  const texts = Object.keys(autotexts);
  if (texts.length) said.push([`«\u00a0insérer ${texts[0]}\u00a0»`, `insère un texte automatique\u00a0: ${texts.join(", ")}`]);
  fill("help-keys", KEYS);
  fill("help-commands", said);
  fill("help-signs", [...grouped(signs)].map(([write, says]) => [written(write), quoted(says)]));
}

function fill(id, rows) {
  $(id).replaceChildren(...rows.flatMap(([term, text]) => [element("dt", term), element("dd", text)]));
}

function grouped(rows) {
  const groups = new Map();
  for (const [say, result] of rows) groups.set(result, [...(groups.get(result) ?? []), say]);
  return groups;
}

const quoted = (says) => says.slice(0, SHOWN).map((say) => `«\u00a0${whole(say)}\u00a0»`).join(", ");

// Short phrases are not broken over two lines.
const whole = (say) => (say.length <= 20 ? say.replaceAll(" ", "\u00a0") : say);

function written(write) {
  const line = write.match(/\n+$/)?.[0] ?? "";
  return [write.slice(0, write.length - line.length), WRITTEN[line]].filter(Boolean).join(" puis ");
}
