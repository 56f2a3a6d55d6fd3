import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { createApp } from "../../src/app.ts";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import { createLog } from "../../src/log.ts";
import type { Connection } from "../../src/model.ts";
import { quietConfig } from "../../tools/guide/src/quiet-config.ts";
import { apiKeyOf } from "../helpers/api-keys.ts";
import { createSigningKey } from "../helpers/certificates.ts"; // SAML
import { onOneDatabase } from "../helpers/databases.ts";
import { everyPage, type PageCase } from "../helpers/every-page.ts";
import { lastMailTo, type MailCatcher, mailServerOf, sendMail, startMailCatcher } from "../helpers/mail.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../helpers/openid-provider.ts";
import { connectOrg, orgOptions } from "../helpers/org.ts";
import { until } from "../helpers/processes.ts";
import { sendSlowly } from "../helpers/raw.ts";
import { everyRoute, pathOf } from "../helpers/routes.ts";
import { samlSettings } from "../helpers/saml-settings.ts"; // SAML
import { oktaUser } from "../helpers/scim.ts";
import { useSite } from "../helpers/site.ts";

const evil = "evil.example";

/** Headers by which a client, or a proxy that passes them on, names another host. */
const hostile: Record<string, Record<string, string>> = {
  Host: { host: evil },
  "Host with a port": { host: `${evil}:8443` },
  "Host with markup": { host: `"><script>${evil}` },
  "Host with a user": { host: `localhost@${evil}` },
  "X-Forwarded-Host": { "x-forwarded-host": evil, "x-forwarded-proto": "https", "x-forwarded-port": "8443" },
  Forwarded: { forwarded: `host=${evil};proto=https` },
  "the headers of other servers": {
    "x-host": evil,
    "x-original-host": evil,
    "x-forwarded-server": evil,
    "x-http-host-override": evil,
    "x-forwarded-prefix": `//${evil}`,
    "x-original-url": `//${evil}/admin`,
    "x-rewrite-url": `//${evil}/admin`,
  },
};
const all = Object.assign({}, ...Object.values(hostile).reverse()) as Record<string, string>;

interface Got {
  status: number;
  /** The header and the body, as they came. */
  everything: string;
}

