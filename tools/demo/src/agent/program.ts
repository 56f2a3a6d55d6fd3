/**
 * The demo's agent as a program. Its parent process starts it with an IPC channel, gets "ready" when it listens, and sends
 * "configured" when the file with its registrations is new.
 */
import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { AgentSettings } from "../../../../src/demo/agent.ts";
import { createAgent } from "./server.ts";

const text = { type: "string" } as const;
const options = { port: text, url: text, file: text, story: text };
const { port, url = "", file = "", story = null } = parseArgs({ options }).values;

const readSettings = () =>
  existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as AgentSettings) : null;
let settings = readSettings();
const agent = createAgent({ url, storyUrl: story, settings: () => settings });
const server = agent.app.listen(Number(port), "127.0.0.1", () => process.send?.("ready"));

process.on("message", (word) => {
  if (word !== "configured") return;
  settings = readSettings();
  agent.forget();
});
const stop = () => {
  server.closeAllConnections();
  server.close(() => process.exit(0));
};
// Ctrl-C reaches the parent and this process; the parent decides when to stop, and sends SIGTERM.
process.on("SIGINT", () => undefined);
process.once("SIGTERM", stop);
process.once("disconnect", stop);
