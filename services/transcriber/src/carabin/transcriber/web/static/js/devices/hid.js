// Dictation microphones and pedals over WebHID; which buttons a device has is dictation_support's knowledge.

// Buttons to actions; a device that lacks one has another of the same use.
const ACTIONS = {
  STOP: "stop", PLAY: "stop", FORWARD: "next", TAB_FORWARD: "next", TAB_BACKWARD: "previous", REWIND: "undo", CUSTOM_LEFT: "undo",
  INS_OVR: "insert", INSTR: "insert", TRANSCRIBE: "insert", ENTER_SELECT: "accept", CUSTOM_RIGHT: "accept", EOL_PRIO: "next",
};
// The pedal of a foot control is held while one speaks, as its PLAY is while one listens.
const PEDAL_RECORDS = "PLAY";

export class DictationDevices {
  // `actions` has record(pressed), stop, next, previous, undo, insert, accept; `told` takes a sentence.
  constructor(actions, told) {
    this.actions = actions;
    this.told = told;
    this.pressed = new Map(); // device -> names of its buttons that are down
  }

  static get isPossible() {
    return "hid" in navigator;
  }

  // Takes up the devices that this page was given before.
  async start() {
    await import("../../vendor/dictation_support.js");
    this.support = self.DictationSupport;
    this.manager = new this.support.DictationDeviceManager();
    this.manager.addButtonEventListener((device, buttons) => this.changed(device, buttons));
    this.manager.addDeviceConnectedEventListener(() => this.tell());
    this.manager.addDeviceDisconnectedEventListener((device) => this.gone(device));
    await this.manager.init();
    this.tell();
  }

  // Lets the speaker choose a device; a browser asks this only after a click.
  async choose() {
    const chosen = await this.manager.requestDevice();
    if (chosen.length) this.tell();
    else this.told("Aucun appareil n'a répondu : débranchez-le, puis rebranchez-le.");
  }

  changed(device, buttons) {
    const now = new Set(Object.entries(this.support.ButtonEvent).filter(([, bit]) => bit && buttons & bit).map(([name]) => name));
    const before = this.pressed.get(device) ?? new Set();
    this.pressed.set(device, now);
    const records = device.implType === this.support.ImplementationType.FOOT_CONTROL ? PEDAL_RECORDS : "RECORD";
    if (now.has(records) !== before.has(records)) this.actions.record(now.has(records));
    for (const name of now) if (!before.has(name) && name !== records) this.actions[ACTIONS[name]]?.();
  }

  gone(device) {
    this.changed(device, 0);
    this.pressed.delete(device);
    this.told("L'appareil de dictée a été débranché.");
  }

  tell() {
    const count = this.manager.getDevices().length;
    if (count) this.told(count === 1 ? "Un appareil de dictée est associé." : `${count} appareils de dictée sont associés.`);
  }
}
