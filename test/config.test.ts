import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, loadToolConfig } from "../src/config.ts";
import { ConfigError } from "../src/errors.ts";

const good = {
  BASE_URL: "http://localhost:3000",
  SESSION_SECRET: "Vq8nS2xWm4LrT7yKc1HdFz6pGb9JuEa3",
  DATA_KEY: Buffer.from(Array.from({ length: 32 }, (_, index) => index * 7)).toString("base64"),
};

function problemsOf(
  environment: Record<string, string | undefined>,
  load = loadConfig as (e: never) => unknown,
) {
  try {
    load(environment as never);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message.split("\n");
  }
  return [];
}

const namesOf = (problems: string[]) => problems.map((problem) => problem.split(" ")[0]).sort();

describe("loadConfig", () => {
  it("requires only the origin and the secrets", () => {
    const config = loadConfig(good);
    assert.deepEqual(
      { ...config, dataKey: config.dataKey.toString("base64") },
      {
        port: 3000,
        host: "127.0.0.1",
        baseUrl: good.BASE_URL,
        databaseUrl: "data/app.sqlite",
        sessionSecret: good.SESSION_SECRET,
        dataKey: good.DATA_KEY,
        formerDataKeys: [],
        trustProxy: 0,
        logLevel: "info",
        metricsToken: null,
        otlpEndpoint: null,
        webhookSecrets: {},
        insecureAllowPrivateNetwork: false,
        outgoingProxy: null,
        forwardAuthAudiences: [],
        mail: null,
      },
    );
  });

  it("reads former data keys by the rules of the current one", () => {
    const former = Buffer.from(Array.from({ length: 32 }, (_, index) => 255 - index)).toString("base64");
    const { formerDataKeys } = loadConfig({ ...good, DATA_KEY_FORMER: `${former}\n ${good.DATA_KEY}` });
    assert.deepEqual(
      formerDataKeys.map((key) => key.toString("base64")),
      [former, good.DATA_KEY],
    );
    const wrong = { ...good, DATA_KEY_FORMER: `${former} short` };
    assert.deepEqual(problemsOf(wrong), ["DATA_KEY_FORMER must be 32 bytes in base64"]);
  });

  it("returns a frozen object", () => {
    const config = loadConfig(good) as { port: number };
    assert.throws(() => {
      config.port = 1;
    }, TypeError);
  });

  it("names all missing variables at once", () => {
    assert.deepEqual(namesOf(problemsOf({})), ["BASE_URL", "DATA_KEY", "SESSION_SECRET"]);
    for (const problem of problemsOf({})) assert.match(problem, /is missing$/);
  });

  it("names all wrong variables at once, without their values", () => {
    const wrong = {
      PORT: "wrong-1",
      DATABASE_URL: "postgres://wrong.example/app?schema=Wrong-10",
      BASE_URL: "wrong-2",
      SESSION_SECRET: "wrong-3",
      DATA_KEY: "wrong-4",
      TRUST_PROXY: "wrong-5",
      LOG_LEVEL: "wrong-6",
      METRICS_TOKEN: "wrong-7",
      WEBHOOK_SECRETS: "wrong-12",
      INSECURE_ALLOW_PRIVATE_NETWORK: "wrong-8",
      FORWARD_AUTH_AUDIENCES: "Wrong_11",
      OUTGOING_PROXY: "wrong-9",
    };
    const problems = problemsOf(wrong);
    assert.deepEqual([...new Set(namesOf(problems))], Object.keys(wrong).sort());
    assert.doesNotMatch(problems.join("\n"), /wrong/i);
  });

  const weak: [keyof typeof values, string][] = [];
  const values: Record<string, string[]> = {
    PORT: ["65536", "-1", "3000.5", "0x10", " "],
    BASE_URL: [
      "http://app.example",
      "http://127.0.0.1.evil.example",
      "http://localhost.evil.example",
      "https://app.example/",
      "https://app.example/path",
      "https://app.example?query",
      "https://name:password@app.example",
      "https://App.example",
      "ftp://app.example",
      "javascript:alert(1)",
      "app.example",
    ],
    SESSION_SECRET: ["Vq8nS2xWm4LrT7yKc1HdFz6pGb9JuEa", "a".repeat(64), "abcabcabc".repeat(8)],
    DATA_KEY: [
      Buffer.alloc(32).toString("base64"),
      Buffer.alloc(32, "abc").toString("base64"),
      good.DATA_KEY.slice(0, -4),
      `${good.DATA_KEY}AAAA`,
      good.DATA_KEY.replaceAll("=", ""),
    ],
    DATABASE_URL: [
      "postgres://app:pw@db.example/app?schema=Upper",
      "postgresql://app:pw@db.example/app?sslmode=verify-full&schema=pg_temp",
      "postgres://app:pw@db.example/app?schema=a&schema=b",
      "postgres://app:pw@db.example/app?prepared_statements=off",
    ],
    TRUST_PROXY: ["11", "-1", "true", "loopback"],
    LOG_LEVEL: ["verbose", "INFO"],
    METRICS_TOKEN: ["fifteen letters"],
    WEBHOOK_SECRETS: [
      "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
      "billing=too-short",
      "Billing=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ],
    INSECURE_ALLOW_PRIVATE_NETWORK: ["true", "0", "yes"],
    FORWARD_AUTH_AUDIENCES: ["Reports", "reports/x", "-a", "ok jwks.json", "a".repeat(64)],
    OUTGOING_PROXY: ["1", "http://proxy.example:3128", "ENV"],
  };
  for (const [name, texts] of Object.entries(values)) for (const text of texts) weak.push([name, text]);
  for (const [name, value] of weak) {
    it(`refuses ${name}=${value}`, () => {
      const problems = problemsOf({ ...good, TRUST_PROXY: "1", [name]: value });
      assert.deepEqual([...new Set(namesOf(problems))], [name]);
      if (value.length > 5) assert.equal(problems.join().includes(value), false, "the value is shown");
    });
  }

  for (const baseUrl of ["http://localhost:3000", "http://127.0.0.1", "http://[::1]:8080"]) {
    it(`accepts ${baseUrl} over http, because it is a loopback address`, () => {
      assert.equal(loadConfig({ ...good, BASE_URL: baseUrl }).baseUrl, baseUrl);
    });
  }

  it("accepts https behind a proxy, and refuses it without one", () => {
    const https = { ...good, BASE_URL: "https://app.example" };
    assert.equal(loadConfig({ ...https, TRUST_PROXY: "1" }).trustProxy, 1);
    assert.deepEqual(namesOf(problemsOf(https)), ["TRUST_PROXY"]);
  });

  it("reads audiences that are separated by spaces or commas", () => {
    const config = loadConfig({ ...good, FORWARD_AUTH_AUDIENCES: " reports, notes-2  x" });
    assert.deepEqual(config.forwardAuthAudiences, ["reports", "notes-2", "x"]);
  });

  it("reads the secrets of webhooks, two of them while one replaces the other", () => {
    const [old, next, other] = ["old", "new", "other"].map((name) => `whsec_${name.padEnd(32, "0")}`);
    const text = `billing=${old} crm=${other}\n billing=${next}`;
    assert.deepEqual(loadConfig({ ...good, WEBHOOK_SECRETS: text }).webhookSecrets, {
      billing: [old, next],
      crm: [other],
    });
    assert.deepEqual(loadConfig(good).webhookSecrets, {});
  });

  it("treats an empty variable as absent", () => {
    const config = loadConfig({ ...good, PORT: "", METRICS_TOKEN: "", INSECURE_ALLOW_PRIVATE_NETWORK: "" });
    assert.deepEqual(
      [config.port, config.metricsToken, config.insecureAllowPrivateNetwork],
      [3000, null, false],
    );
    assert.deepEqual(problemsOf({ ...good, SESSION_SECRET: "" }), ["SESSION_SECRET is missing"]);
  });
});

describe("the outgoing proxy", () => {
  const url = "http://svc:hunter2@proxy.example:3128";
  const proxyOf = (environment: Record<string, string>) =>
    [loadConfig({ ...good, ...environment }), loadToolConfig(environment)].map(
      ({ outgoingProxy }) => outgoingProxy,
    );

  it("is off unless OUTGOING_PROXY turns it on, even if other programs have one", () => {
    for (const environment of [
      { HTTPS_PROXY: url, https_proxy: url, NO_PROXY: "*" },
      { OUTGOING_PROXY: "", HTTPS_PROXY: url },
      { HTTPS_PROXY: "not a proxy at all" },
    ])
      assert.deepEqual(proxyOf(environment), [null, null]);
  });

  const read: [environment: Record<string, string>, url: string, noProxy: string][] = [
    [{ HTTPS_PROXY: url }, url, ""],
    [{ https_proxy: url, no_proxy: "a.test" }, url, "a.test"],
    [{ https_proxy: url, HTTPS_PROXY: "http://other", no_proxy: "a", NO_PROXY: "b" }, url, "a"],
    [{ https_proxy: "", HTTPS_PROXY: url, no_proxy: "", NO_PROXY: "b" }, url, "b"],
    [{ HTTPS_PROXY: "proxy.example:3128" }, "http://proxy.example:3128", ""],
    [{ HTTPS_PROXY: "https://proxy.example" }, "https://proxy.example", ""],
    [{ HTTPS_PROXY: "http://[fd00::1]:3128/" }, "http://[fd00::1]:3128/", ""],
  ];
  for (const [environment, expected, noProxy] of read) {
    it(`is read from ${Object.keys(environment).join(", ")}: ${expected}`, () => {
      const proxy = { url: expected, noProxy };
      assert.deepEqual(proxyOf({ OUTGOING_PROXY: "env", ...environment }), [proxy, proxy]);
    });
  }

  const wrong = [
    "",
    "socks5://svc:hunter2@proxy.example",
    "http://svc:hunter2@",
    "http://svc:hunter2%@proxy.example",
  ];
  for (const HTTPS_PROXY of wrong) {
    it(`is refused with the URL "${HTTPS_PROXY}", whose password is not shown`, () => {
      for (const load of [loadConfig, loadToolConfig]) {
        const problems = problemsOf({ ...good, OUTGOING_PROXY: "env", HTTPS_PROXY }, load);
        assert.deepEqual(namesOf(problems), ["HTTPS_PROXY"]);
        assert.doesNotMatch(problems.join(), /hunter2/);
      }
    });
  }
});

describe("a variable's file", () => {
  let folder: string;
  const fileWith = (text: string) => {
    const path = join(folder, "secret");
    writeFileSync(path, text);
    return path;
  };
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "starter-config-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("provides the value without the final line break", () => {
    const { SESSION_SECRET, ...rest } = good;
    const config = loadConfig({ ...rest, SESSION_SECRET_FILE: fileWith(`${SESSION_SECRET}\n`) });
    assert.equal(config.sessionSecret, SESSION_SECRET);
  });

  it("is refused together with the variable itself", () => {
    const problems = problemsOf({ ...good, SESSION_SECRET_FILE: fileWith(good.SESSION_SECRET) });
    assert.deepEqual(problems, ["SESSION_SECRET_FILE and SESSION_SECRET are both set: use one"]);
  });

  it("is reported once if it cannot be read, with the other problems", () => {
    const problems = problemsOf({ ...good, DATA_KEY: "", DATA_KEY_FILE: join(folder, "absent"), PORT: "x" });
    assert.deepEqual(namesOf(problems), ["DATA_KEY_FILE", "PORT"]);
    assert.match(problems.join(), /DATA_KEY_FILE names a file that cannot be read/);
  });

  it("is checked like a variable, and its content is never shown", () => {
    for (const [text, problem] of [
      ["Vq8nS2xWm4LrT7yK", "SESSION_SECRET must have at least 32 characters"],
      ["\n", "SESSION_SECRET is missing"],
    ] as const) {
      const { SESSION_SECRET: _, ...rest } = good;
      assert.deepEqual(problemsOf({ ...rest, SESSION_SECRET_FILE: fileWith(text) }), [problem]);
    }
  });
});

