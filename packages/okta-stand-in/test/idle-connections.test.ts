import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { addApp, integration, oidcSignOn, startStandIn, type TestOrg } from "../src/testing.ts";

describe("the stand-in org's connection to an application", () => {
  let org: TestOrg;
  let server: Server;
  let url: string;
  const connections: Promise<unknown>[] = [];
  before(async () => {
    org = await startStandIn();
    server = createServer((_req, res) => {
      res.writeHead(200, { "content-type": "application/scim+json", "keep-alive": "timeout=3" }).end("{}");
    });
    // It announces three seconds but never closes a connection itself, so only the org can.
    server.keepAliveTimeout = 0;
    server.on("connection", (socket) => void connections.push(once(socket, "close")));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/scim/v2`;
  });
  after(async () => {
    await org.close();
    server.closeAllConnections();
    server.close();
  });

  it("is reused, and closed before the application's keep-alive timeout ends", async () => {
    const app = addApp(org, oidcSignOn("http://localhost:9/callback"));
    app.provisioning = integration(url);
    const send = org.provisioner.sender(app, "a test");
    for (let call = 0; call < 3; call++) assert.equal((await send("GET", "/Users")).status, 200);
    assert.ok(connections.length < 3, `${connections.length} for three calls`);
    await Promise.all(connections);
  });
});
