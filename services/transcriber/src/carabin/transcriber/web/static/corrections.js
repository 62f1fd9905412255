// Sends what a clinician corrected, where the site keeps corrections and the clinician agreed.

// Returns a sentence for the clinician, or null when all went well.
export async function sendCorrection({ entry, before, after, audio }, headers) {
  const body = {
    session: entry.session, utterance: entry.utterance, model_version: entry.model_version, consent: true,
    raw: entry.text, formatted: before, corrected: after, audio_int16: audio ? base64(audio) : undefined,
  };
  const response = await fetch("v1/corrections", {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return response.ok ? null : `La correction n'a pas été conservée (${response.status}) ; votre texte, lui, est inchangé.`;
}

function base64(pcm) {
  let text = "";
  for (const byte of new Uint8Array(pcm.buffer)) text += String.fromCharCode(byte);
  return btoa(text);
}
