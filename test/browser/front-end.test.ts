import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { builtFrontEnd, frontEndOfVite } from "../../examples/embedded-router/src/front-end.ts";
import { invoices } from "../../examples/embedded-router/src/invoices.ts";
import type { HostRouter } from "../../src/web/host-routers.ts";
import { describeInBrowser, takeSession } from "../helpers/browser.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { useSite } from "../helpers/site.ts";

/** The modules of a dev server: like Vite's, the client opens a WebSocket, and a style is put into the page. */
const modules: Record<string, string> = {
  "/app/@vite/client": `
    const style = document.createElement("style");
    style.textContent = "h1 { color: rgb(1, 2, 3); }";
    document.head.append(style);
    const socket = new WebSocket(new URL("/app/", import.meta.url.replace("http", "ws")), "vite-hmr");
    socket.addEventListener("open", () => document.body.setAttribute("data-socket", "open"));`,
  "/app/src/main.js": `
    import "./other.js";
    const me = await (await fetch("/me")).json();
    const heading = document.createElement("h1");
    heading.textContent = me.tenant.name;
    document.querySelector("#root").append(heading);`,
  "/app/src/other.js": `await fetch(import.meta.url);`,
};

async function startDevServer(): Promise<Server> {
  const server = createServer((req, res) => {
    res.setHeader("Access-Control-Allow-Origin", req.headers.origin ?? "*");
    res.setHeader("Content-Type", "text/javascript");
    res.end(modules[req.url ?? ""] ?? "");
  });
  // The opening handshake alone (RFC 6455 §4.2.2).
  server.on("upgrade", ({ headers }, socket) => {
    const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    const accept = createHash("sha1").update(`${headers["sec-websocket-key"]}${guid}`).digest("base64");
    const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
    socket.write(
      [...lines, `Sec-WebSocket-Accept: ${accept}`, "Sec-WebSocket-Protocol: vite-hmr", "", ""].join("\r\n"),
    );
    socket.on("error", () => undefined);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return server;
}

describeInBrowser("a product's front end", (browser) => {
  onOneDatabase((use) => {
    const built = builtFrontEnd(resolve("examples/embedded-router/public/app"));
    const site = useSite(use, { hostRouters: [invoices("unused"), built] });

    it("runs as Vite builds it, under the content security policy, and changes data", async () => {
      const page = await browser.open({ viewport: { width: 390, height: 800 } });
      await takeSession(page, site().app, await site().clientOf(site().owner));
      await page.goto(`${site().app.url}/app/invoices`);
      await page.getByRole("heading", { name: `Invoices of ${site().acme.tenant.name}` }).waitFor();
      const colour = await page.locator("h1").evaluate((heading) => getComputedStyle(heading).color);
      assert.equal(colour, "rgb(0, 90, 60)");
      assert.equal(
        await page.locator("img").evaluate((image) => (image as HTMLImageElement).naturalWidth),
        8,
      );
      await page.getByRole("button", { name: "Add an invoice" }).click();
      await page.getByText("1: 100").waitFor();
    });
  });

  describe("from a dev server", () => {
    onOneDatabase((use) => {
      let devServer: Server;
      const hostRouters: HostRouter[] = [];
      before(async () => {
        devServer = await startDevServer();
        const { port } = devServer.address() as AddressInfo;
        hostRouters.push(frontEndOfVite(`http://localhost:${port}`));
      });
      after(() => {
        devServer.closeAllConnections();
        devServer.close();
      });
      const site = useSite(use, { hostRouters });

      it("runs with its scripts, its styles in the page and its WebSocket", async () => {
        const page = await browser.open();
        await takeSession(page, site().app, await site().clientOf(site().owner));
        await page.goto(`${site().app.url}/app`);
        await page.getByRole("heading", { name: site().acme.tenant.name }).waitFor();
        const colour = await page.locator("h1").evaluate((heading) => getComputedStyle(heading).color);
        assert.equal(colour, "rgb(1, 2, 3)");
        await page.locator("body[data-socket=open]").waitFor({ state: "attached" });
      });
    });
  });
});
