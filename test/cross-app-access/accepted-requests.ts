import { calculateJwkThumbprint } from "jose";
import type { Answer } from "../helpers/client.ts";
import { allScopes, sendTokenRequest, signIdJag } from "../helpers/id-jag.ts";
import { claims, form } from "./hostile-table.ts";
import type { HostileWorld } from "./hostile-world.ts";
import { samlSubject } from "./hostile-world.ts"; // SAML

/** A request that has to be accepted, with the scopes of its token. */
interface AcceptedRequest {
  name: string;
  scope: string;
  send(world: HostileWorld): Promise<Answer>;
}

const all = allScopes.join(" ");
const accepted = (name: string, send: AcceptedRequest["send"], scope = all): AcceptedRequest => ({
  name,
  scope,
  send,
});

export const acceptedRequests: readonly AcceptedRequest[] = [
  accepted(
    "a list of one audience, which is us",
    claims(({ app }) => ({ aud: [app.url] })),
  ),
  accepted(
    "the issuer with one slash at its end",
    claims(({ org }) => ({ iss: `${org.issuer}/` })),
  ),
  accepted(
    "the org's other name, signed with the org's key",
    claims(({ orgs, connection }) => ({ iss: orgs.alias.issuer, aud_tenant: connection.key })),
  ),
  accepted(
    "the connection's key as the tenant",
    claims(({ connection }) => ({ aud_tenant: connection.key })),
  ),
  accepted("an address of a key in the header, with the org's own key", (world) =>
    world.exchange({ header: { jku: world.documentUrl("/keys") } }),
  ),
  accepted(
    "clocks that differ by half a minute",
    claims(() => ({ nbf: Math.floor(Date.now() / 1000) + 30 })),
  ),
  accepted("the same ID-JAG again, for the API", async (world) => {
    const assertion = await world.idJag();
    await world.send(assertion);
    return await world.send(assertion);
  }),
  accepted("the same id at another org", async (world) => {
    const jti = "same";
    const resource = `${world.app.url}/mcp`;
    await world.exchange({ claims: { jti, resource } });
    const { orgs, app, agent } = world;
    const parts = { claims: { jti, resource } };
    return await world.send(await signIdJag(orgs.noNewcomers, app.url, agent.clientId, parts));
  }),
  // SAML {
  accepted("a person of a SAML connection, and the same id at another org", async (world) => {
    const jti = "same-by-saml";
    const resource = `${world.app.url}/mcp`;
    await world.exchange({ claims: { jti, resource } });
    const { orgs, app, agent } = world;
    const parts = { claims: { jti, resource, sub_id: samlSubject(world) } };
    return await world.send(await signIdJag(orgs.saml, app.url, agent.clientId, parts));
  }),
  // SAML }
  accepted(
    "more scopes than the org granted: the others are left out",
    async (world) => world.exchange({ claims: { scope: "tasks.read" } }, { scope: all }),
    "tasks.read",
  ),
  accepted("no scope asked for", form({ scope: undefined })),
  accepted("an agent with one scope", (world) => world.exchangeAs(world.agents.readOnly), "tasks.read"),
  accepted(
    "an unknown person with an address, at a connection that creates people",
    claims(() => ({
      sub: "00u-welcome",
      email: "welcome@acme.example",
    })),
  ),
  accepted("a client that signs itself", ({ exchangeSigned, keyAgent }) =>
    exchangeSigned(keyAgent.clientId, keyAgent.key),
  ),
  accepted("a client that signs itself, for the token endpoint", ({ exchangeSigned, keyAgent, app }) =>
    exchangeSigned(keyAgent.clientId, keyAgent.key, {}, `${app.url}/oauth2/token`),
  ),
  accepted("a client that describes itself", ({ exchangeSigned, documentUrl, documentKey }) =>
    exchangeSigned(documentUrl("/good.json"), documentKey),
  ),
  accepted("a bound assertion with its key's proof", async (world) => {
    const cnf = { jkt: await calculateJwkThumbprint(world.proofKey.jwk) };
    return await world.exchange({ claims: { cnf } }, {}, { dpop: await world.prove() });
  }),
  accepted("Basic", async ({ app, agent, idJag }) => {
    const authorization = `Basic ${Buffer.from(`${agent.clientId}:${agent.secret}`).toString("base64")}`;
    return await sendTokenRequest(app, { assertion: await idJag() }, { authorization });
  }),
];
