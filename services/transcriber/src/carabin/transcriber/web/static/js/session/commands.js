// Spoken commands, followed in the report that they were said for.

const MOVING = new Set(["next_variable", "previous_variable", "insert", "correct"]);

// `insert` takes the name of an auto-text and the report, `help` opens the help, `moved` is told that the caret of a report was
// put somewhere. A command that the page does not know
// stays in the raw text.
export function follow({ name, argument, session, at }, { insert, help, moved }) {
  const { report, order } = session;
  if (name === "delete" || name === "delete_sentence") report.eraseLast();
  else if (name === "undo") report.undo();
  else if (name === "redo") report.redo();
  else if (name === "accept_defaults") report.acceptDefaults();
  else if (name === "help") help();
  else if (name === "next_variable") report.selectVariable(1);
  else if (name === "previous_variable") report.selectVariable(-1);
  else if (name === "insert") insert(argument, report);
  else if (name === "correct") report.selectLast();
  if (!MOVING.has(name)) return;
  report.noteCaret(order, at); // The next words go where the command put the caret.
  moved(report);
}
