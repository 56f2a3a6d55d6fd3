import { existsSync, readdirSync, readFileSync } from "node:fs";

/**
 * Which test file runs in which job. `npm test` runs "fast": everything that needs neither a browser nor other processes.
 * A file that is not named here is fast; test/jobs.test.ts holds the lists to what the files do. A name that ends with "/"
 * is a folder.
 */
const named = {
  /** Need Chromium. */
  browser: [
    "test/browser/",
    "test/tasks/browser.test.ts", // sample product
  ],
  /** Start the application, a tool, npm or a PostgreSQL server as other processes, and wait for them. */
  processes: [
    "examples/existing-app/test/readme.test.ts",
    "packages/oin-kit/test/product.test.ts",
    "packages/okta-stand-in/test/program.test.ts",
    "tools/bench/test/",
    "tools/faults/test/",
    "tools/demo/test/guided.test.ts",
    "tools/demo/test/okta-setup.test.ts",
    "tools/demo/test/story.test.ts",
    "tools/fork/test/saml.test.ts",
    "tools/fork/test/tree.test.ts",
    "tools/fuzz/test/fuzz.test.ts",
    "tools/guide/test/",
    "test/cli/main.test.ts",
    "test/cli/names.test.ts",
    "test/demo/agent.test.ts",
    "test/demo/demo.test.ts",
    "test/demo/https.test.ts",
    "test/demo/pages.test.ts",
    "test/demo/push.test.ts",
    "test/how-to/agents.test.ts",
    "test/how-to/make-it-yours.test.ts",
    "test/how-to/sidecar.test.ts",
    "test/oin/check/demo.test.ts",
    "test/oin/check/main.test.ts",
    "test/oin/check/scimmy-routers.test.ts",
    "test/oin/check/site.test.ts",
    "test/oin/test-plan.test.ts",
    "test/outbox/kill.test.ts",
    "test/packaging.test.ts",
    "test/scim/custom-attribute.test.ts",
    "test/scim/outage.test.ts",
    "test/scripts/",
    "test/server/",
    "test/shared-signals/kill.test.ts",
    "test/shared-signals/transmitter-crash.test.ts",
    "test/shared-signals/wire.test.ts",
    "test/store/cli-beside-app.test.ts",
    "test/store/durability.test.ts",
    "test/tutorial/",
    "test/webhooks/kill.test.ts",
    "tools/mutants/test/",
    "tools/pages/test/",
    "tools/walks/test/",
  ],
};

/** Files that take more than half a minute. They begin first: at the end, one of them would run alone. */
export const longest = [
  "tools/bench/test/bench.test.ts",
  "test/how-to/make-it-yours.test.ts",
  "tools/demo/test/story.test.ts",
  "test/oin/check/main.test.ts",
  "tools/guide/test/main.test.ts",
  "test/demo/demo.test.ts",
  "test/shared-signals/transmitter-crash.test.ts",
  "test/demo/pages.test.ts",
  "test/demo/push.test.ts",
  "test/cli/main.test.ts",
  "test/browser/accessibility.test.ts",
  "test/browser/guides.test.ts",
  "test/browser/page-weight.test.ts",
  "test/oidc/hostile-endpoints.test.ts",
];

/** The jobs in the order in which `npm run test:full` begins them: those that wait the longest come first. */
export const jobs = ["processes", "browser", "fast", "postgres"];

/** The test files of a job, in the order in which they begin. */
export function filesOf(job) {
  const files = namesOf(job);
  return [
    ...longest.filter((path) => files.includes(path)),
    ...files.filter((path) => !longest.includes(path)),
  ];
}

function namesOf(job) {
  const all = testFolders().flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
      .filter((path) => path.endsWith(".test.ts"))
      .sort(),
  );
  const inJob = (name) => all.filter((path) => named[name].some((entry) => isNamed(path, entry)));
  if (job in named) return inJob(job);
  const others = new Set(Object.keys(named).flatMap(inJob));
  const fast = all.filter((path) => !others.has(path));
  // The job postgres runs on PostgreSQL the suites that fast runs on SQLite alone (onOneDatabase in databases.ts).
  return job === "fast" ? fast : fast.filter((path) => readFileSync(path, "utf8").includes("onOneDatabase("));
}

/** test/, and the tests of each workspace. */
function testFolders() {
  const workspaces = ["packages", "tools", "examples"].flatMap((folder) =>
    readdirSync(folder).map((name) => `${folder}/${name}/test`),
  );
  return ["test", ...workspaces.filter((folder) => existsSync(folder))];
}

function isNamed(path, entry) {
  return entry.endsWith("/") ? path.startsWith(entry) : path === entry;
}
