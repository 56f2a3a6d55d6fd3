import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { DOMParser } from "@xmldom/xmldom";
import type { Contender } from "../tools/bench/peers/src/contenders.ts";
import { marks, withReport } from "../tools/bench/peers/src/docs.ts";
import { type Measured, race, raceSignIns } from "../tools/bench/peers/src/measure.ts";
import { contenderNames, readOptions, UsageError, usage, usersOf } from "../tools/bench/peers/src/options.ts";
import { plot } from "../tools/bench/peers/src/plot.ts";
import {
  asMarkdown,
  type Cell,
  lossesOf,
  markOf,
  noteOf,
  type PeersReport,
  type Row,
} from "../tools/bench/peers/src/report.ts";
import type { SignInProtocol } from "../tools/bench/peers/src/sign-ins.ts";
import { codeBlocks } from "./helpers/docs.ts";

const cell = (value: number | null, ratio: number | null, notes: number[] = []): Cell => ({
  value,
  ratio,
  notes,
});

function reportOf(rows: Row[], notes: string[] = []): PeersReport {
  return {
    date: "2026-11-30",
    machine: { cpu: "Test <CPU>", cores: 2, memoryGb: 24, system: "linux x64" },
    node: "v20.0.0",
    sizes: readOptions([]).sizes,
    users: 12_345,
    contenders: [
      { name: "this application", version: "", members: 10_000 },
      { name: "scimmy-routers", version: "scimmy-routers 1.3.2", members: 10_000 },
      { name: "better-auth", version: "better-auth 1.7.5", members: 700 },
    ],
    rows,
    notes,
  };
}

const lookups: Row = {
  part: "scim",
  key: "lookup",
  title: "look up: `filter=userName eq`",
  unit: "/s",
  better: "higher",
  cells: {
    "this application": cell(800, null),
    "scimmy-routers": cell(400, 2),
    "better-auth": cell(1000, 0.8, [0]),
  },
};
const filters: Row = {
  part: "scim",
  key: "contains",
  title: "filter: `displayName co`",
  unit: "/s",
  better: "higher",
  cells: {
    "this application": cell(30, null),
    "scimmy-routers": cell(20, 1.5),
    "better-auth": cell(null, null, [1]),
  },
};
const report = reportOf([lookups, filters], ["case counts", "not measured, because better-auth answers 400"]);

