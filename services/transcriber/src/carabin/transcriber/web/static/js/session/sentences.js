// What the speaker is told, in French, for each code of the service (wire/status.py) and for what the page finds itself.

const SLOW = "La liaison a été trop lente ; la dictée est reprise, rien n'est perdu.";
const DISAGREE = "La page et le service ne s'entendent pas : rechargez la page ; si cela continue, signalez-le à l'informatique.";
const SENTENCES = {
  not_ready: "Le modèle n'est pas encore chargé ; la dictée commence dès qu'il l'est, rien n'est perdu.",
  draining: "Le service redémarre ; la dictée continue dès qu'il répond.",
  resources_exhausted: "Le serveur manque de mémoire pour l'instant ; la dictée continue dès qu'il en a.",
  overloaded: "Le service est complet pour l'instant ; la dictée continue dès qu'une place se libère.",
  identity_limit: "Trop de dictées sont ouvertes à votre nom : fermez un autre onglet ; la dictée continue ensuite.",
  session_failed: "Le service a interrompu la session ; elle est reprise, rien n'est perdu.",
  decode_failed: "Une phrase n'a pas pu être transcrite ; elle est envoyée de nouveau.",
  internal: "Le service a rencontré une erreur ; la dictée est reprise.",
  session_closed: "La session a été fermée ; une autre la continue, rien n'est perdu.",
  session_too_long: "La session a atteint sa plus longue durée ; une autre la continue, rien n'est perdu.",
  config_timeout: SLOW,
  slow_reader: SLOW,
  impossible_audio: "Le son de ce microphone ne peut pas être une voix : vérifiez-le, ou choisissez-en un autre dans les réglages, puis reprenez.",
  invalid_config: DISAGREE,
  bad_field: DISAGREE,
  bad_message: DISAGREE,
  torn_frame: DISAGREE,
  frame_too_large: DISAGREE,
  unsupported_format: DISAGREE,
  token_missing: "Le service demande un jeton d'accès : saisissez-le dans les réglages. Votre voix est gardée.",
  token_wrong: "Ce jeton d'accès n'est pas accepté : vérifiez-le dans les réglages. Votre voix est gardée.",
  token_expired: "Le jeton d'accès a expiré : saisissez-en un nouveau dans les réglages. Votre voix est gardée.",
  forbidden: "Ce jeton ne permet pas de dicter : demandez-en un autre. Votre voix est gardée.",
  origin_forbidden: "Le service refuse les dictées venant de cette adresse : demandez à l'informatique de l'autoriser (CARABIN_TRANSCRIBER_ORIGINS).",
  websocket_blocked: "Le service répond, mais la liaison de dictée (WebSocket) est refusée en chemin : signalez-le à l'informatique.",
  unknown_vocabulary: "Le vocabulaire choisi n'existe plus : choisissez-en un autre dans les réglages.",
  model_not_found: DISAGREE,
  unsupported_language: "Le service ne transcrit pas le français avec ce modèle.",
  settings_unread: "Les réglages du service n'ont pas pu être lus ; la page essaie de nouveau.",
  microphone_lost: "Le microphone a été débranché : rebranchez-le, puis reprenez.",
  clipboard_refused: "Le navigateur refuse le presse-papiers : sélectionnez le texte, puis Ctrl+C, ou téléchargez-le.",
  correction_lost: "La correction n'a pas été conservée par le service ; votre texte, lui, est inchangé.",
  autotext_unknown: "Ce texte automatique n'existe pas.",
  device_failed: "L'appareil de dictée ne répond pas : débranchez-le, puis rebranchez-le.",
};

// What the service warns of (core/events.py) and the speaker can change; the rest is for the authors of clients.
const WARNINGS = {
  audio_format: "Le son de ce microphone paraît déformé : vérifiez-le, ou choisissez-en un autre dans les réglages.",
  sample_rate: "Le son de ce microphone paraît trop lent ou trop rapide : vérifiez-le, ou choisissez-en un autre dans les réglages.",
};

export const warningFor = (code) => WARNINGS[code] ?? null;

export function sentenceFor(code, hasToken) {
  if (code === "unauthenticated") return SENTENCES[hasToken ? "token_wrong" : "token_missing"];
  return SENTENCES[code] ?? `Le service a refusé la dictée (${code}).`;
}
