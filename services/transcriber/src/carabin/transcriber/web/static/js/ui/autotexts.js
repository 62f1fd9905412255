// The menu of auto-texts: the one that was inserted last is first under the keys.

import { $, element } from "./dom.js";

let last = null;

// `labels` maps names to « service : name »; `specialty` leaves those of other services out.
export function showAutotexts(labels, insert, specialty = "") {
  const offered = Object.entries(labels).filter(([name, label]) => !specialty || label === name || label.startsWith(`${specialty} : `));
  const buttons = offered.map(([name, label]) => {
    const button = element("button", label, { type: "button", "data-autotext": name });
    button.onclick = () => {
      last = name;
      $("autotexts").hidePopover();
      insert(name);
    };
    return button;
  });
  const none = element("p", "Le service n'a pas de texte automatique.");
  $("autotexts").replaceChildren(...(buttons.length ? buttons : [none]));
  $("autotexts").ontoggle = ({ newState }) => {
    if (newState === "open") (buttons.find(({ dataset }) => dataset.autotext === last) ?? buttons[0])?.focus();
  };
  $("autotexts").onkeydown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !buttons.length) return;
    event.preventDefault();
    const here = buttons.indexOf(document.activeElement);
    buttons[(here + step + buttons.length) % buttons.length].focus();
  };
}
