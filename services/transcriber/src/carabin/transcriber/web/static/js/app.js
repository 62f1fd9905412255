// Wires the page: microphone, dictation, reports, panels, keys.

import { Recorder } from "./audio/recorder.js";
import { Microphone } from "./audio/microphone.js";
import { DictationDevices } from "./devices/hid.js";
import { Keys } from "./devices/keys.js";
import { Doubts } from "./document/doubts.js";
import { Editor } from "./document/editor.js";
import { documentReference } from "./embedding/fhir.js";
import { ParentPage } from "./embedding/parent.js";
import { copyText, download, rich } from "./document/exchange.js";
import { Connection } from "./session/connection.js";
import { Corrections } from "./session/corrections.js";
import { Dictation } from "./session/dictation.js";
import { sentenceFor } from "./session/sentences.js";
import { Service, dictationUrl } from "./session/service.js";
import { showAutotexts } from "./ui/autotexts.js";
import { $ } from "./ui/dom.js";
import { showHelp, showKeys } from "./ui/help.js";
import { Preferences } from "./ui/preferences.js";
import { Reports } from "./ui/reports.js";
import { SettingsPanel } from "./ui/settings.js";
import { confirmed, showError, showLevel, showRecording, showState, toast } from "./ui/status.js";

const RETRY_SETTINGS_MS = 5000;

let settings = { vocabularies: [], autotexts: {}, templates: {}, retention: "none", parents: [], commands: [], signs: [] };
let version = null;
let parent = new ParentPage([]);

const preferences = new Preferences();
const service = new Service(() => $("token").value);
const french = () => $("typography").value === "french";
const dictation = new Dictation(connect);
const reports = new Reports(french, (report) => !dictation.isWriting(report));
const recorder = new Recorder((events) => new Microphone(events), dictation, () => $("device").value);
const editor = new Editor($("report"), $("sheet"), $("speech-mark"));
const agreed = () => settings.retention !== "none" && $("consent").checked;
const corrections = new Corrections(agreed, async (correction) => {
  if ((await service.correct(correction)) >= 400) tellProblem("correction_lost");
});
const keys = new Keys(recorder, () => preferences.get("record-key") ?? "F2", () => $("record-mode").value, {
  F4: () => $("insert").click(),
  F8: () => reports.current.undo(),
  F9: () => select(1),
  "Shift+F9": () => select(-1),
});
const panel = new SettingsPanel(preferences, keys, { newMicrophone: (events) => new Microphone(events), changed: choicesChanged });
const devices = new DictationDevices(
  {
    record: (pressed) => (pressed && $("record-mode").value === "toggle" ? recorder.toggle() : pressed ? recorder.start() : $("record-mode").value === "hold" && recorder.stop()),
    stop: () => recorder.stop(),
    next: () => select(1),
    previous: () => select(-1),
    undo: () => reports.current.undo(),
    insert: () => $("insert").click(),
    accept: () => reports.current.acceptDefaults(),
  },
  (sentence) => ($("hid-text").textContent = sentence),
);

function connect() {
  const connection = new Connection(dictationUrl(), hello, () => service.refusal());
  connection.keepAudio = settings.retention === "audio+text" && agreed();
  window.carabin = { lastLog: connection.log }; // How much was recorded, for support and tests; never text.
  return connection;
}

function hello() {
  const vocabulary = $("vocabulary").value;
  return {
    token: $("token").value || undefined,
    vocabularies: vocabulary ? [vocabulary] : [],
    format: { typography: $("typography").value, autotexts: Object.keys(settings.autotexts) },
  };
}

function tellProblem(code) {
  showError(sentenceFor(code, Boolean($("token").value)));
  if (["unauthenticated", "token_expired", "forbidden"].includes(code)) $("token-box").hidden = false;
}

