// The drawers, and the controls of the settings that need more than a value.

import { isChoice, nameOf } from "../devices/keys.js";
import { $ } from "./dom.js";

const CONSENTS = {
  text: "J'accepte que mes corrections (texte seul) servent à améliorer le modèle.",
  "audio+text": "J'accepte que mes corrections (texte et son de la phrase) servent à améliorer le modèle.",
};

export class SettingsPanel {
  // `changed` is told the name of each control that has another value.
  constructor(preferences, keys, { newMicrophone, changed }) {
    this.preferences = preferences;
    this.keys = keys;
    this.tested = newMicrophone({ frame: (_, peak) => ($("tested-level").value = peak), lost: () => this.endTest() });
    preferences.addEventListener("change", ({ detail }) => {
      this.apply();
      changed(detail.name);
    });
    $("token").onchange = () => changed("token");
    $("settings-button").onclick = () => this.open();
    $("help-button").onclick = () => $("help").showModal();
    $("about-button").onclick = () => {
      $("settings").close();
      $("about").showModal();
    };
    $("reports-button").onclick = () => this.toggleReports();
    $("test-level").onclick = () => (this.tested.isOpen ? this.endTest() : this.test());
    $("settings").addEventListener("close", () => this.endTest());
    $("record-key-choice").onclick = () => this.chooseKey();
    navigator.mediaDevices?.addEventListener("devicechange", () => this.listDevices());
    this.apply();
  }

  open() {
    this.listDevices();
    $("settings").showModal();
  }

  apply() {
    document.documentElement.style.setProperty("--text-size", $("font-size").value);
    document.documentElement.dataset.theme = $("theme").value;
    const key = this.preferences.get("record-key") ?? "F2";
    $("record-key").textContent = key;
    $("record-key-choice").textContent = key;
  }

  // Shows what the service offers.
  show({ models, vocabularies, retention }) {
    $("specialty").replaceChildren(...models.map((name) => new Option(name, name)));
    $("specialty-box").hidden = models.length < 2;
    this.preferences.restore("specialty");
    $("vocabulary").replaceChildren(new Option("Aucun", ""), ...vocabularies.map((name) => new Option(name, name)));
    this.preferences.restore("vocabulary");
    $("consent-box").hidden = retention === "none";
    $("consent-text").textContent = CONSENTS[retention] ?? "";
  }

  toggleReports() {
    $("reports").hidden = !$("reports").hidden;
    $("reports-button").setAttribute("aria-expanded", String(!$("reports").hidden));
  }

  async listDevices() {
    const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    const inputs = all.filter(({ kind, deviceId }) => kind === "audioinput" && deviceId && deviceId !== "default");
    const options = inputs.map(({ deviceId, label }, index) => new Option(label || `Microphone ${index + 1}`, deviceId));
    $("device").replaceChildren(new Option("Celui du système", ""), ...options);
    this.preferences.restore("device");
  }

  async test() {
    $("test-level").textContent = "Arrêter l'essai";
    try {
      await this.tested.open($("device").value);
      this.listDevices(); // Names are told once the microphone is allowed.
    } catch (error) {
      $("hid-text").textContent = error.message;
      this.endTest();
    }
  }

  async endTest() {
    $("test-level").textContent = "Essayer le niveau";
    await this.tested.close();
    $("tested-level").value = 0;
  }

  // Takes the next key that is pressed, from the keyboard or from a pedal that sends keys.
  chooseKey() {
    const button = $("record-key-choice");
    button.textContent = "Pressez la touche…";
    this.keys.suspended = true;
    const take = (event) => {
      event.preventDefault();
      event.stopPropagation();
      if (event.key !== "Escape" && !isChoice(event)) return;
      document.removeEventListener("keydown", take, true);
      this.keys.suspended = false;
      if (event.key !== "Escape") this.preferences.keep("record-key", nameOf(event));
      this.apply();
    };
    document.addEventListener("keydown", take, true);
  }

  // Offers to choose a dictation microphone or a pedal.
  offerDevices(choose) {
    $("hid-box").hidden = false;
    $("hid").onclick = () => choose().catch(() => ($("hid-text").textContent = "Aucun appareil n'a été associé."));
  }
}
