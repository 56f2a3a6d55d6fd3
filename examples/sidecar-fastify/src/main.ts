import { createApp } from "./app.ts";

/** Throws if the variable is missing. */
function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is missing. See examples/sidecar-fastify/env.example.`);
  return value;
}

const app = createApp({
  sidecarUrl: variable("SIDECAR_URL"),
  issuer: variable("ISSUER"),
  audience: variable("AUDIENCE"),
});
// Only the proxy reaches it.
const address = await app.listen({ port: Number(variable("PORT")), host: "127.0.0.1" });
console.log(`Listening on ${address}`);
process.once("SIGTERM", () => void app.close());
