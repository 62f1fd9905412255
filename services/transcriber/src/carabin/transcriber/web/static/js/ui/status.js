// What the page says about itself: the connection, the recording, what went wrong.

import { $ } from "./dom.js";

const STATES = { opening: "connexion…", open: "connecté", retry: "coupé", refused: "refusé", closed: "prêt" };
const TOAST_MS = 8000;

export function showState(state, keptS, recording) {
  $("state").dataset.state = state;
  write($("state-text"), STATES[state]);
  const cut = state === "retry" || state === "refused";
  $("band").hidden = !cut;
  if (cut) write($("band"), `${state === "retry" ? "Coupé" : "En attente"} : votre voix est gardée (${Math.floor(keptS)} s)`);
  if (!cut && !recording) $("band").textContent = "";
}

export function showRecording({ wanted, seconds, isDead }) {
  $("dictate").setAttribute("aria-pressed", String(wanted));
  write($("recording-text"), wanted ? `Enregistrement ${clock(seconds)}` : "Prêt à dicter");
  write($("input-text"), isDead ? "Rien entendu depuis 5 s" : "");
  if (!wanted) showLevel(0);
}

export function showLevel(peak) {
  $("level").value = peak;
  $("dictate").style.setProperty("--loudness", peak.toFixed(2));
}

export function showError(message) {
  $("error-text").textContent = message;
  $("error").hidden = !message;
}

let version = null;

// Shows which model writes; `name` is its name where it is told.
export function showModel(next, name) {
  if (version && next !== version) toast(`Le modèle a changé : la version ${next} écrit la suite. Rien n'est perdu.`);
  version = next;
  $("model").textContent = name ? `${name} ${next}` : next;
}

let fading;
export function toast(message) {
  $("toast").textContent = message;
  clearTimeout(fading);
  fading = setTimeout(() => ($("toast").textContent = ""), TOAST_MS);
}

// Asks a question; resolves to whether the answer was yes.
export function confirmed(title, text, yes) {
  $("confirm-title").textContent = title;
  $("confirm-text").textContent = text;
  $("confirm-yes").textContent = yes;
  const dialog = $("confirm");
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

// A region that says the same is not read aloud again.
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const clock = (seconds) => `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
