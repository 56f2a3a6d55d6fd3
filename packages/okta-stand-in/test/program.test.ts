import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { OrgState } from "../src/state.ts";
import { addTo, integration, oidcSignOn, startStandIn } from "../src/testing.ts";
import { Visitor } from "../src/visitor.ts";

const program = fileURLToPath(new URL("../bin/okta-stand-in.js", import.meta.url));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("okta-stand-in as a program", () => {
  let folder: string;
  let child: ChildProcess | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "okta-stand-in-"));
  });
  afterEach(() => {
    child?.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });

  it("serves discovery, SAML metadata, dashboard and Admin Console, and exits on SIGTERM", async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    child = spawn(process.execPath, [program, "--port", String(port)], { cwd: folder, stdio: "pipe" });
    assert.ok(child.stdout);
    const [line] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
    assert.ok(line.includes(`${url}/admin`), line);
    const discovery = await fetch(`${url}/.well-known/openid-configuration`);
    assert.equal(((await discovery.json()) as { issuer: string }).issuer, url);
    const visitor = new Visitor(url, url);
    const apps = (await visitor.get("/admin/apps")).text;
    const [, appId] = /\/instance\/(0oa\w+)"[^>]*>Sample SAML app/.exec(apps) ?? [];
    const signOn = (await visitor.get(`/admin/apps/${appId}/sign-on`)).text;
    const [metadataUrl = ""] = /http[^<"]*\/sso\/saml\/metadata/.exec(signOn) ?? [];
    assert.match(await (await fetch(metadataUrl)).text(), /IDPSSODescriptor/);
    assert.equal((await visitor.post("/login", { username: "grace@example.com" })).status, 303);
    assert.match((await visitor.get("/app/UserHome")).text, /Sample OIDC app/);
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "exit"), [0, null]);
  });

  it("loads its seed when the parent process asks, pushes, and stores the result", async () => {
    const file = join(folder, "org.json");
    const seed = join(folder, "seed.json");
    const words = ["--port", String(await freePort()), "--file", file, "--seed", seed];
    child = spawn(process.execPath, [program, ...words], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    assert.deepEqual((await once(child, "message"))[0], "ready");
    const told = async (word: string): Promise<OrgState> => {
      const answer = child && once(child, "message");
      child?.send(word);
      assert.equal((await answer)?.[0], "resumed");
      return JSON.parse(readFileSync(file, "utf8")) as OrgState;
    };
    const pending = { remoteId: null, state: "pending", problem: null };
    const grace = { id: "00u1", login: "grace@example.com", email: "grace@example.com" };
    const app = {
      ...{ id: "0oa1", name: "app", label: "App", active: true, universalLogout: null, pushGroups: {} },
      signOn: oidcSignOn("http://127.0.0.1:9/callback"),
      // Nothing listens there.
      provisioning: integration("http://127.0.0.1:9/scim/v2"),
      assignments: { "00u1": pending },
    };
    const name = { firstName: "Grace", middleName: "", lastName: "Hopper", status: "ACTIVE" };
    const content = { people: { "00u1": { ...grace, ...name } }, groups: {}, apps: { "0oa1": app } };
    writeFileSync(seed, JSON.stringify(content));

    const first = await told("reset");
    assert.equal(first.apps["0oa1"]?.assignments["00u1"]?.state, "failed");
    assert.match(first.apps["0oa1"]?.assignments["00u1"]?.problem ?? "", /ECONNREFUSED/);
    writeFileSync(seed, JSON.stringify({ ...content, apps: {} }));
    const second = await told("reset");
    assert.deepEqual(second.apps, {});
    assert.ok(second.keys.length > 0);
    assert.deepEqual([second.keys, second.idpId], [first.keys, first.idpId], "keys and id stay");
  });

  it("resumes the pending pushes of its file if no parent process controls it", async () => {
    const file = join(folder, "org.json");
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const asked = new Promise<string>((resolve) => {
      server.on("request", ({ url = "" }, res) => {
        resolve(url);
        res.writeHead(400).end();
      });
    });
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/scim/v2`;
    const person = { id: "00u1", login: "grace@example.com", email: "grace@example.com", firstName: "Grace" };
    const app = {
      ...{ id: "0oa1", name: "app", label: "App", active: true, universalLogout: null, pushGroups: {} },
      signOn: oidcSignOn("http://127.0.0.1:9/callback"),
      provisioning: integration(baseUrl),
      assignments: { "00u1": { remoteId: null, state: "pending", problem: null } },
    };
    const people = { "00u1": { ...person, middleName: "", lastName: "Hopper", status: "ACTIVE" } };
    writeFileSync(
      file,
      JSON.stringify({ idpId: "00o1", keys: [], people, groups: {}, apps: { "0oa1": app } }),
    );
    const words = ["--port", String(await freePort()), "--file", file];
    child = spawn(process.execPath, [program, ...words], { stdio: "ignore" });
    assert.match(
      decodeURIComponent(await asked),
      /^\/scim\/v2\/Users\?filter=userName eq "grace@example\.com"/,
    );
    server.closeAllConnections();
    server.close();
  });

  it("links back to the program around it, and lets a link sign a person in, if it is told to", async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const back = ["--back-to", "http://localhost:9/demo", "--back-to-label", "The story"];
    const words = ["--port", String(port), ...back, "--sign-in-by-link"];
    child = spawn(process.execPath, [program, ...words], { cwd: folder, stdio: "pipe" });
    assert.ok(child.stdout);
    await once(child.stdout, "data");
    const visitor = new Visitor(url, url);
    for (const path of ["/login", "/admin/apps", "/no-such-page"])
      assert.match(
        (await visitor.get(path)).text,
        /<a href="http:\/\/localhost:9\/demo">The story →<\/a>/,
        path,
      );
    const link = "/sign-in-by-link?username=grace%40example.com&fromURI=";
    assert.equal((await visitor.get(`${link}//evil.example`)).location, "/app/UserHome");
    assert.equal((await visitor.get(`${link}/app/UserHome`)).location, "/app/UserHome");
    assert.match((await visitor.get("/app/UserHome")).text, /Sample OIDC app/);
    assert.match((await visitor.get("/sign-in-by-link?username=nobody")).text, /No person has this username/);
  });

  it("has neither by default, and refuses a sign-in by link at a public address", async () => {
    const org = await startStandIn();
    const visitor = org.browser();
    const person = addTo(org, { login: "grace@example.com" });
    assert.equal((await visitor.get(`/sign-in-by-link?username=${person.login}`)).status, 404);
    assert.doesNotMatch((await visitor.get("/login")).text, /→<\/a>/);
    await org.close();
    const words = ["--url", "https://org.example", "--sign-in-by-link"];
    child = spawn(process.execPath, [program, ...words], { stdio: "pipe" });
    const [stderr, [code]] = await Promise.all([text(child.stderr ?? process.stdin), once(child, "exit")]);
    assert.equal(code, 1);
    assert.match(stderr, /at a loopback address only, not at https:\/\/org\.example/);
  });

  it("explains its options after an unknown one", async () => {
    child = spawn(process.execPath, [program, "--prot", "1"], { stdio: "pipe" });
    const [stderr, [code]] = await Promise.all([text(child.stderr ?? process.stdin), once(child, "exit")]);
    assert.equal(code, 1);
    assert.match(stderr, /--prot[\s\S]*Usage: okta-stand-in/);
  });
});
