import assert from "node:assert/strict";
import { RuleBrokenError } from "policy-list/policy";
import { consume } from "saml-policy/consume";
import { keepAll, memoryPorts } from "./ports.ts";
import { type Difference, now, postedForm, requestId, serviceProvider } from "./response.ts";

interface Confirmed {
  method?: string;
  recipient?: string;
  inResponseTo?: string;
  /** Seconds from now. */
  until?: number;
  from?: number;
}

const iso = (seconds: number) => new Date(now + seconds * 1000).toISOString();

function confirmation({
  method = "bearer",
  recipient = serviceProvider.acsUrl,
  inResponseTo = requestId,
  until = 300,
  from,
}: Confirmed): string {
  const begin = from === undefined ? "" : ` NotBefore="${iso(from)}"`;
  return `<a:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:${method}"><a:SubjectConfirmationData Recipient="${recipient}" InResponseTo="${inResponseTo}" NotOnOrAfter="${iso(until)}"${begin}/></a:SubjectConfirmation>`;
}

const withConfirmations = (...all: string[]): Difference => ({
  assertion: (xml) => xml.replace(/<a:SubjectConfirmation .*<\/a:SubjectConfirmation>/s, all.join("")),
});

const elsewhere = { recipient: "https://other.example/acs" };
/** Confirmations that are not for this use of the assertion, and the rule that each breaks first. */
const unfit: Record<string, [xml: string, rule: string]> = {
  "a holder-of-key confirmation": [confirmation({ method: "holder-of-key" }), "confirmation"],
  "a sender-vouches confirmation": [
    '<a:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"/>',
    "confirmation",
  ],
  "a bearer confirmation without data": [
    '<a:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"/>',
    "confirmation",
  ],
  "a bearer confirmation that is not valid yet": [confirmation({ from: 120 }), "confirmation-begin"],
  "an expired bearer confirmation": [confirmation({ until: -120 }), "confirmation-time"],
  "a bearer confirmation for another address": [confirmation(elsewhere), "recipient"],
  "a bearer confirmation for another request": [confirmation({ inResponseTo: "_other" }), "same-request"],
};

const refuses = async (rule: string, difference: Difference, ports = memoryPorts()) =>
  await assert.rejects(consume(await postedForm(difference), serviceProvider, ports, keepAll), (error) => {
    assert.ok(error instanceof RuleBrokenError, String(error));
    assert.equal(error.rule.id, rule, error.message);
    return true;
  });

describe("an assertion with several subject confirmations", () => {
  for (const [what, [xml, rule]] of Object.entries(unfit)) {
    it(`is accepted with ${what} before or after a valid one`, async () => {
      for (const all of [
        [xml, confirmation({})],
        [confirmation({}), xml],
        [xml, confirmation({}), xml],
      ]) {
        await consume(await postedForm(withConfirmations(...all)), serviceProvider, memoryPorts(), keepAll);
      }
    });

    it(`is refused with nothing but ${what}`, async () => {
      await refuses(rule, withConfirmations(xml));
      await refuses(rule, withConfirmations(xml, xml));
    });
  }

  it("is refused if one confirmation has the right address and another one the right request", () =>
    refuses(
      "same-request",
      withConfirmations(confirmation({ inResponseTo: "_other" }), confirmation(elsewhere)),
    ));

  it("is refused if the valid time and the right address are in two confirmations", () =>
    refuses("recipient", withConfirmations(confirmation({ until: -120 }), confirmation(elsewhere))));

  it("is refused for the fault of the confirmation that is nearest to a valid one", async () => {
    const [holder] = unfit["a holder-of-key confirmation"] ?? [];
    await refuses("recipient", withConfirmations(holder ?? "", confirmation(elsewhere)));
    await refuses("recipient", withConfirmations(confirmation(elsewhere), holder ?? ""));
  });

  it("is refused with none", () => refuses("confirmation", withConfirmations()));

  it("is refused if a time of its only confirmation is not a time", async () => {
    for (const name of ["NotBefore", "NotOnOrAfter"]) {
      const only = confirmation({ from: 0 }).replace(new RegExp(`${name}="[^"]*"`), `${name}="soon"`);
      await refuses("confirmation", withConfirmations(only));
    }
  });

  it("cannot be replayed by a confirmation that ends later than the first one", async () => {
    const difference = withConfirmations(confirmation({ until: 30 }), confirmation({ until: 290 }));
    let time = now;
    const ports = memoryPorts({ now: () => time });
    await consume(await postedForm(difference), serviceProvider, ports, keepAll);
    const [remembered = 0] = ports.consumed.values();
    time = now + 349_000;
    assert.ok(remembered > time, "it is remembered for as long as a confirmation is valid");
    await refuses("replay", difference, ports);
  });

  it("says what a bearer confirmation lacks", async () => {
    const [xml] = unfit["a bearer confirmation without data"] as [string, string];
    const posted = await postedForm(withConfirmations(xml));
    await assert.rejects(consume(posted, serviceProvider, memoryPorts(), keepAll), (error: unknown) => {
      assert.ok(error instanceof RuleBrokenError);
      assert.match(error.found ?? "", /^SubjectConfirmationData is missing/);
      return true;
    });
  });
});
