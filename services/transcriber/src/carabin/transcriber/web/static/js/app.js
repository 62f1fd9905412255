// Wires the page: microphone, dictation, reports, panels, keys.

import { Recorder } from "./audio/recorder.js";
import { Microphone } from "./audio/microphone.js";
import { DictationDevices } from "./devices/hid.js";
import { Keys } from "./devices/keys.js";
import { ParentPage } from "./embedding/parent.js";
import { follow } from "./session/commands.js";
import { Connection } from "./session/connection.js";
import { Corrections } from "./session/corrections.js";
import { Dictation } from "./session/dictation.js";
import { refusesAudio } from "./session/outcomes.js";
import { sentenceFor, warningFor } from "./session/sentences.js";
import { Service, dictationUrl } from "./session/service.js";
import { showAutotexts } from "./ui/autotexts.js";
import { offerDelivery } from "./ui/delivery.js";
import { $, element } from "./ui/dom.js";
import { showHelp } from "./ui/help.js";
import { Preferences } from "./ui/preferences.js";
import { Reports } from "./ui/reports.js";
import { SettingsPanel } from "./ui/settings.js";
import { showError, showLevel, showModel, showRecording, showState, toast } from "./ui/status.js";
import { Writing } from "./ui/writing.js";

const RETRY_SETTINGS_MS = 5000;

let settings = { models: [], vocabularies: [], autotexts: {}, templates: {}, retention: "none", parents: [], commands: [], signs: [] };
let parent = new ParentPage([]);

const preferences = new Preferences();
const service = new Service(() => $("token").value);
const french = () => $("typography").value === "french";
const dictation = new Dictation(connect);
const reports = new Reports(french, (report) => !dictation.isWriting(report));
const writing = new Writing(reports, french);
const recorder = new Recorder((events) => new Microphone(events), dictation, () => $("device").value);
const agreed = () => settings.retention !== "none" && $("consent").checked;
const corrections = new Corrections(agreed, async (correction) => {
  if (!(await service.correct(correction))) tellProblem("correction_lost");
});
const actions = {
  record: (pressed) => (pressed && $("record-mode").value === "toggle" ? recorder.toggle() : pressed ? recorder.start() : $("record-mode").value === "hold" && recorder.stop()),
  stop: () => recorder.stop(),
  next: () => writing.select(1),
  previous: () => writing.select(-1),
  undo: () => writing.undo(),
  redo: () => writing.redo(),
  insert: () => $("insert").click(),
  accept: () => reports.current.acceptDefaults(),
};
const keys = new Keys(recorder, () => preferences.get("record-key") ?? "F2", () => $("record-mode").value, {
  F4: actions.insert,
  F8: actions.undo,
  F9: actions.next,
  "Shift+F9": actions.previous,
}, { "Ctrl+Z": actions.undo, "Meta+Z": actions.undo, "Ctrl+Y": actions.redo, "Ctrl+Shift+Z": actions.redo, "Meta+Shift+Z": actions.redo });
const panel = new SettingsPanel(preferences, keys, { newMicrophone: (events) => new Microphone(events), changed: choicesChanged });
const devices = new DictationDevices(actions, (sentence) => ($("hid-text").textContent = sentence));

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
    model: settings.models.length > 1 ? $("specialty").value : undefined,
    vocabularies: vocabulary ? [vocabulary] : [],
    format: { typography: $("typography").value, autotexts: Object.keys(settings.autotexts) },
  };
}

function tellProblem(code) {
  showError(sentenceFor(code, Boolean($("token").value)));
  if (["unauthenticated", "token_expired", "forbidden"].includes(code)) $("token-box").hidden = false;
  if (refusesAudio(code)) recorder.discard(); // What this microphone gives is of no use.
}

dictation.addEventListener("state", refresh);
dictation.addEventListener("ready", ({ detail }) => {
  showError("");
  showModel(detail.version, detail.model);
  $("session").textContent = detail.session;
});
dictation.addEventListener("model", ({ detail }) => showModel(detail.version));
dictation.addEventListener("failed", ({ detail }) => tellProblem(detail.code));
dictation.addEventListener("warning", ({ detail }) => {
  const sentence = warningFor(detail.code);
  if (sentence) toast(sentence);
});
dictation.addEventListener("command", ({ detail }) => follow(detail, { insert, help: () => $("help").showModal(), moved: (report) => writing.showSelection(report) }));
dictation.addEventListener("written", ({ detail }) => {
  reports.save();
  reports.draw();
  if ($("announce").value === "sentences" && detail.report === reports.current) $("spoken-log").append(element("p", detail.text));
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
  writing.follow(dictation.current, recorder.wanted);
}

function insert(name, report) {
  if (name in settings.templates) writing.insert(settings.templates[name], report);
  else tellProblem("autotext_unknown");
}

reports.addEventListener("added", ({ detail }) => corrections.watch(detail.report));
reports.addEventListener("shown", ({ detail: { report } }) => {
  corrections.leaveAll();
  dictation.use(report);
  writing.show(report);
  refresh();
});

function choicesChanged(name) {
  if (["specialty", "vocabulary"].includes(name) && dictation.current) dictation.end(); // The next words open a session with the new one.
  if (name === "typography") reports.current.setTypography(french());
  if (name === "show-doubts") writing.markDoubts();
  if (name === "token") load();
  dictation.retry();
  writing.showText();
}

offerDelivery({ reports, settings: () => settings, parent: () => parent, failed: tellProblem });
$("dictate").onclick = () => recorder.toggle();
$("report").addEventListener("focusout", () => corrections.leaveAll());
$("consent").onchange = () => {
  for (const { connection } of dictation.sessions) connection.keepAudio = settings.retention === "audio+text" && agreed();
};
// A click on the bar leaves the caret where it is: one clicks, then goes on typing.
document.querySelector("footer").addEventListener("mousedown", (event) => event.preventDefault());
$("error-close").onclick = () => showError("");
for (const menu of document.querySelectorAll(".menu")) menu.addEventListener("click", () => menu.hidePopover());

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
    if (settings.models.includes(specialty)) $("specialty").value = specialty;
    if (settings.vocabularies.includes(vocabulary)) $("vocabulary").value = vocabulary;
    showAutotexts(settings.autotexts, insert, specialty);
    $("send").hidden = false;
  });
}

// Where this fails it is tried again when somebody records, and what is wrong is told then.
recorder.microphone.prepare().catch(() => {}).finally(() => ($("dictate").disabled = false));
if (DictationDevices.isPossible) devices.start().then(() => panel.offerDevices(() => devices.choose()), () => tellProblem("device_failed"));
writing.begin();
choicesChanged("show-doubts");
load();
