// How this workstation likes the page: never anything that was dictated. Kept in localStorage where the browser lets it.

import { $ } from "./dom.js";

const KEY = "carabin.preferences";
const KEPT = ["specialty", "vocabulary", "typography", "device", "record-mode", "font-size", "theme", "show-raw", "show-doubts", "announce"];

export class Preferences extends EventTarget {
  // Events: change, with the name of the control.
  constructor() {
    super();
    this.values = read();
    for (const name of KEPT) {
      this.restore(name);
      $(name).addEventListener("change", () => this.keep(name, valueOf($(name))));
    }
  }

  // Shows what was kept; again once a list has the entry that was chosen.
  restore(name) {
    const kept = this.values[name];
    if (kept === undefined) return;
    if (typeof kept === "boolean") $(name).checked = kept;
    else if ([...$(name).options].some(({ value }) => value === kept)) $(name).value = kept;
  }

  get(name) {
    return this.values[name];
  }

  keep(name, value) {
    this.values[name] = value;
    try {
      localStorage.setItem(KEY, JSON.stringify(this.values));
    } catch {
      // A browser that keeps nothing: the choice lasts as long as the page.
    }
    this.dispatchEvent(new CustomEvent("change", { detail: { name } }));
  }
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

const valueOf = (control) => (control.type === "checkbox" ? control.checked : control.value);
