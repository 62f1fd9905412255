// Keys and pedals that send keys: each action has one, with exactly its modifiers.

const MODIFIERS = [["ctrlKey", "Ctrl"], ["altKey", "Alt"], ["metaKey", "Meta"], ["shiftKey", "Shift"]];
const WRITTEN_IN = "input, select, dialog, [contenteditable]";

// Returns the name of a pressed key with its modifiers, such as F2 or Ctrl+Shift+D.
export function nameOf(event) {
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  return [...MODIFIERS.filter(([flag]) => event[flag]).map(([, name]) => name), key].join("+");
}

// Says whether a key may stand for an action: letters alone are for writing.
export function isChoice(event) {
  const modifier = ["Control", "Alt", "Meta", "Shift", "AltGraph"].includes(event.key);
  const writes = event.key.length === 1 && !event.ctrlKey && !event.altKey && !event.metaKey;
  return !modifier && !writes && !["Tab", "Enter", "Escape", "Backspace", "Delete", "Dead", "Process", "Unidentified"].includes(event.key);
}

export class Keys {
  // `recordKey` and `mode` ("hold" or "toggle") return what the speaker chose; `actions` maps names of keys to functions, and
  // `elsewhere` those of keys that mean something of their own where one writes or chooses.
  constructor(recorder, recordKey, mode, actions, elsewhere) {
    Object.assign(this, { recorder, recordKey, mode, actions, elsewhere });
    this.held = null;
    this.suspended = false; // While a key is being chosen.
    document.addEventListener("keydown", (event) => this.down(event));
    document.addEventListener("keyup", (event) => event.key === this.held && this.release());
    window.addEventListener("blur", () => this.release());
    document.addEventListener("visibilitychange", () => document.hidden && this.release());
  }

  down(event) {
    if (this.suspended) return;
    const name = nameOf(event);
    if (name === this.recordKey()) {
      event.preventDefault();
      if (!event.repeat) this.press(event.key);
      return;
    }
    const action = this.actions[name] ?? (event.target.closest?.(WRITTEN_IN) ? null : this.elsewhere[name]);
    if (!action) return;
    event.preventDefault();
    action();
  }

  press(key) {
    if (this.mode() === "toggle") return this.recorder.toggle();
    if (this.recorder.wanted) return;
    this.held = key;
    this.recorder.start();
  }

  // The key came up, or its coming up will not be seen because the page lost the focus.
  release() {
    if (this.held === null) return;
    this.held = null;
    this.recorder.stop();
  }
}