dictation.addEventListener("state", refresh);
dictation.addEventListener("ready", ({ detail }) => {
  showError("");
  showModel(detail.version, detail.model);
  $("session").textContent = detail.session;
});
dictation.addEventListener("model", ({ detail }) => showModel(detail.version));
dictation.addEventListener("failed", ({ detail }) => tellProblem(detail.code));
dictation.addEventListener("command", ({ detail }) => follow(detail));
dictation.addEventListener("written", ({ detail }) => {
  reports.save();
  reports.draw();
  if ($("announce").value === "sentences" && detail.report === reports.current) $("spoken-log").append(Object.assign(document.createElement("p"), { textContent: detail.text }));
});
recorder.addEventListener("change", refresh);
recorder.addEventListener("level", ({ detail }) => {
  showLevel(detail.peak);
  refresh();
});
recorder.addEventListener("failed", ({ detail }) => (detail.code ? tellProblem(detail.code) : showError(detail.message)));

function refresh() {
  showRecording(recorder);
  showState(dictation.state, dictation.keptS, recorder.wanted);
  editor.recording = recorder.wanted;
  editor.session = dictation.current?.report === reports.current ? dictation.current.order : null;
  if (editor.view) editor.place();
}

function showModel(next, name) {
  if (version && next !== version) toast(`Le modèle a changé : la version ${next} écrit la suite. Rien n'est perdu.`);
  version = next;
  $("model").textContent = name ? `${name} ${next}` : next;
}

// Follows a spoken command, in the report that it was said for; one that the page does not know stays in the raw text.
function follow({ name, argument, session, at }) {
  const { report, order } = session;
  if (name === "delete" || name === "delete_sentence") report.eraseLast();
  else if (name === "undo") report.undo();
  else if (name === "redo") report.redo();
  else if (name === "accept_defaults") report.acceptDefaults();
  else if (name === "help") $("help").showModal();
  else if (name === "next_variable" || name === "previous_variable") report.selectVariable(name === "next_variable" ? 1 : -1);
  else if (name === "insert") insert(argument, report);
  else if (name === "correct") report.selectLast();
  if (["next_variable", "previous_variable", "insert", "correct"].includes(name)) report.noteCaret(order, at);
}

function insert(name, report = reports.current) {
  if (!(name in settings.templates)) return tellProblem("autotext_unknown");
  report.insertTemplate(settings.templates[name]);
  if (report === reports.current) editor.focus();
}

function select(step) {
  if (reports.current.selectVariable(step)) editor.focus();
}

reports.addEventListener("added", ({ detail }) => corrections.watch(detail.report));
reports.addEventListener("shown", ({ detail: { report } }) => {
  dictation.use(report);
  editor.session = null;
  editor.away = false;
  editor.show(report);
  $("title").value = report.title;
  report.setTypography(french());
  showText();
  refresh();
});
reports.addEventListener("added", ({ detail }) => detail.report.addEventListener("change", () => detail.report === reports.current && showText()));

function showText() {
  const report = reports.current;
  const unit = report.unitAt();
  $("empty").hidden = !report.isEmpty || report.partials.size > 0;
  $("raw").hidden = !$("show-raw").checked;
  $("raw-text").textContent = unit ? unit.text.trim() : "Placez le curseur dans une phrase dictée.";
  $("print-title").textContent = report.title;
}

async function copy(withLayout) {
  const report = reports.current;
  try {
    await copyText(report.text, { withLayout });
    report.unsaved = false;
    toast("Le compte rendu est copié.");
  } catch {
    tellProblem("clipboard_refused");
  }
}

function fhir(report) {
  return documentReference({ text: report.text, date: new Date(), type: settings.document_type, author: settings.author });
}

function send() {
  const report = reports.current;
  parent.give({ text: report.text, html: rich(report.text), document: fhir(report) });
  report.unsaved = false;
  toast("Le compte rendu est envoyé au dossier.");
}

