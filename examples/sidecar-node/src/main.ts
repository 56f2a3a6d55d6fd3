import { createNotesServer } from "./app.ts";

/** Throws if the variable is missing. */
function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is missing. See examples/sidecar-node/env.example.`);
  return value;
}

const server = createNotesServer({
  sidecarUrl: variable("SIDECAR_URL"),
  issuer: variable("ISSUER"),
  audience: variable("AUDIENCE"),
});
const port = Number(variable("PORT"));
// Only the proxy reaches it.
server.listen(port, "127.0.0.1", () => console.log(`Listening on http://127.0.0.1:${port}`));
process.once("SIGTERM", () => server.close());
