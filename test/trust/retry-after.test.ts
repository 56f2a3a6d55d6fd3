import assert from "node:assert/strict";
import { requestedWaitMs, sendPatiently } from "../../src/trust/openid-providers.ts";

const now = Date.parse("2026-11-29T12:00:00Z");
const date = (ms: number) => new Date(now + ms).toUTCString();
const reset = (ms: number) => String((now + ms) / 1000);

const waits: [name: string, headers: Record<string, string>, ms: number | null][] = [
  ["seconds", { "retry-after": "2" }, 2_000],
  ["no time at all", { "retry-after": "0" }, 0],
  ["spaces around it", { "retry-after": " 2 " }, 2_000],
  ["a date", { "retry-after": date(2_000) }, 2_000],
  ["a date that is over", { "retry-after": date(-60_000) }, 0],
  ["Okta's reset alone", { "x-rate-limit-reset": reset(3_000) }, 3_000],
  [
    "both, of which the later one counts",
    { "retry-after": "1", "x-rate-limit-reset": reset(60_000) },
    60_000,
  ],
  ["both, the other way round", { "retry-after": "60", "x-rate-limit-reset": reset(1_000) }, 60_000],
  ["a fraction, which is not valid", { "retry-after": "1.5" }, null],
  ["a negative number", { "retry-after": "-1" }, null],
  ["a word", { "retry-after": "soon" }, null],
  ["nothing", { "retry-after": "" }, null],
  ["no header", {}, null],
];

/** A provider that gives these answers, one after the other. */
function provider(...answers: (Response | Error)[]) {
  const asked = { times: 0 };
  const send = async () => {
    const answer = answers[asked.times++];
    if (!answer || answer instanceof Error) throw answer ?? new Error("asked too often");
    return answer;
  };
  return { asked, send };
}

const busy = (status: number, after?: string) =>
  new Response("busy", { status, headers: after === undefined ? {} : { "retry-after": after } });
const fine = () => new Response("fine");

describe("a provider that says when to come back", () => {
  for (const [name, headers, ms] of waits) {
    it(`is understood: ${name}`, () => {
      assert.equal(requestedWaitMs(new Headers(headers), now), ms);
    });
  }

  for (const method of ["GET", "POST"]) {
    for (const status of [429, 503]) {
      it(`gets a ${method} again after ${status} with Retry-After alone`, async () => {
        const { asked, send } = provider(busy(status, "0"), fine());
        assert.equal((await sendPatiently(send, method)).status, 200);
        assert.equal(asked.times, 2);
      });

      it(`gets no second ${method} after ${status} if it wants a longer wait than three seconds`, async () => {
        const { asked, send } = provider(busy(status, "4"), fine());
        assert.equal((await sendPatiently(send, method)).status, status);
        assert.equal(asked.times, 1);
      });
    }
  }

  it("is asked again once only", async () => {
    const { asked, send } = provider(busy(429, "0"), busy(429, "0"), fine());
    assert.equal((await sendPatiently(send)).status, 429);
    assert.equal(asked.times, 2);
  });

  it("gets a GET that failed without a word again at once", async () => {
    for (const failure of [new Error("no connection"), busy(500), busy(503)]) {
      const { asked, send } = provider(failure, fine());
      assert.equal((await sendPatiently(send)).status, 200);
      assert.equal(asked.times, 2);
    }
  });

  it("gets no second POST without a word, because a code works once", async () => {
    for (const status of [429, 500, 503]) {
      const { asked, send } = provider(busy(status), fine());
      assert.equal((await sendPatiently(send, "POST")).status, status);
      assert.equal(asked.times, 1);
    }
    await assert.rejects(sendPatiently(provider(new Error("no connection")).send, "POST"), /no connection/);
  });
});
