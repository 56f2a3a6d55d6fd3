import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { TlsOptions } from "node:tls";
import type { RuleResult } from "oin-kit/check/report";
import type { Area } from "oin-kit/check/rules/rule";
import { type CheckOutcome, runCheck } from "oin-kit/check/run";
import { connectionTypes } from "../../../src/sign-in-protocols.ts";
import { type Certificate, selfSigned } from "../../helpers/https.ts";
import { freePort } from "../../helpers/postgres-server.ts";
import { checkout } from "../../helpers/readiness.ts";

/** This machine by an address that is not loopback, because the check does not judge certificates on loopback. */
const host = "0.0.0.0";

/** Runs in another process, because Node reads trusted certificates when it starts. */
async function judged(port: number, trusted?: string): Promise<(rule: string) => RuleResult | undefined> {
  const words = [
    "--import",
    "tsx",
    "packages/oin-kit/bin/oin-check.js",
    "--only",
    "site",
    "--url",
    `https://${host}:${port}`,
    "--json",
  ];
  const env = { PATH: process.env.PATH, ...(trusted ? { NODE_EXTRA_CA_CERTS: trusted } : {}) };
  const child = spawn(process.execPath, words, { env, stdio: ["ignore", "pipe", "inherit"] });
  const { results } = JSON.parse(await text(child.stdout)) as CheckOutcome;
  return (rule) => results.find((result) => result.rule === rule);
}

describe("oin:check of a deployment's TLS", () => {
  let certificate: Certificate;
  before(() => {
    certificate = selfSigned(`IP:${host}`);
  });
  after(() => certificate.remove());

  async function withServer(
    options: TlsOptions,
    work: (port: number) => Promise<void>,
    headers: Record<string, string> = {},
  ): Promise<void> {
    const tls = { key: certificate.key, cert: certificate.cert, ...options };
    const server = createServer(tls, (_req, res) => res.writeHead(200, headers).end());
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    try {
      await work((server.address() as AddressInfo).port);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  it("refuses an untrusted certificate", async () => {
    await withServer({}, async (port) => {
      const result = await judged(port);
      assert.equal(result("site-certificate")?.verdict, "fail");
      assert.match(result("site-certificate")?.seen ?? "", /not trusted/);
      assert.deepEqual(
        [result("site-tls-version")?.verdict, result("site-tls-version")?.seen],
        ["pass", "TLSv1.3"],
      );
    });
  });

  it("warns of a certificate that expires soon", async () => {
    await withServer({}, async (port) => {
      const result = (await judged(port, certificate.path))("site-certificate");
      assert.equal(result?.verdict, "warning");
      assert.match(result?.seen ?? "", /it ends soon: 20\d\d-/);
    });
  });

  it("asks for HSTS, and for cookies that are sent over https only", async () => {
    const lax = "form=1; HttpOnly; SameSite=Lax";
    const verdicts = async (port: number) => {
      const result = await judged(port, certificate.path);
      return ["site-hsts", "site-cookies"].map((rule) => result(rule)?.verdict);
    };
    await withServer({}, async (port) => assert.deepEqual(await verdicts(port), ["warning", "warning"]), {
      "set-cookie": lax,
    });
    await withServer({}, async (port) => assert.deepEqual(await verdicts(port), ["pass", "pass"]), {
      "set-cookie": `${lax}; Secure`,
      "strict-transport-security": "max-age=31536000",
    });
  });

  it("refuses TLS 1.1", async () => {
    const old: TlsOptions = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" };
    await withServer(old, async (port) => {
      const result = (await judged(port))("site-tls-version");
      assert.deepEqual([result?.verdict, result?.seen], ["fail", "TLSv1.1"]);
    });
  });

  it("reports a server that does not respond", async () => {
    const result = (await judged(await freePort()))("site-certificate");
    assert.match(result?.seen ?? "", /no TLS connection: .*ECONNREFUSED/);
  });

  it("fails in every area if the server does not respond, and passes nothing", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const areas: Area[] = ["site", ...connectionTypes, "universal-logout", "agents", "guides", "scim"];
    const options = {
      url,
      scimUrl: `${url}/scim/v2`,
      scimToken: "token",
      idpMetadata: null,
      areas,
      connections: ["acme"],
    };
    const { results } = await runCheck(options, checkout);
    const failed = results.filter(({ verdict }) => verdict === "fail").map(({ rule }) => rule);
    assert.deepEqual(failed, [
      "site-reachable",
      "oidc-served",
      "saml-served", // SAML
      "ul-served",
      "agents-metadata",
      "guide-public",
      "scim-reachable",
    ]);
    const passed = results.filter(({ verdict }) => verdict === "pass").map(({ rule }) => rule);
    assert.deepEqual(passed, ["scim-token-given", "scim-url-underscore", "scim-url-length"]);
  });

  it("judges https and the Wizard's origin if the deployment is on another machine", async () => {
    const options = {
      url: "http://app.invalid",
      scimUrl: null,
      scimToken: null,
      idpMetadata: null,
      areas: ["site" as const],
      connections: [],
    };
    const { results } = await runCheck(options, checkout);
    const verdict = (rule: string) => results.find((result) => result.rule === rule)?.verdict;
    assert.deepEqual(
      [verdict("site-https"), verdict("site-origin"), verdict("site-reachable")],
      ["fail", "warning", "fail"],
    );
  });
});
