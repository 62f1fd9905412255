// A report as other programs take it: plain text, rich text, a file.

import { Fragment, Slice } from "../../vendor/prosemirror-model.js";
import { schema } from "./schema.js";

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

// Returns text as HTML paragraphs.
export function rich(text) {
  const escaped = text.replace(/[&<>"]/g, (sign) => ENTITIES[sign]);
  return escaped.split("\n").map((line) => `<p>${line || "<br>"}</p>`).join("");
}

// Returns text from elsewhere as content of a report.
export function plainSlice(text) {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  return new Slice(Fragment.from(lines.map((line) => schema.node("paragraph", null, line ? schema.text(line) : null))), 1, 1);
}

export async function copyText(text, { withLayout = false } = {}) {
  if (!withLayout) return navigator.clipboard.writeText(text);
  const blob = (kind, content) => new Blob([content], { type: kind });
  const item = { "text/plain": blob("text/plain", text), "text/html": blob("text/html", rich(text)) };
  return navigator.clipboard.write([new ClipboardItem(item)]);
}

export function download(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
