import assert from "node:assert/strict";
import { consume } from "saml-policy/consume";
import { keepAll, memoryPorts } from "./ports.ts";
import { otherKey, postedForm, serviceProvider } from "./response.ts";

const brokenBy = (id: string) => (error: { rule?: { id: string } }) => {
  assert.equal(error.rule?.id, id, String(error));
  return true;
};

describe("consume", () => {
  it("accepts a valid response", async () => {
    const { assertion, request } = await consume(await postedForm(), serviceProvider, memoryPorts(), keepAll);
    assert.equal(assertion.nameId, "ada@example.com");
    assert.deepEqual(assertion.attributes.get("firstName"), ["Ada"]);
    assert.equal(request?.relayState, "state");
  });

  for (const method of ["sha256", "sha512"] as const) {
    for (const signResponse of [true, false]) {
      it(`accepts an assertion signed with ${method} in ${signResponse ? "a " : "an un"}signed response`, async () => {
        const posted = await postedForm({ method, signResponse });
        await consume(posted, serviceProvider, memoryPorts(), keepAll);
      });
    }
  }

  it("asks for the private keys only if the assertion is encrypted and the methods are allowed", async () => {
    const decryptionKeys = async () => assert.fail("asked for keys");
    await consume(await postedForm(), serviceProvider, memoryPorts({ decryptionKeys }), keepAll);
    const posted = await postedForm({ encryption: {} });
    const sp = { ...serviceProvider, acceptsEncrypted: false };
    const refused = consume(posted, sp, memoryPorts({ decryptionKeys }), keepAll);
    await assert.rejects(refused, brokenBy("encryption-accepted"));
  });

  it("looks for a new certificate once, if none verifies a signature", async () => {
    const posted = await postedForm({ privateKey: otherKey.privateKey });
    let asked = 0;
    const refreshCertificates = async () => {
      asked++;
      return [otherKey.certificate];
    };
    await consume(posted, serviceProvider, memoryPorts({ refreshCertificates }), keepAll);
    assert.equal(asked, 1);
    const stale = memoryPorts({ refreshCertificates: async () => [serviceProvider.certificates[0] ?? ""] });
    await assert.rejects(consume(posted, serviceProvider, stale, keepAll), brokenBy("signature"));
  });

  it("does not look for a new certificate for a response without a signature", async () => {
    const posted = await postedForm({ signAssertion: false, signResponse: false });
    const ports = memoryPorts({ refreshCertificates: async () => assert.fail("looked") });
    await assert.rejects(consume(posted, serviceProvider, ports, keepAll), brokenBy("signed"));
  });

  it("accepts an assertion once, and remembers it until it has expired", async () => {
    const ports = memoryPorts();
    const posted = await postedForm();
    await consume(posted, serviceProvider, ports, keepAll);
    assert.deepEqual([...ports.consumed], [["_assertion", ports.now() + 300_001 + 60_000]]);
    await assert.rejects(consume(posted, serviceProvider, ports, keepAll), brokenBy("replay"));
  });

  it("consumes nothing if a later rule or the caller refuses", async () => {
    const ports = memoryPorts();
    const posted = await postedForm({ form: (form) => void Object.assign(form, { RelayState: "other" }) });
    await assert.rejects(consume(posted, serviceProvider, ports, keepAll), brokenBy("relay-state"));
    const full = new Error("the disk is full");
    const failing = consume(await postedForm(), serviceProvider, ports, () => Promise.reject(full));
    await assert.rejects(failing, full);
    assert.deepEqual([ports.rollbacks, ports.consumed.size, ports.requests.size], [2, 0, 1]);
    await consume(await postedForm(), serviceProvider, ports, keepAll);
  });

  it("hands the transaction to keep", async () => {
    const ports = memoryPorts();
    const handed = await consume(await postedForm(), serviceProvider, ports, async (_, inside) => inside);
    assert.equal(handed, ports.consumed);
  });
});
