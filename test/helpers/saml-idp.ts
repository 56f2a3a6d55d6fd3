import { createPublicKey } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { deflateRawSync } from "node:zlib";
import express from "express";
import samlp from "samlp";
import type { SigningKey } from "./certificates.ts";
import { idpMetadata } from "./idp-metadata.ts";

/** A person as the provider knows them. */
interface ProviderPerson {
  email: string;
  firstName: string;
  lastName: string;
}

/** An identity provider by another vendor, on its own port. */
export interface SamlIdp {
  entityId: string;
  /** The origin for browsers; `address` is the one that it listens on. */
  origin: string;
  address: string;
  metadataUrl: string;
  person: ProviderPerson;
  /** Signs responses; `published` are the keys in the metadata. */
  key: SigningKey;
  published: SigningKey[];
  /** The certificate to encrypt for, PEM; null does not encrypt. */
  encryptFor: string | null;
  /** The service provider of the dashboard's tile, and the RelayState that the tile sends. */
  tile: { entityId: string; acsUrl: string; relayState: string } | null;
  close(): Promise<void>;
}

const button = (form: string) =>
  `<!doctype html><title>Org</title><link rel=icon href="data:,"><form method=get>${form}<button>Sign in to the org</button></form>`;

/**
 * samlp (not the library that validates) as an identity provider: it signs response and assertion with SHA-256. A person
 * presses a button to sign in, so that a test can see the page.
 */
export async function startSamlIdp(key: SigningKey, origin?: string): Promise<SamlIdp> {
  const app = express();
  app.get("/metadata", (_req, res) => {
    const keys = idp.published.map(({ certificate }) => ["signing", certificate] as const);
    const services = [["Redirect", `${idp.origin}/sso`]] as ["Redirect", string][];
    res
      .type("xml")
      .send(idpMetadata({ entityId: idp.entityId, keys: [...keys].map(([use, c]) => [use, c]), services }));
  });
  app.get("/sso", (req, res, next) => {
    if (req.query.go !== undefined) return next();
    const hidden = Object.entries(req.query).map(
      ([name, value]) => `<input type=hidden name=${name} value="${String(value)}">`,
    );
    res.send(button(`${hidden.join("")}<input type=hidden name=go value=1>`));
  });
  // The POST binding (SAML Bindings §3.5). samlp reads requests of the redirect binding, so the person is sent there.
  app.post("/sso", express.urlencoded({ extended: false, limit: "100kb" }), (req, res) => {
    const { SAMLRequest, RelayState } = req.body as Record<string, string>;
    const request = deflateRawSync(Buffer.from(SAMLRequest ?? "", "base64")).toString("base64");
    res.redirect(303, `/sso?${new URLSearchParams({ SAMLRequest: request, RelayState: RelayState ?? "" })}`);
  });
  app.get("/dashboard", (_req, res) => {
    res.send(`<!doctype html><title>Org</title><link rel=icon href="data:,"><a href="/sso?go=1">Tile</a>`);
  });
  app.get("/sso", (req, res, next) => {
    const acsUrl = idp.tile?.acsUrl ?? "";
    samlp.auth({
      issuer: idp.entityId,
      cert: idp.key.certificatePem,
      key: idp.key.privateKey,
      audience: idp.tile?.entityId ?? "",
      recipient: acsUrl,
      destination: acsUrl,
      signResponse: true,
      ...(req.query.SAMLRequest === undefined ? { RelayState: idp.tile?.relayState ?? "" } : {}),
      ...(idp.encryptFor ? encryption(idp.encryptFor) : {}),
      getPostURL: (_audience, _request, _req, done) => done(null, acsUrl),
      getUserFromRequest: () => idp.person,
      profileMapper: ({ email, ...names }: ProviderPerson) => ({
        getClaims: () => ({ email, ...names }),
        getNameIdentifier: () => ({
          nameIdentifier: email,
          nameIdentifierFormat: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
        }),
      }),
    })(req, res, next);
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const idp: SamlIdp = {
    entityId: "urn:idp.example:acme",
    origin: origin ?? address,
    address,
    key,
    published: [key],
    metadataUrl: `${address}/metadata`,
    person: { email: "ada@acme.example", firstName: "Ada", lastName: "Lovelace" },
    encryptFor: null,
    tile: null,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return idp;
}

function encryption(encryptionCert: string) {
  const encryptionPublicKey = createPublicKey(encryptionCert).export({
    format: "pem",
    type: "spki",
  }) as string;
  return { encryptionCert, encryptionPublicKey };
}
