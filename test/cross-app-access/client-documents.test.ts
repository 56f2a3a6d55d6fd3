import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type ClientDocuments, clientDocuments } from "../../src/oauth/client-documents.ts";

const maxAgeMs = 10 * 60_000;

describe("the document of a known client", () => {
  let server: Server;
  let clientId: string;
  let status: number;
  let reads: number;
  let clock: number;
  let documents: ClientDocuments;

  before(async () => {
    server = createServer((_req, res) => {
      reads++;
      const keys = { jwks: { keys: [{ kty: "RSA" }] } };
      const named = { client_id: clientId, client_name: "Agent", ...keys };
      res.writeHead(status).end(JSON.stringify({ ...named, token_endpoint_auth_method: "private_key_jwt" }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    clientId = `http://127.0.0.1:${(server.address() as AddressInfo).port}/client.json`;
  });
  after(() => new Promise((resolve) => server.close(resolve)));

  beforeEach(async () => {
    [status, reads, clock] = [200, 0, 1_000_000];
    const unlimited = { use: async () => 0, wait: async () => 0, reset: async () => {} };
    documents = clientDocuments({ allowPrivateNetwork: true }, unlimited, () => clock);
    assert.match((await documents.read(clientId)).name, /^Agent/);
    clock += maxAgeMs;
  });
  const refusedAs = (name: string) => assert.rejects(documents.read(clientId), { name });

  it("is unavailable while its host is down, is read again after five seconds, and then good again", async () => {
    status = 503;
    for (let tries = 0; tries < 3; tries++) await refusedAs("UnavailableError");
    assert.equal(reads, 2);
    clock += 5_000;
    await refusedAs("UnavailableError");
    assert.equal(reads, 3);
    status = 200;
    clock += 5_000;
    assert.match((await documents.read(clientId)).name, /^Agent/);
  });

  for (const withdrawn of [404, 410])
    it(`makes the client invalid if its host answers ${withdrawn}, also after an outage`, async () => {
      status = 502;
      await refusedAs("UnavailableError");
      clock += 5_000;
      status = withdrawn;
      await refusedAs("InvalidError");
    });
});
