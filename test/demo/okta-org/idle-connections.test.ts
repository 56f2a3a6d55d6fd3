import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { until } from "../../helpers/processes.ts";
import { addApp, integration, oidcSignOn, type StandIn, startStandIn } from "../../helpers/stand-in.ts";

describe("the stand-in org's connection with an application", () => {
  let org: StandIn;
  let server: Server;
  let url: string;
  let connections = 0;
  let open = 0;
  before(async () => {
    org = await startStandIn();
    server = createServer((_req, res) => {
      res.writeHead(200, { "content-type": "application/scim+json", "keep-alive": "timeout=3" }).end("{}");
    });
    // It says three seconds, and never closes a connection: whoever does, is the org.
    server.keepAliveTimeout = 0;
    server.on("connection", (socket) => {
      connections++;
      open++;
      socket.once("close", () => open--);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/scim/v2`;
  });
  after(async () => {
    await org.close();
    server.closeAllConnections();
    server.close();
  });

  it("is used again, and given up before the application's time for it is over", async () => {
    const app = addApp(org, oidcSignOn("http://localhost:9/callback"));
    app.provisioning = integration(url);
    const send = org.provisioner.sender(app, "a test");
    for (let call = 0; call < 3; call++) assert.equal((await send("GET", "/Users")).status, 200);
    assert.ok(connections < 3, `${connections} for three calls`);
    await until("it is closed", () => open === 0);
  });
});
