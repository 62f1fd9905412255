// What the speaker is told, in French, for each code of the service (wire/status.py) and for what the page finds itself.

const SENTENCES = {
  not_ready: "Le modèle n'est pas encore chargé ; la dictée commence dès qu'il l'est, rien n'est perdu.",
  draining: "Le service redémarre ; la dictée continue dès qu'il répond.",
  overloaded: "Le service est complet pour l'instant ; la dictée continue dès qu'une place se libère.",
  identity_limit: "Trop de dictées sont ouvertes à votre nom : fermez un autre onglet ; la dictée continue ensuite.",
  session_failed: "Le service a interrompu la session ; elle est reprise, rien n'est perdu.",
  decode_failed: "Une phrase n'a pas pu être transcrite ; elle est envoyée de nouveau.",
  internal: "Le service a rencontré une erreur ; la dictée est reprise.",
  token_missing: "Le service demande un jeton d'accès : saisissez-le dans les réglages. Votre voix est gardée.",
  token_wrong: "Ce jeton d'accès n'est pas accepté : vérifiez-le dans les réglages. Votre voix est gardée.",
  token_expired: "Le jeton d'accès a expiré : saisissez-en un nouveau dans les réglages. Votre voix est gardée.",
  forbidden: "Ce jeton ne permet pas de dicter : demandez-en un autre. Votre voix est gardée.",
  origin_forbidden: "Le service refuse les dictées venant de cette adresse : demandez à l'informatique de l'autoriser (CARABIN_TRANSCRIBER_ORIGINS).",
  websocket_blocked: "Le service répond, mais la liaison de dictée (WebSocket) est refusée en chemin : signalez-le à l'informatique.",
  unknown_vocabulary: "Le vocabulaire choisi n'existe plus : choisissez-en un autre dans les réglages.",
  unsupported_language: "Le service ne transcrit pas le français avec ce modèle.",
  settings_unread: "Les réglages du service n'ont pas pu être lus ; la page essaie de nouveau.",
  microphone_lost: "Le microphone a été débranché : rebranchez-le, puis reprenez.",
  clipboard_refused: "Le navigateur refuse le presse-papiers : sélectionnez le texte, puis Ctrl+C, ou téléchargez-le.",
  correction_lost: "La correction n'a pas été conservée par le service ; votre texte, lui, est inchangé.",
  autotext_unknown: "Ce texte automatique n'existe pas.",
  device_failed: "L'appareil de dictée ne répond pas : débranchez-le, puis rebranchez-le.",
};

export function sentenceFor(code, hasToken) {
  if (code === "unauthenticated") return SENTENCES[hasToken ? "token_wrong" : "token_missing"];
  return SENTENCES[code] ?? `Le service a refusé la dictée (${code}).`;
}