/** The benchmark of the peers without the peers, which the normal install does not have. */
describe("the benchmark of the peers", () => {
  it("prints figures, ratios, marks and what they mean", () => {
    const text = asMarkdown(report);
    assert.match(
      text,
      /^\| look up: `filter=userName eq` +\| 800 \/s +\| 400 \/s \(2\.00 ×\) +\| 1000 \/s \(0\.800 ×\) a +\|$/m,
    );
    assert.match(text, /^\| filter: `displayName co` .*\| – b +\|$/m);
    assert.match(text, /^- \*\*a\*\*: case counts\.$/m);
    assert.match(text, /^- \*\*b\*\*: not measured, because better-auth answers 400\.$/m);
    assert.match(text, /700 for better-auth/);
  });

  it("says below the tables what is not alike", () => {
    const of = (part: Row["part"]) => asMarkdown(reportOf([{ ...lookups, part }]));
    assert.match(
      of("sign-in"),
      /includes the request to `\/finish`.*makes no session.*one request in at a time/,
    );
    assert.match(of("start"), /Memory is measured after unequal work/);
    assert.doesNotMatch(of("scim"), /finish|Memory/);
  });

  it("counts right answers only, and has no figure without one", async () => {
    const sizes = { ...readOptions(["--quick"]).sizes, rounds: 1, seconds: 0.05, clients: 1 };
    let sent = 0;
    const send = async () => ({ status: sent++ === 0 ? 200 : 500, headers: {}, text: "", ms: 1 });
    const failing = { name: "better-auth", client: { send } } as unknown as Contender;
    const asked = (check: (answer: { status: number }) => string | null) => ({
      key: "lookup",
      title: "look up",
      requestsFor: () => () => ({ call: { method: "GET", path: "/" } as const, check }),
    });
    const right = asked(({ status }) => (status === 200 ? null : `answers ${status}`));
    const none = { values: [], wrong: [], failure: "answers 500" };
    assert.deepEqual((await race(right, [failing], sizes)).get(failing), none);
    assert.ok(sent > 2, "it was asked again");
    let odd = 0;
    const half = asked(() => (odd++ % 2 === 0 ? null : "is wrong"));
    const { values, wrong } = (await race(half, [failing], sizes)).get(failing) as Measured;
    assert.deepEqual([values.length, wrong], [1, ["is wrong"]]);
  });

  it("goes on if a program begins no sign-in, and counts only the people who are signed in", async () => {
    const sizes = { ...readOptions(["--quick"]).sizes, rounds: 1, signIns: 4, clients: 1 };
    const contenders = ["better-auth", "saml-jackson"].map(
      (name) => ({ name, client: { send: async () => ({ status: 200 }) } }) as unknown as Contender,
    );
    const [broken, other] = contenders as [Contender, Contender];
    let completed = 0;
    const protocol: SignInProtocol = {
      key: "oidc",
      title: "callback",
      async prepare(contender, person) {
        if (contender === broken) throw new Error("answers 500");
        if (person === 3) throw new Error("answers 429");
        const complete = async () => {
          completed++;
          return person === 2 ? "no session begins" : null;
        };
        return { call: { method: "GET", path: "/" }, complete };
      },
      hostile: [],
    };
    const found = await raceSignIns(protocol, contenders, sizes);
    assert.equal(found.get(broken)?.failure, "does not begin a sign-in (answers 500)");
    assert.deepEqual(found.get(other)?.wrong, [
      "does not begin a sign-in (answers 429)",
      "no session begins",
    ]);
    assert.equal(completed, 7, "the first one, and three in each round, also after a wrong one");
    assert.ok((found.get(other)?.values[0] ?? 0) > 0);
  });

  it("names each loss, and says so if there is none", () => {
    assert.deepEqual(lossesOf(report).slice(2), [
      "- look up: `filter=userName eq`: better-auth has 1000 /s against 800 /s, 0.800 × (see a).",
    ]);
    assert.match(lossesOf(reportOf([filters])).join(), /in none/);
  });

  it("marks with a letter, and after the 26th with two", () => {
    assert.deepEqual([0, 25, 26, 52].map(markOf), ["a", "z", "aa", "ba"]);
    const notes: string[] = [];
    assert.deepEqual(
      ["one", "two", "one"].map((text) => noteOf({ notes }, text)),
      [0, 1, 0],
    );
  });

  it("draws a picture with a title, a description with every figure, and colours for light and dark", () => {
    const svg = plot(report, "scim");
    const problems: string[] = [];
    const { documentElement: root } = new DOMParser({
      onError: (_level, message) => problems.push(message),
    }).parseFromString(svg, "image/svg+xml");
    assert.deepEqual(problems, []);
    assert.equal(root?.getAttribute("role"), "img");
    const textOf = (name: string) => root?.getElementsByTagName(name)[0]?.textContent ?? "";
    assert.match(textOf("title"), /^SCIM/);
    assert.match(textOf("desc"), /better-auth 1000 \/s \[a\]\..*better-auth not measured \[b\]/);
    assert.match(textOf("style"), /prefers-color-scheme: dark/);
    const bars = [...svg.matchAll(/class="(own|peer)" [^>]*width="([\d.]+)"/g)].map(([, kind, width]) => [
      kind,
      Number(width),
    ]);
    assert.deepEqual(bars.slice(0, 3), [
      ["own", 304],
      ["peer", 152],
      ["peer", 380],
    ]);
    assert.equal(bars.length, 5, "no bar for what was not measured");
  });

  it("draws the shortest bar for the least memory, and the longest for the shortest time", () => {
    const amounts = { "this application": cell(100, null), "scimmy-routers": cell(200, 2) };
    const row = (part: Row["part"]): Row => ({
      ...lookups,
      part,
      unit: "ms",
      better: "lower",
      cells: amounts,
    });
    const widths = (part: Row["part"]) =>
      [...plot(reportOf([row(part)]), part).matchAll(/class="(?:own|peer)" [^>]*width="([\d.]+)"/g)].map(
        ([, width]) => Number(width),
      );
    assert.deepEqual(widths("start"), [190, 380]);
    assert.deepEqual(widths("scim"), [380, 190]);
  });

  it("writes only between the marks of the page, and the same again", () => {
    const page = `before\n${marks.begin}\nold\n${marks.end}\nafter\n`;
    const once = withReport(page, report);
    assert.ok(once.startsWith(`before\n${marks.begin}\n`) && once.endsWith(`${marks.end}\nafter\n`));
    assert.ok(once.includes("pictures/peers-scim.svg") && !once.includes("old"));
    assert.ok(!once.includes("peers-sign-in.svg"), "no picture without rows");
    assert.equal(withReport(once, report), once);
    assert.throws(() => withReport("no marks", report), /has no line/);
  });

  it("is on a page that has the marks and names only options that exist", () => {
    const page = readFileSync("docs/reference/benchmark.md", "utf8");
    assert.ok(page.includes(marks.begin) && page.includes(marks.end));
    const shell = codeBlocks("tools/bench/peers/README.md").map(({ text }) => text);
    const commands = [page, ...shell].flatMap((text) => [
      ...text.matchAll(/npm start --prefix tools\/bench\/peers(?: --(?<words>(?: --[a-z]+)+))?/g),
    ]);
    assert.ok(commands.length >= 5);
    for (const { groups } of commands) readOptions(groups?.words?.trim().split(" ") ?? []);
  });

  it("explains its options after a wrong one", () => {
    for (const words of [["--quickly"], ["--members", "none"], ["--only", "other"]])
      assert.throws(() => readOptions(words), UsageError);
    for (const name of contenderNames.slice(1)) assert.ok(usage.includes(name));
    const { names } = readOptions(["--only", "better-auth"]);
    assert.deepEqual(names, ["this application", "better-auth"], "the application is always measured");
  });

  it("has enough people who are not members yet", () => {
    const { sizes } = readOptions(["--full"]);
    const added = (sizes.changes + 1) * (sizes.delta + 1);
    assert.ok(usersOf(sizes) - sizes.members > added);
  });

  it("is not a workspace, and has a lock file", () => {
    const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: object };
    assert.ok(!("tools/bench/peers" in lock.packages));
    const own = JSON.parse(readFileSync("tools/bench/peers/package-lock.json", "utf8")) as {
      packages: Record<string, { version: string }>;
    };
    assert.ok(own.packages["node_modules/better-auth"]);
  });
});