describe("the mail server", () => {
  const from = "Product <no-reply@product.example>";
  const mailOf = (SMTP_URL: string, MAIL_FROM = from) => loadConfig({ ...good, SMTP_URL, MAIL_FROM }).mail;

  it("is none without SMTP_URL, also with a sender", () => {
    assert.equal(loadConfig({ ...good, MAIL_FROM: from }).mail, null);
  });

  it("is read with its login, its port and its kind of encryption", () => {
    const sender = { name: "Product", address: "no-reply@product.example" };
    assert.deepEqual(mailOf("smtp://app:p%40ss%2F@mail.example"), {
      host: "mail.example",
      port: 587,
      secure: false,
      requireTls: true,
      login: { user: "app", password: "p@ss/" },
      from: sender,
    });
    assert.deepEqual(mailOf("smtps://mail.example:2465", "no-reply@product.example"), {
      host: "mail.example",
      port: 2465,
      secure: true,
      requireTls: false,
      login: null,
      from: { ...sender, name: "" },
    });
    assert.equal(mailOf("smtps://mail.example")?.port, 465);
  });

  it("may be spoken to in clear text on this machine only", () => {
    const tls = ["localhost", "127.0.0.1", "[::1]", "10.0.0.1", "mail"].map(
      (host) => mailOf(`smtp://${host}:25`)?.requireTls,
    );
    assert.deepEqual(tls, [false, false, false, true, true]);
    assert.equal(mailOf("smtp://[::1]:25")?.host, "::1");
  });

  it("needs a sender", () => {
    assert.deepEqual(namesOf(problemsOf({ ...good, SMTP_URL: "smtp://mail.example" })), ["MAIL_FROM"]);
  });

  const wrong = [
    { SMTP_URL: "mail.example:587" },
    { SMTP_URL: "https://mail.example" },
    { SMTP_URL: "smtp://:587" },
    { SMTP_URL: "smtp://mail.example/path" },
    { SMTP_URL: "smtp://mail.example?tls.rejectUnauthorized=false" },
    { SMTP_URL: "smtp://app:%zz@mail.example" },
    { MAIL_FROM: "no-reply" },
    { MAIL_FROM: "a@product.example, b@product.example" },
    { MAIL_FROM: "Product\r\nBcc: x <a@product.example>" },
    { MAIL_FROM: "<a@product.example>" },
  ];
  for (const values of wrong) {
    const [[name, value]] = Object.entries(values) as [[string, string]];
    it(`refuses ${name}=${JSON.stringify(value)}, and does not repeat it`, () => {
      const problems = problemsOf({ ...good, SMTP_URL: "smtp://mail.example", MAIL_FROM: from, ...values });
      assert.deepEqual(namesOf(problems), [name]);
      assert.ok(!problems.join().includes(value));
    });
  }

  it("may come from a file", () => {
    const folder = mkdtempSync(join(tmpdir(), "config-"));
    const file = join(folder, "smtp");
    writeFileSync(file, "smtp://mail.example\n");
    assert.equal(loadConfig({ ...good, SMTP_URL_FILE: file, MAIL_FROM: from }).mail?.host, "mail.example");
    rmSync(folder, { recursive: true });
  });
});

describe("loadToolConfig", () => {
  it("requires nothing, but refuses wrong values", () => {
    const { baseUrl, databaseUrl, dataKey } = loadToolConfig({});
    assert.deepEqual([baseUrl, databaseUrl, dataKey], ["http://localhost:3000", "data/app.sqlite", null]);
    assert.deepEqual(namesOf(problemsOf({ DATA_KEY: "x", BASE_URL: "http://app.example" }, loadToolConfig)), [
      "BASE_URL",
      "DATA_KEY",
    ]);
  });
});