function ask(
  url: string,
  {
    method = "GET",
    path,
    headers = {},
    body,
  }: { method?: string; path: string; headers?: object; body?: string },
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { method, headers: { ...headers } }, (res) => {
      let text = "";
      res.setEncoding("utf8");
      res.on("data", (chunk: string) => {
        text += chunk;
      });
      res.on("end", () =>
        resolve({ status: res.statusCode ?? 0, everything: `${res.rawHeaders.join("\n")}\n\n${text}` }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

describe("a request that names another host", () => {
  onOneDatabase((use) => {
    // Express believes X-Forwarded-Host of a proxy that it trusts.
    let catcher: MailCatcher;
    const site = useSite(use, { ...orgOptions, trustProxy: 1, forwardAuthAudiences: ["x"] });
    let op: OpenIdProvider;
    let pages: PageCase[];
    let oidc: Connection;
    let saml: Connection; // SAML
    before(async () => {
      catcher = await startMailCatcher();
      op = await startOpenIdProvider();
      pages = await everyPage(use, site());
      oidc = await connectOrg(op, { baseUrl: site().app.url, tenant: site().acme });
      // SAML {
      const { certificate } = await createSigningKey("acme");
      const settings = { ...samlSettings, certificates: [certificate] };
      saml = await site().acme.connection({ type: "saml", settings });
      // SAML }
    });
    after(async () => {
      await op.close();
      await catcher.close();
    });

    const address = () => site().app.url.replace("localhost", "127.0.0.1");
    const form = { "content-type": "application/x-www-form-urlencoded", accept: "text/html" };

    async function assertNowhere(name: string, wanted: Parameters<typeof ask>[1]): Promise<void> {
      const got = await ask(address(), wanted);
      assert.ok(!got.everything.toLowerCase().includes("evil"), `${name}: ${got.everything.slice(0, 2_000)}`);
      const failed = site().app.logged.find(({ event }) => event === "request.failed");
      assert.ok(got.status < 500, `${name}: ${got.status} ${JSON.stringify(failed)}`);
    }

    it("gets none of it back on any page", async function () {
      this.timeout(120_000);
      for (const page of pages.filter(({ form: sent }) => !sent)) {
        const client = page.as === null ? site().app.client() : await site().clientOf(page.as);
        const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
        await assertNowhere(page.name, { path: page.path, headers: { ...all, cookie, accept: "text/html" } });
      }
      assert.ok(pages.length > 50);
    });

    it("gets none of it back from any address for machines, in links, metadata, redirects or challenges", async () => {
      const { app, acme, owner } = site();
      const { database } = use();
      const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
      const scim = bearer((await createToken(acme.store)).token);
      const key = bearer((await apiKeyOf(acme.store, owner)).key);
      const created = await ask(address(), {
        method: "POST",
        path: "/scim/v2/Users",
        headers: { ...scim, "content-type": "application/scim+json" },
        body: JSON.stringify(oktaUser("hosted@acme.example", { password: undefined })),
      });
      assert.equal(created.status, 201, created.everything);
      const config = quietConfig({ baseUrl: app.url, forwardAuthAudiences: ["x"] });
      const keys = [oidc.key];
      keys.push(saml.key); // SAML
      const routes = everyRoute(createApp({ config, database, log: createLog("silent") }));
      const paths = new Set<string>();
      for (const { method, path } of routes) {
        if (method !== "GET" || path.endsWith("/events")) continue;
        for (const id of keys) paths.add(pathOf({ path }, id));
      }
      assert.ok(paths.size > 100, `${paths.size} paths`);
      const credentialAt = (path: string) =>
        path.startsWith("/scim") ? scim : /^\/(api|mcp)/.test(path) ? key : {};
      for (const path of paths)
        await assertNowhere(path, { path, headers: { ...all, ...credentialAt(path) } });
      for (const [path, credential] of [
        ["/scim/v2/Users", scim],
        ["/scim/v2/ServiceProviderConfig", scim],
        ["/.well-known/oauth-protected-resource/mcp", {}],
        ["/.well-known/oauth-authorization-server", {}],
        [`/oidc/${oidc.key}/login`, {}],
        [`/saml/${saml.key}/login`, {}], // SAML
        [`/saml/${saml.key}/metadata`, {}], // SAML
      ] as const) {
        for (const [name, headers] of Object.entries(hostile)) {
          const got = await ask(address(), { path, headers: { ...headers, ...credential } });
          assert.ok(got.status < 400, `${path}, ${name}: ${got.status}`);
          assert.ok(!/evil/i.test(got.everything), `${path}, ${name}`);
          const own = decodeURIComponent(got.everything.replaceAll("+", " "));
          // SAML {
          // The request in this redirect is compressed.
          if (path.startsWith("/saml/") && path.endsWith("/login")) continue;
          // SAML }
          assert.ok(own.includes(app.url), `${path}, ${name}`);
        }
      }
      for (const path of [
        "/mcp",
        "/api/v1/none",
        "/scim/v2/Users",
        "/oauth2/token",
        "/global-token-revocation",
      ])
        await assertNowhere(path, {
          method: "POST",
          path,
          headers: { ...all, "content-type": "application/json" },
          body: "{}",
        });
    });

    it("is not a page of its own: a form needs the origin of the deployment, whichever host it names", async () => {
      const path = `/login/password/${site().acme.tenant.slug}`;
      const body = "loginName=a&password=b";
      for (const host of [evil, new URL(site().app.url).host]) {
        for (const scheme of ["http", "https"]) {
          const headers = { ...form, host, "x-forwarded-host": host, "x-forwarded-proto": scheme };
          const own = { ...headers, origin: `${scheme}://${evil}` };
          const got = await ask(address(), { method: "POST", path, headers: own, body });
          assert.match(got.everything, /That came from another site/, `${host} ${scheme}`);
        }
      }
      const got = await ask(address(), {
        method: "POST",
        path,
        headers: { ...form, ...all, origin: site().app.url },
        body,
      });
      assert.equal(got.status, 403);
      assert.match(got.everything, /You could not be signed in/);
    });

    it("leads no mail to the other host", async () => {
      const mail = mailServerOf(catcher);
      const config = quietConfig({ baseUrl: site().app.url, mail, trustProxy: 1 });
      const app = createApp({ config, database: use().database, log: createLog("silent") });
      const server = app.listen(0, "127.0.0.1");
      await new Promise((resolve) => server.once("listening", resolve));
      const { port } = server.address() as { port: number };
      const path = `/login/password/${site().acme.tenant.slug}/forgotten`;
      const headers = { ...form, ...all, origin: site().app.url };
      const body = `loginName=${encodeURIComponent(site().owner.loginName)}`;
      const got = await ask(`http://127.0.0.1:${port}`, { method: "POST", path, headers, body });
      assert.equal(got.status, 200);
      const sent = async () => {
        await sendMail(use().database, mail, { baseUrl: site().app.url });
        return catcher.mails.length > 0;
      };
      // The mail is added after the answer.
      await until("the mail is sent", sent);
      const found = lastMailTo(catcher, site().owner.loginName);
      assert.ok(
        found.links.length > 0 && found.links.every((link) => link.startsWith(site().app.url)),
        found.links.join(),
      );
      assert.ok(!JSON.stringify(found).includes("evil"));
      server.close();
    });

    it("is answered by path alone if its first line names the other host, and refused without a host", async () => {
      const port = Number(new URL(site().app.url).port);
      const whole = await sendSlowly(
        port,
        `GET http://${evil}/login HTTP/1.1\r\nHost: ${evil}\r\nConnection: close\r\n\r\n`,
      );
      assert.equal(whole.status, 200);
      assert.ok(!/evil/.test(whole.header + whole.body));
      const without = await sendSlowly(port, "GET /login HTTP/1.1\r\nConnection: close\r\n\r\n");
      assert.equal(without.status, 400);
    });
  });

  it("is read by no code of the application", () => {
    const read =
      /\breq(uest)?\.(hostname|host|protocol|subdomains)\b|headers\.host\b|["'](x-forwarded-(host|proto|port)|forwarded|host)["']/i;
    for (const folder of ["src", "packages/scim-server/src", "packages/saml-policy/src"]) {
      for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
        if (!name.endsWith(".ts")) continue;
        const code = readFileSync(`${folder}/${name}`, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
        assert.ok(!read.test(code), `${folder}/${name}: ${read.exec(code)?.[0]}`);
      }
    }
  });
});
