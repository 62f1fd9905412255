// Wires the page: microphone, connection, report, keys.

import { Connection } from "./connection.js";
import { sendCorrection } from "./corrections.js";
import { Microphone } from "./microphone.js";
import { Report } from "./report.js";
import { ReportView } from "./view.js";

const $ = (id) => document.getElementById(id);
const STATES = { opening: "connexion…", open: "connecté", retry: "coupée, reprise en cours…", closed: "non connecté" };

const report = new Report();
const view = new ReportView($("report"), report, corrected);
const microphone = new Microphone(heard);
let connection = null;
let settings = { vocabularies: [], autotexts: {}, retention: "none" };
let version = null;
let session = null;
let listening = false;

function heard(pcm, peak) {
  if (!listening) return;
  $("level").value = peak;
  connect(); // The first sound opens the session: nothing said before it is ready is lost.
  connection.send(pcm);
}

function connect() {
  if (connection) return;
  connection = new Connection(new URL("ws", location.href.replace(/^http/, "ws")), hello);
  connection.keepAudio = settings.retention === "audio+text" && $("consent").checked;
  connection.addEventListener("state", ({ detail }) => showState(detail.state));
  connection.addEventListener("ready", ({ detail }) => {
    session = detail.session;
    showError("");
    showModel(detail.version, detail.model);
  });
  connection.addEventListener("model", ({ detail }) => showModel(detail.version));
  connection.addEventListener("segments", ({ detail }) => showSegments(detail));
  connection.addEventListener("command", ({ detail }) => follow(detail));
  connection.addEventListener("failed", ({ detail }) => showError(detail.message));
  connection.open();
  window.carabin = { lastLog: connection.log }; // How much was recorded, for support and tests; never text.
  $("finish").disabled = false;
}

function hello() {
  const vocabulary = $("vocabulary").value;
  return {
    token: $("token").value || undefined,
    vocabularies: vocabulary ? [vocabulary] : [],
    format: { typography: $("typography").value, autotexts: Object.keys(settings.autotexts) },
  };
}

function showState(state) {
  $("state").dataset.state = state;
  $("state").textContent = STATES[state];
  if (state === "closed") {
    connection = null;
    listening = false;
    report.partial = null;
    $("finish").disabled = true;
    view.render();
    stop();
  }
}

function showModel(next, name) {
  if (version && next !== version) {
    $("notice-text").textContent = `Le modèle a changé pendant la dictée : la version ${next} écrit la suite. Rien n'est perdu.`;
    $("notice").hidden = false;
  }
  version = next;
  $("model").textContent = name ? `${name} ${next}` : next;
}

function showSegments({ segments, epoch }) {
  for (const entry of report.take(segments, epoch)) {
    entry.session = session;
    entry.origin = connection?.origin ?? 0;
  }
  view.render();
}

function showError(message) {
  $("error").textContent = message;
  $("error").hidden = !message;
}

// Follows a spoken command; one that this page does not know was words, and they stay in the raw text.
function follow({ name, argument }) {
  if (name === "delete" || name === "delete_sentence") report.removeLast();
  else if (name === "undo") report.undo();
  else if (name === "redo") report.redo();
  else if (name === "next_variable") return view.selectVariable();
  else if (name === "previous_variable") return view.selectVariable(-1);
  else if (name === "accept_defaults") return view.leave();
  else if (name === "insert") return insert(argument);
  else if (name === "correct") return view.edit([...$("report").querySelectorAll(".final")].at(-1));
  view.render();
}

async function insert(name) {
  const response = await fetch(`web/autotexts/${encodeURIComponent(name)}`, { headers: authorization() });
  if (!response.ok) return showError(`Le texte automatique « ${name} » n'a pas pu être lu.`);
  report.insert((await response.json()).text);
  view.render();
  view.selectVariable();
}

function authorization() {
  return $("token").value ? { Authorization: `Bearer ${$("token").value}` } : {};
}

