import assert from "node:assert/strict";
import { RuleBrokenError } from "policy-list/policy";
import { consume } from "saml-policy/consume";
import { keepAll, memoryPorts } from "./ports.ts";
import { type Difference, enveloped, now, postedForm, serviceProvider } from "./response.ts";

const iso = (ms: number) => new Date(now + ms).toISOString();
const consumeWith = async (difference: Difference) =>
  await consume(await postedForm(difference), serviceProvider, memoryPorts(), keepAll);

async function refusalOf(difference: Difference): Promise<RuleBrokenError> {
  const error: unknown = await consumeWith(difference).then(
    () => assert.fail("accepted"),
    (refusal) => refusal,
  );
  assert.ok(error instanceof RuleBrokenError, String(error));
  return error;
}

describe("the end of the provider's session", () => {
  const ending = (...ends: string[]): Difference => ({
    assertion: (xml) =>
      xml.replace(
        /<a:AuthnStatement [^>]*>/,
        ends
          .map((end) => `<a:AuthnStatement AuthnInstant="${iso(0)}" SessionNotOnOrAfter="${end}"/>`)
          .join(""),
      ),
  });

  it("is not known if the provider does not say it", async () => {
    assert.equal((await consumeWith({})).assertion.sessionEndsAt, null);
  });

  it("is the earliest of several statements", async () => {
    const hour = 3_600_000;
    for (const [ends, earliest] of [
      [[hour], hour],
      [[2 * hour, hour], hour],
      [[hour, 2 * hour, 3 * hour], hour],
      [[1], 1],
    ] as const) {
      const { assertion } = await consumeWith(ending(...ends.map(iso)));
      assert.equal(assertion.sessionEndsAt, now + earliest);
    }
    const offset = iso(2 * hour).replace("Z", "+01:00");
    assert.equal((await consumeWith(ending(offset))).assertion.sessionEndsAt, now + hour);
    const maximum = await consumeWith(ending("9999-12-31T23:59:59.9999999Z"));
    assert.equal(new Date(maximum.assertion.sessionEndsAt ?? 0).getUTCFullYear(), 9999);
  });

  it("may have white space around it, and be a leap day or a midnight", async () => {
    for (const [text, time] of [
      [` ${iso(1000)}`, iso(1000)],
      [`${iso(1000)}\n  `, iso(1000)],
      [`&#9;${iso(1000)} `, iso(1000)],
      ["2096-02-29T00:00:00Z", "2096-02-29T00:00:00Z"],
      ["2096-02-28T24:00:00Z", "2096-02-29T00:00:00Z"],
      ["2096-12-31T23:30:00-01:00", "2097-01-01T00:30:00Z"],
    ] as const) {
      assert.equal((await consumeWith(ending(text))).assertion.sessionEndsAt, Date.parse(time), text);
    }
  });

  it("is refused if it has passed, in any of several statements", async () => {
    for (const ends of [[0], [-1], [-30_000], [-3_600_000], [3_600_000, -60_000], [-60_000, 3_600_000]]) {
      const { rule, found } = await refusalOf(ending(...ends.map(iso)));
      assert.deepEqual([rule.id, rule.reason], ["session-end", "provider-session-ended"]);
      assert.match(found ?? "", /^it ended \d+ s ago$/);
    }
  });

  it("is refused if it is not a time, in any of several statements", async () => {
    for (const ends of [
      ["tomorrow"],
      [""],
      ["2026-13-01T00:00:00Z"],
      ["2097-02-30T00:00:00Z"],
      ["2097-02-29T00:00:00Z"],
      ["2097-04-31T00:00:00Z"],
      ["2097-01-00T00:00:00Z"],
      ["2097-01-01 T00:00:00Z"],
      ["2026-01-01"],
      [iso(3_600_000), "1767268800"],
      ["never", iso(3_600_000)],
    ]) {
      const { rule } = await refusalOf(ending(...ends));
      assert.deepEqual([rule.id, rule.reason], ["times", "saml-conditions"]);
    }
  });
});

describe("a status that is not Success", () => {
  const codes = "urn:oasis:names:tc:SAML:2.0:status:";
  const failing = (content: string): Difference => ({
    signAssertion: false,
    signResponse: false,
    response: (xml) => xml.replace(/<p:Status>.*<\/p:Status>/, `<p:Status>${content}</p:Status>`),
  });
  const code = (name: string, inside = "") =>
    `<p:StatusCode Value="${codes}${name}">${inside}</p:StatusCode>`;
  const message = (text: string) => `<p:StatusMessage>${text}</p:StatusMessage>`;
  const foundIn = async (content: string) => {
    const { rule, found } = await refusalOf(failing(content));
    assert.equal(rule.id, "status");
    return found?.replace(`expected ${codes}Success, found `, "");
  };

  it("is told with the codes below it and the message", async () => {
    const cases = {
      [code("Responder")]: `${codes}Responder`,
      [code("Responder", code("AuthnFailed"))]: `${codes}Responder / ${codes}AuthnFailed`,
      [code("Requester", code("RequestDenied", code("InvalidNameIDPolicy")))]:
        `${codes}Requester / ${codes}RequestDenied / ${codes}InvalidNameIDPolicy`,
      [code("Responder") + message("Invalid credentials")]: `${codes}Responder: Invalid credentials`,
      [code("Responder", code("NoPassive")) + message("AADSTS50105")]:
        `${codes}Responder / ${codes}NoPassive: AADSTS50105`,
      [code("Responder") + message(" ")]: `${codes}Responder`,
      [message("no code")]: "nothing",
      "": "nothing",
    };
    for (const [content, told] of Object.entries(cases)) assert.equal(await foundIn(content), told);
  });

  it("is told in one line, without addresses and characters that deceive", async () => {
    const hostile = "No access\r\n  for ada@example.com&#x202E;\u200B\u2028{&quot;reason&quot;}";
    assert.equal(
      await foundIn(code("Responder") + message(hostile)),
      `${codes}Responder: No access for [address] {"reason"}`,
    );
  });

  it("is told without addresses in any of its codes", async () => {
    assert.equal(
      await foundIn(code("Responder", '<p:StatusCode Value="urn:x:ada@example.com"/>')),
      `${codes}Responder / [address]`,
    );
  });

  it("is cut", async () => {
    const told = await foundIn(code("Responder") + message("x".repeat(200_000)));
    assert.equal(told?.length, 301);
    assert.ok(told?.endsWith("x…"));
  });

  it("is not overruled by a code below it that says Success", async () => {
    assert.equal(await foundIn(code("Responder", code("Success"))), `${codes}Responder / ${codes}Success`);
  });
});

describe("exclusive canonicalization with comments", () => {
  const withComments = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments";
  const transforms = [enveloped, withComments];

  it("is accepted as a transform", () => consumeWith({ transforms }));

  it("is accepted inside the encryption", () => consumeWith({ transforms, encryption: {} }));

  for (const [what, difference] of Object.entries<Difference>({
    "before it is signed": {
      assertion: (xml) => xml.replace("ada@example.com", "ada@example.com<!-- -->.evil"),
    },
    "after it is signed": {
      signedResponse: (xml) => xml.replace("ada@example.com", "ada@<!-- .evil -->example.com"),
    },
    "in a digest": { signedResponse: (xml) => xml.replace("<DigestValue>", "<DigestValue><!-- AAAA -->") },
  })) {
    it(`accepts no comment that is added ${what}`, async () => {
      assert.equal((await refusalOf({ transforms, ...difference })).rule.id, "markup");
    });
  }
});
