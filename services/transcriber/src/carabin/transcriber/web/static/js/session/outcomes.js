// What a dictation's code from the service (wire/status.py) means for what goes on.

const PASSING = new Set([
  "not_ready", "draining", "overloaded", "identity_limit", "session_failed", "decode_failed", "internal", "session_closed",
  "config_timeout", "slow_reader", "session_too_long", "resources_exhausted",
]);
const UNUSABLE = new Set(["impossible_audio"]);

// Says whether the cause passes by itself: the page tries again. Anything else waits until somebody changes something; the
// audio is kept in both.
export const passes = (code) => PASSING.has(code);

// Says whether the audio itself was refused: sent again, it would be refused again.
export const refusesAudio = (code) => UNUSABLE.has(code);
