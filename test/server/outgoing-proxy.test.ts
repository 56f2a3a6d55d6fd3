import assert from "node:assert/strict";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { runCli } from "../helpers/cli.ts";
import { type ConnectProxy, startConnectProxy } from "../helpers/connect-proxy.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { type Certificate, hasOpenssl, selfSigned } from "../helpers/https.ts";
import { idpMetadata } from "../helpers/idp-metadata.ts"; // SAML
import { createTestTenant } from "../helpers/people.ts";

const host = "idp.acme-proxied.example";
const secret = "p%40ss-of-the-proxy";

/** A process of its own, because Node.js reads its certificate authorities and the environment at start. */
describe("the program behind a proxy", () => {
  onOneDatabase((use) => {
    let certificate: Certificate;
    let other: Certificate;
    let origin: Server;
    let proxy: ConnectProxy;
    let slug: string;
    before(() => {
      assert.ok(hasOpenssl, "openssl is needed");
      certificate = selfSigned(`DNS:${host}`);
      other = selfSigned("DNS:elsewhere.example");
    });
    beforeEach(async () => {
      proxy = await startConnectProxy();
      slug = (await createTestTenant(use().database)).tenant.slug;
    });
    afterEach(async () => {
      await proxy.close();
      origin.closeAllConnections();
      await new Promise((resolve) => origin.close(resolve));
    });
    after(() => {
      certificate.remove();
      other.remove();
    });

    /** Serves the provider's documents behind the proxy. */
    async function serve({ key, cert }: Certificate): Promise<void> {
      origin = createServer({ key, cert }, (req, res) => {
        if (req.url === "/metadata") return void res.end(idpMetadata()); // SAML
        if (req.url === "/keys")
          res.end(JSON.stringify({ keys: [{ kty: "RSA", kid: "k", n: "x", e: "AQAB" }] }));
        else
          res.setHeader("content-type", "application/json").end(
            JSON.stringify({
              issuer: `https://${host}`,
              authorization_endpoint: `https://${host}/authorize`,
              token_endpoint: `https://${host}/token`,
              userinfo_endpoint: `https://${host}/userinfo`,
              jwks_uri: `https://${host}/keys`,
              response_types_supported: ["code"],
              subject_types_supported: ["public"],
              id_token_signing_alg_values_supported: ["RS256"],
              code_challenge_methods_supported: ["S256"],
              scopes_supported: ["openid", "profile", "email"],
            }),
          );
      });
      await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
      proxy.leadsTo = (origin.address() as AddressInfo).port;
    }
    const admin = (words: string, trusted: Certificate, more: Record<string, string> = {}) =>
      runCli(
        words.split(" "),
        {
          DATABASE_URL: use().url,
          NODE_EXTRA_CA_CERTS: trusted.path,
          HTTPS_PROXY: `http://svc:${secret}@${proxy.address}`,
          ...more,
        },
        "the secret",
      );
    const connect = (trusted: Certificate, more: Record<string, string>) =>
      admin(
        `connection create ${slug} --type oidc --issuer https://${host} --client-id 0oa1 --client-secret-stdin --check --json`,
        trusted,
        more,
      );
    const targets = () => [...new Set(proxy.asked.map(({ target }) => target))];

    it("reads the provider's documents through it", async function () {
      this.timeout(120_000);
      await serve(certificate);
      // SAML {
      const saml = await admin(
        `connection create ${slug} --type saml --metadata https://${host}/metadata --json`,
        certificate,
        { OUTGOING_PROXY: "env" },
      );
      assert.deepEqual([saml.code, saml.stderr], [0, ""]);
      // SAML }
      const oidc = await connect(certificate, { OUTGOING_PROXY: "env" });
      assert.deepEqual([oidc.code, oidc.stderr], [0, ""]);
      assert.deepEqual(targets(), [`${host}:443`]);
      const authorization = `Basic ${Buffer.from(`svc:${decodeURIComponent(secret)}`).toString("base64")}`;
      assert.deepEqual([...new Set(proxy.asked.map((one) => one.authorization))], [authorization]);
    });

    it("refuses a host whose certificate has another name, and never prints the proxy's password", async function () {
      this.timeout(120_000);
      await serve(other);
      const { code, stdout, stderr } = await connect(other, { OUTGOING_PROXY: "env" });
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, /could not be read: ERR_TLS_CERT_ALTNAME_INVALID/);
      assert.deepEqual(targets(), [`${host}:443`]);
      assert.ok(!stderr.includes("ss-of-the-proxy"));
    });

    it("connects directly unless OUTGOING_PROXY is set, and to the hosts of NO_PROXY", async function () {
      this.timeout(120_000);
      await serve(certificate);
      for (const more of [{}, { OUTGOING_PROXY: "env", NO_PROXY: "acme-proxied.example" }] as Record<
        string,
        string
      >[]) {
        const { code, stderr } = await connect(certificate, more);
        assert.equal(code, 1);
        assert.match(stderr, /could not be resolved/);
      }
      assert.deepEqual(proxy.asked, []);
    });
  });
});
