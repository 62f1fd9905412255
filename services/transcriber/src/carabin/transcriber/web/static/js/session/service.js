// What the service tells the page beside the dictation, read with the token where it wants one.

// Addresses are taken from this module's own, so that they are right whatever address the page is shown at.
const BASE = new URL("../../../", import.meta.url);
const NO_ANSWER = 0;
const UNAVAILABLE = 503; // The store is away, or no replica is behind the balancer.
const AGAIN_AFTER_S = [1, 2, 4, 8, 16, 32];

export const dictationUrl = () => new URL("ws", String(BASE).replace(/^http/, "ws"));

export class Service {
  constructor(token) {
    this.token = token; // Returns what the speaker typed.
  }

  headers() {
    return this.token() ? { Authorization: `Bearer ${this.token()}` } : {};
  }

  // Returns the settings, or { refused: code } when a token is missing or not accepted.
  async settings() {
    const response = await fetch(new URL("web/settings.json", BASE), { headers: this.headers() });
    if (response.ok) return response.json();
    return { refused: await codeOf(response) };
  }

  // Returns why a dictation would be refused, or null when it would not, or when the service cannot be reached.
  async refusal() {
    try {
      const response = await fetch(new URL("web/access", BASE), { method: "POST", headers: this.headers() });
      if (response.status === 403) return "origin_forbidden";
      return response.ok ? "websocket_blocked" : await codeOf(response);
    } catch {
      return null;
    }
  }

  // Returns whether a correction was kept. While nobody can keep it, as in a rollout, it is sent again, for a minute.
  async correct(correction) {
    let status = await this.sendCorrection(correction);
    for (const pause_s of AGAIN_AFTER_S) {
      if (status !== NO_ANSWER && status !== UNAVAILABLE) break;
      await new Promise((resolve) => setTimeout(resolve, 1000 * pause_s));
      status = await this.sendCorrection(correction);
    }
    return status === 201;
  }

  async sendCorrection(correction) {
    const headers = { "Content-Type": "application/json", ...this.headers() };
    const sent = { method: "POST", headers, body: JSON.stringify(correction) };
    return fetch(new URL("v1/corrections", BASE), sent).then(({ status }) => status, () => NO_ANSWER);
  }
}

async function codeOf(response) {
  if (response.status >= 500) return null;
  return (await response.json().catch(() => ({}))).code ?? "internal";
}
