import assert from "node:assert/strict";
import { judge, type Rule, RuleBrokenError } from "policy-list/policy";
import { assertionRules, attributeRules, subjectRules, verificationRules } from "saml-policy/assertion-rules";
import { consume } from "saml-policy/consume";
import { parseResponse, readText } from "saml-policy/parse";
import { policy } from "saml-policy/policy";
import {
  decryptedRules,
  decryptedTextRules,
  encryptionRules,
  formRules,
  responseRules,
  signatureRules,
} from "saml-policy/response-rules";
import type { SamlReason, ServiceProvider, SignatureForm } from "saml-policy/rule";
import { keepAll, type MemoryPorts, memoryPorts } from "./ports.ts";
import { type Difference, enveloped, now, postedForm, serviceProvider, spKey } from "./response.ts";

/** A response that one rule refuses, and no other. */
interface HostilePost extends Difference {
  sp?: Partial<ServiceProvider>;
  ports?: Partial<MemoryPorts>;
}

const iso = (ms: number) => new Date(now + ms).toISOString();
const replaced = (from: string | RegExp, to: string) => (xml: string) => xml.replace(from, to);
const extensions = (content: string, id = "_extensions") =>
  replaced("<p:Status>", `<p:Extensions ID="${id}">${content}</p:Extensions><p:Status>`);
const advice = (content: string, id = "_advice") =>
  replaced("<a:AuthnStatement", `<a:Advice ID="${id}">${content}</a:Advice><a:AuthnStatement`);
const deep = `${"<x>".repeat(40)}${"</x>".repeat(40)}`;
const inclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
const exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
const rsaSha256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const sha256 = "http://www.w3.org/2001/04/xmlenc#sha256";
const strayed = (id: string) =>
  `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo><CanonicalizationMethod Algorithm="${exclusive}"/><SignatureMethod Algorithm="${rsaSha256}"/><Reference URI="#${id}"><Transforms><Transform Algorithm="${enveloped}"/></Transforms><DigestMethod Algorithm="${sha256}"/><DigestValue>AAAA</DigestValue></Reference></SignedInfo><SignatureValue>AAAA</SignatureValue></Signature>`;
const withoutRequest: Difference = {
  assertion: replaced(/ InResponseTo="[^"]*"/, ""),
  response: (xml) => xml.replace(/ InResponseTo="[^"]*"/, ""),
};
const encryption = {};
const recipient = { certificatePem: spKey.certificatePem };
const unsigned = { signResponse: false };

