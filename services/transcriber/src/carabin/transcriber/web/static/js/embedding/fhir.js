// A report as a FHIR R4 DocumentReference (hl7.org/fhir/R4/documentreference.html), for a record system that keeps it.

// `type` is a LOINC code, `author` the name in the speaker's token or null.
export function documentReference({ text, date, type, author }) {
  return {
    resourceType: "DocumentReference",
    status: "current",
    docStatus: "preliminary", // Nobody has signed it yet.
    type: { coding: [{ system: "http" + "://loinc.org", code: type }] },
    date: date.toISOString(),
    ...(author ? { author: [{ display: author }] } : {}),
    content: [{ attachment: { contentType: "text/plain; charset=utf-8", language: "fr", data: base64(text), creation: date.toISOString() } }],
  };
}

function base64(text) {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
}
