import assert from "node:assert/strict";
import { createPublicKey, createVerify } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import { authnRequestForm, authnRequestUrl, newRequestId } from "saml-policy/request";
import { serviceProvider, spKey } from "./response.ts";

const request = {
  id: newRequestId(),
  relayState: "state",
  ssoUrl: "https://idp.example/sso?app=1",
  privateKey: null,
};

describe("authnRequestUrl", () => {
  it("sends the id, the addresses and RelayState by the redirect binding", async () => {
    const url = new URL(await authnRequestUrl(serviceProvider, request));
    assert.equal(url.origin + url.pathname, "https://idp.example/sso");
    assert.deepEqual([...url.searchParams.keys()].sort(), ["RelayState", "SAMLRequest", "app"]);
    assert.equal(url.searchParams.get("RelayState"), "state");
    const encoded = Buffer.from(url.searchParams.get("SAMLRequest") ?? "", "base64");
    const xml = inflateRawSync(encoded).toString();
    assert.match(xml, new RegExp(` ID="${request.id}"`));
    assert.match(xml, / AssertionConsumerServiceURL="https:\/\/app\.example\/acs"/);
    assert.match(xml, /<saml:Issuer[^>]*>https:\/\/app\.example\/metadata</);
    assert.doesNotMatch(xml, /ForceAuthn|RequestedAuthnContext|Format=/);
  });

  it("signs with the private key, and asks for a new sign-in", async () => {
    const sp = { ...serviceProvider, forceAuthn: true };
    const url = new URL(await authnRequestUrl(sp, { ...request, privateKey: spKey.privateKey }));
    const encoded = Buffer.from(url.searchParams.get("SAMLRequest") ?? "", "base64");
    assert.match(inflateRawSync(encoded).toString(), / ForceAuthn="true"/);
    const [, signed = "", signature = ""] = /\?app=1&(.*)&Signature=(.*)$/.exec(url.href) ?? [];
    const verify = createVerify("sha256").update(signed);
    assert.ok(verify.verify(createPublicKey(spKey.privateKey), decodeURIComponent(signature), "base64"));
  });

  it("makes ids that are XML names, and never the same", () => {
    assert.match(newRequestId(), /^_[0-9a-f]{40}$/);
    assert.notEqual(newRequestId(), newRequestId());
  });
});

describe("authnRequestForm", () => {
  it("holds the request, which is not compressed, and RelayState", async () => {
    const form = await authnRequestForm(serviceProvider, request);
    assert.deepEqual(Object.keys(form), ["SAMLRequest", "RelayState"]);
    assert.equal(form.RelayState, "state");
    const xml = Buffer.from(form.SAMLRequest, "base64").toString();
    assert.match(xml, new RegExp(`<samlp:AuthnRequest[^>]* ID="${request.id}"`));
    assert.match(xml, / Destination="https:\/\/idp\.example\/sso\?app=1"/);
    assert.doesNotMatch(xml, /Signature/);
  });

  it("is signed inside the XML with the private key", async () => {
    const form = await authnRequestForm(serviceProvider, { ...request, privateKey: spKey.privateKey });
    const xml = Buffer.from(form.SAMLRequest, "base64").toString();
    assert.match(xml, /<\/saml:Issuer><Signature[^>]*>.*rsa-sha256/s);
    assert.match(xml, new RegExp(`<Reference URI="#${request.id}"`));
  });
});