/** For each rule a response that passes all others: it is accepted as soon as the rule is gone. */
const hostilePosts: Record<string, HostilePost> = {
  form: { form: (form) => void Object.assign(form, { SAMLRequest: "" }) },
  base64: {
    form: (form) =>
      void Object.assign(form, { SAMLResponse: String(form.SAMLResponse).replace(/^.{8}/, "$&*") }),
  },
  size: { assertion: replaced(">Ada<", `>${"x".repeat(270_000)}<`) },
  doctype: { signedResponse: (xml) => `<!DOCTYPE Response>${xml}` },
  markup: { assertion: replaced(">Ada<", ">A<!-- -->da<") },
  characters: { assertion: replaced(">Ada<", ">Ada&#0;<") },
  nesting: { ...unsigned, response: extensions(deep) },
  response: { ...unsigned, response: (xml) => xml.replaceAll("p:Response", "p:LogoutResponse") },
  "response-version": { response: replaced('Version="2.0"', 'Version="1.1"') },
  status: { response: replaced(":Success", ":Responder") },
  "response-issuer": { response: replaced(">https://idp.example<", ">https://evil.example<") },
  destination: { response: replaced(/Destination="[^"]*"/, 'Destination="https://evil.example/acs"') },
  "signed-destination": { response: replaced(/ Destination="[^"]*"/, "") },
  "assertion-count": {
    ...unsigned,
    signedAssertion: (xml) =>
      xml + xml.replace(/<Signature .*<\/Signature>/s, "").replace('"_assertion"', '"_forged"'),
  },
  "unique-ids": { ...unsigned, response: extensions('<x ID="same"/><x ID="same"/>') },
  "signature-place": { ...unsigned, response: extensions(strayed("_extensions")) },
  sha1: { method: "sha1" },
  transforms: { signAssertion: false, transforms: [enveloped, inclusive], sp: { signed: "response" } },
  "encryption-accepted": { encryption, sp: { acceptsEncrypted: false } },
  "encrypted-keys": { encryption: { recipients: Array.from({ length: 9 }, () => recipient) } },
  "decrypted-doctype": { encryption, signedAssertion: (xml) => `<!DOCTYPE Assertion>${xml}` },
  "decrypted-markup": { encryption, assertion: replaced(">Ada<", ">A<!-- -->da<") },
  "decrypted-characters": { encryption, assertion: replaced(">Ada<", ">Ada&#1;<") },
  "decrypted-nesting": { encryption, assertion: advice(deep) },
  "decrypted-assertion-count": { encryption, assertion: advice('<a:Assertion ID="_other"/>') },
  "decrypted-unique-ids": { encryption, assertion: advice('<x ID="same"/><x ID="same"/>') },
  "decrypted-signature-place": { encryption, assertion: advice(strayed("_advice")) },
  "decrypted-sha1": { encryption, ...unsigned, method: "sha1" },
  "decrypted-transforms": { encryption, ...unsigned, transforms: [enveloped, inclusive] },
  signed: { ...unsigned, sp: { signed: "response" } },
  "assertion-version": { assertion: replaced('Version="2.0"', 'Version="1.1"') },
  "assertion-issuer": { assertion: replaced(">https://idp.example<", ">https://evil.example<") },
  audience: { assertion: replaced(">https://app.example/metadata<", ">https://evil.example<") },
  times: { assertion: replaced(` NotOnOrAfter="${iso(300_001)}"`, "") },
  "not-before": { assertion: replaced(iso(-300_000), iso(61_000)) },
  "not-on-or-after": { assertion: replaced(iso(300_001), iso(-60_000)) },
  confirmation: { assertion: replaced("cm:bearer", "cm:holder-of-key") },
  "confirmation-begin": {
    assertion: replaced(" Recipient=", ` NotBefore="${iso(61_000)}" Recipient=`),
  },
  "confirmation-time": { assertion: replaced(iso(300_000), iso(-60_000)) },
  recipient: { assertion: replaced(/Recipient="[^"]*"/, 'Recipient="https://evil.example/acs"') },
  "same-request": { assertion: replaced(/ InResponseTo="[^"]*"/, ' InResponseTo="_other"') },
  "authn-statement": { assertion: replaced(/<a:AuthnStatement[^>]*>/, "") },
  "session-end": {
    assertion: replaced("<a:AuthnStatement ", `<a:AuthnStatement SessionNotOnOrAfter="${iso(-60_000)}" `),
  },
  unsolicited: { ...withoutRequest, sp: { idpInitiated: false } },
  replay: { ...withoutRequest, ports: { consumed: new Map([["_assertion", now]]) } },
  request: { ports: { requests: new Map() } },
  "relay-state": { form: (form) => void Object.assign(form, { RelayState: "other" }) },
  reauthentication: {
    assertion: replaced(/AuthnInstant="[^"]*"/, `AuthnInstant="${iso(-100_000)}"`),
    sp: { forceAuthn: true },
  },
  "test-request": { ...withoutRequest, sp: { isTest: true } },
};

/** Facts that one rule refuses, and no other, where libraries refuse such XML as well, or no XML leads to them. */
interface HostileFacts {
  rules: readonly Rule<never, SamlReason>[];
  facts: unknown;
}

async function hostileFacts(): Promise<Record<string, HostileFacts>> {
  const { form } = await postedForm();
  const response = parseResponse(Buffer.from(String(form.SAMLResponse), "base64").toString());
  const [signature] = response.signatures as [SignatureForm];
  const signedAs = (change: Partial<SignatureForm>) => ({
    ...response,
    signatures: [signature, { ...signature, ...change }],
  });
  const { assertion } = await consume(await postedForm(), serviceProvider, memoryPorts(), keepAll);
  const sp = serviceProvider;
  const encrypted = { contents: [{ method: "http://www.w3.org/2001/04/xmlenc#aes256-cbc" }], keys: [] };
  const [confirmation] = assertion.confirmations;
  const judged = { assertion, inResponseTo: response.inResponseTo, sp, now, confirmation };
  const text = {
    ...readText(Buffer.from("no XML")),
    hasResponse: true,
    hasMore: false,
    isBase64: true,
    bytes: 6,
  };
  const who = { assertion, subjectAttribute: null };
  const transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
  const signatureFacts = {
    "signature-method": signedAs({ method: "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256" }),
    "digest-method": signedAs({ digest: "http://www.w3.org/2001/04/xmldsig-more#md5" }),
    canonicalization: signedAs({ canonicalization: inclusive }),
    reference: signedAs({ reference: "" }),
  };
  const both = Object.entries(signatureFacts).flatMap(([id, facts]) => [
    [id, { rules: signatureRules, facts }] as const,
    [`decrypted-${id}`, { rules: decryptedRules, facts }] as const,
  ]);
  return {
    ...Object.fromEntries(both),
    "well-formed": { rules: responseRules, facts: { response: { ...response, isWellFormed: false }, sp } },
    "decrypted-well-formed": { rules: decryptedRules, facts: { ...response, isWellFormed: false } },
    "encryption-methods": { rules: encryptionRules, facts: { encrypted, sp } },
    text: { rules: formRules, facts: text },
    "decrypted-text": { rules: decryptedTextRules, facts: { decrypted: text, problem: null } },
    decryption: { rules: decryptedTextRules, facts: { decrypted: null, problem: "no key" } },
    signature: { rules: verificationRules, facts: { signedXml: null, problem: "no certificate" } },
    "signed-assertion": { rules: assertionRules, facts: factsOf({ isAssertion: false }) },
    conditions: { rules: assertionRules, facts: factsOf({ hasConditions: false }) },
    "subject-attribute": { rules: subjectRules, facts: { ...who, subjectAttribute: "employee" } },
    "name-id": {
      rules: subjectRules,
      facts: { ...who, assertion: { ...assertion, nameIdFormat: transient } },
    },
    "required-attributes": { rules: attributeRules, facts: { assertion, required: ["firstName", "email"] } },
  };

  function factsOf(change: Partial<typeof assertion>) {
    return { ...judged, assertion: { ...assertion, ...change } };
  }
}

const rows = policy.flatMap(({ rules }) => rules.map((rule) => ({ rules, rule })));

describe("the policy", () => {
  it("has unique ids, and a name and a citation in every row", () => {
    const ids = rows.map(({ rule }) => rule.id);
    assert.deepEqual([...new Set(ids)], ids);
    assert.ok(ids.length > 45);
    for (const { rule } of rows) assert.ok(rule.name !== "" && rule.citation !== "", rule.id);
  });

  it("has a hostile input for every rule, and for no other", async () => {
    const tried = [...Object.keys(hostilePosts), ...Object.keys(await hostileFacts())].sort();
    assert.deepEqual(tried, rows.map(({ rule }) => rule.id).sort());
  });

  for (const [id, { sp, ports, ...difference }] of Object.entries(hostilePosts)) {
    it(`refuses a response by the rule ${id}, and by no other`, async () => {
      const posted = await postedForm(difference);
      const run = () => consume(posted, { ...serviceProvider, ...sp }, memoryPorts(ports), keepAll);
      await assert.rejects(run(), brokenBy(id));
      await withoutRule(id, run);
      await assert.rejects(run(), brokenBy(id));
    });
  }

  it("refuses facts by one rule, and by no other", async () => {
    for (const [id, { rules, facts }] of Object.entries(await hostileFacts())) {
      const run = async () => judge(rules, facts as never);
      await assert.rejects(run(), brokenBy(id), id);
      await withoutRule(id, run);
    }
  });
});

function brokenBy(id: string): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof RuleBrokenError, String(error));
    assert.equal(error.rule.id, id, error.message);
    return true;
  };
}

/** Runs `work` while the policy lacks a rule. */
async function withoutRule(id: string, work: () => Promise<unknown>): Promise<void> {
  const list = rows.find(({ rule }) => rule.id === id)?.rules as unknown[];
  const index = list.findIndex((rule) => (rule as { id: string }).id === id);
  const [removed] = list.splice(index, 1);
  try {
    await work();
  } finally {
    list.splice(index, 0, removed);
  }
}