function choicesChanged(name) {
  if (name === "vocabulary" && dictation.current) dictation.end(); // The next words open a session with the new vocabulary.
  if (name === "typography") reports.current.setTypography(french());
  if (name === "show-doubts") {
    editor.doubts = $("show-doubts").checked ? new Doubts() : null;
    editor.view.updateState(reports.current.state);
  }
  if (name === "token") load();
  dictation.retry();
  showText();
}

$("dictate").onclick = () => recorder.toggle();
$("copy").onclick = () => copy(false);
$("copy-rich").onclick = () => copy(true);
$("copy-fhir").onclick = () => copyText(JSON.stringify(fhir(reports.current))).then(() => toast("Le document FHIR est copié."), () => tellProblem("clipboard_refused"));
$("download").onclick = () => {
  download(reports.current.text, "compte-rendu.txt");
  reports.current.unsaved = false;
};
$("print").onclick = () => window.print();
$("send").onclick = send;
$("undo").onclick = () => reports.current.undo();
$("redo").onclick = () => reports.current.redo();
$("new").onclick = () => {
  reports.begin();
  editor.focus();
};
$("clear").onclick = async () => {
  const question = "Le texte de ce compte rendu est effacé ; « Annuler » le rend tant que la page est ouverte.";
  if (reports.current.isEmpty || !(await confirmed("Tout effacer ?", question, "Effacer"))) return;
  reports.current.clear();
  editor.focus();
};
$("title").oninput = () => {
  reports.current.title = $("title").value;
  reports.draw();
  showText();
};
$("report").addEventListener("focusout", () => corrections.leaveAll(reports.current));
$("consent").onchange = () => {
  for (const { connection } of dictation.sessions) connection.keepAudio = settings.retention === "audio+text" && agreed();
};
// A click on the bar leaves the caret where it is: one clicks, then goes on typing.
document.querySelector("footer").addEventListener("mousedown", (event) => event.preventDefault());
$("error-close").onclick = () => showError("");
for (const element of document.querySelectorAll(".menu")) element.addEventListener("click", () => element.hidePopover());

window.addEventListener("beforeunload", (event) => {
  if (dictation.keptS >= 1 || (reports.unsaved && !settings.drafts)) event.preventDefault();
});
window.addEventListener("pagehide", () => reports.save());

async function load() {
  const told = await service.settings().catch(() => ({ refused: "settings_unread" }));
  if (told.refused !== undefined) {
    tellProblem(told.refused ?? "settings_unread");
    if (told.refused === "settings_unread") setTimeout(load, RETRY_SETTINGS_MS);
    return;
  }
  settings = told;
  showError("");
  dictation.idleMs = settings.idle_s * 1000;
  panel.show(settings);
  showHelp(settings);
  showAutotexts(settings.autotexts, insert);
  if (settings.drafts && !reports.keeping) reports.keepDrafts();
  listenToParent();
  dictation.retry();
}

function listenToParent() {
  if (parent.allowed.length || !settings.parents.length) return;
  parent = new ParentPage(settings.parents);
  parent.addEventListener("start", ({ detail: { specialty, vocabulary, title } }) => {
    reports.begin(title);
    if (settings.vocabularies.includes(vocabulary)) $("vocabulary").value = vocabulary;
    showAutotexts(settings.autotexts, insert, specialty);
    $("send").hidden = false;
  });
}

showKeys([["F2", "parler (touche à choisir dans les réglages)"], ["F4", "insérer un texte automatique"], ["F8 ou Ctrl+Z", "annuler"], ["Ctrl+Y", "rétablir"], ["F9 ou Tab", "variable suivante"], ["Maj+F9", "variable précédente"]]);
// Where this fails it is tried again when somebody records, and what is wrong is told then.
recorder.microphone.prepare().catch(() => {}).finally(() => ($("dictate").disabled = false));
if (DictationDevices.isPossible) devices.start().then(() => panel.offerDevices(() => devices.choose()), () => tellProblem("device_failed"));
reports.begin();
editor.focus();
choicesChanged("show-doubts");
load();