async function corrected(entry, before, after) {
  if (entry.inserted || settings.retention === "none" || !$("consent").checked) return;
  const audio = connection?.keepAudio ? connection.log.slice(...span(entry)) : null;
  const problem = await sendCorrection({ entry, before, after, audio }, authorization());
  if (problem) showError(problem);
}

function span(entry) {
  return [entry.start, entry.end].map((seconds) => entry.origin + Math.round(Number(seconds) * 16000));
}

async function start() {
  if (listening) return;
  listening = true;
  showError("");
  try {
    await microphone.open();
  } catch (error) {
    listening = false;
    return showError(error.message);
  }
  $("dictate").setAttribute("aria-pressed", "true");
  $("dictate").textContent = "Pause";
}

async function stop() {
  await microphone.close();
  listening = false;
  $("level").value = 0;
  $("dictate").setAttribute("aria-pressed", "false");
  $("dictate").textContent = "Dicter";
}

async function pause() {
  await stop();
  connection?.flush();
}

const shownText = () => report.text($("formatted").checked, $("typography").value === "french");

async function copy() {
  try {
    await navigator.clipboard.writeText(shownText());
    $("copy").textContent = "Copié";
    setTimeout(() => ($("copy").textContent = "Copier"), 1500);
  } catch {
    showError("Le navigateur refuse le presse-papiers : utilisez Télécharger.");
  }
}

function download() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([shownText()], { type: "text/plain;charset=utf-8" }));
  link.download = "compte-rendu.txt";
  link.click();
  URL.revokeObjectURL(link.href);
}

function undo() {
  report.undo();
  view.render();
}

let holding = null; // The push-to-talk that is under way: its start may still wait for the microphone.

document.addEventListener("keydown", (event) => {
  if (event.key === "F2") {
    if (!event.repeat && !listening) holding = start();
  } else if (event.key === "F4") insert($("autotext").value);
  else if (event.key === "F9") view.selectVariable(event.shiftKey ? -1 : 1);
  else if (event.key === "F8") undo();
  else return;
  event.preventDefault();
});
document.addEventListener("keyup", async ({ key }) => {
  if (key !== "F2" || !holding) return;
  await holding;
  holding = null;
  pause();
});

$("dictate").onclick = () => (microphone.isOpen ? pause() : start());
$("finish").onclick = async () => {
  await stop();
  connection?.finish();
};
$("copy").onclick = copy;
$("download").onclick = download;
$("undo").onclick = undo;
$("clear").onclick = () => {
  report.clear();
  view.render();
};
$("insert").onclick = () => insert($("autotext").value);
$("notice-close").onclick = () => ($("notice").hidden = true);
$("formatted").onchange = render;
$("typography").onchange = render;
$("vocabulary").onchange = () => connection?.finish(); // The next words open a session with the new vocabulary.
$("consent").onchange = () => connection && (connection.keepAudio = settings.retention === "audio+text" && $("consent").checked);

function render() {
  view.formatted = $("formatted").checked;
  view.french = $("typography").value === "french";
  view.render();
}

async function load() {
  const response = await fetch("web/settings.json");
  if (!response.ok) return showError("Les réglages du service n'ont pas pu être lus.");
  settings = await response.json();
  $("vocabulary").append(...settings.vocabularies.map((name) => new Option(name, name)));
  $("autotext").append(...Object.entries(settings.autotexts).map(([name, label]) => new Option(label, name)));
  $("insert").disabled = !Object.keys(settings.autotexts).length;
  $("consent-box").hidden = settings.retention === "none";
  $("consent-text").textContent = CONSENTS[settings.retention] ?? "";
}

const CONSENTS = {
  text: "J'accepte que mes corrections (texte seul) servent à améliorer le modèle.",
  "audio+text": "J'accepte que mes corrections (texte et son de la phrase) servent à améliorer le modèle.",
};

load();
