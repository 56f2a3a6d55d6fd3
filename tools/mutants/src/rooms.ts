/** The tests for a folder or file of src/, and the conditions to change in it. */
interface Room {
  /** The beginning of the paths that this row is for. */
  source: string;
  /** Files, or folders with all their test files. */
  tests: readonly string[];
  /** Also inverts every condition; otherwise only refusals are removed. */
  everyCondition?: boolean;
}

const people = [
  "test/directory/",
  "test/reach/",
  "test/scim/users-access.test.ts",
  "test/scim/users-adoption.test.ts",
];
const consoleOfPeople = [
  "test/admin/people.test.ts",
  "test/admin/groups.test.ts",
  "test/admin/names.test.ts",
];
const consoleOfConnections = ["test/directory/", "test/admin/", "test/cli/", "test/reach/"];
const testSignIns = ["test/oidc/test-sign-in.test.ts", "test/saml/test-sign-in.test.ts"];
const agentTests = [
  "test/cross-app-access/",
  "test/saml/cross-app-access.test.ts",
  "test/tasks/", // sample domain
];
const everyCondition = true;

/** The first matching row counts. A path without a row has the tests of the folder of the same name. */
const rooms: readonly Room[] = [
  // SAML {
  {
    source: "src/saml/",
    tests: [
      "test/saml/",
      "test/admin/set-up-saml.test.ts",
      "test/universal-logout/saml.test.ts",
      "test/reach/",
    ],
  },
  // SAML }
  {
    source: "src/oidc/",
    tests: [
      "test/oidc/",
      "test/admin/set-up-oidc.test.ts",
      "test/admin/set-up-oidc-wrong.test.ts",
      "test/reach/",
    ],
  },
  { source: "src/trust/openid-providers.ts", tests: ["test/oidc/"] },
  { source: "src/sso/subjects.ts", tests: ["test/universal-logout/", "test/shared-signals/"] },
  { source: "src/sso/", tests: ["test/sso/", "test/oidc/", "test/saml/", "test/reach/"] },
  { source: "src/universal-logout/", tests: ["test/universal-logout/"] },
  {
    source: "src/shared-signals/",
    tests: [
      "test/shared-signals/",
      "test/saml/shared-signals.test.ts", // SAML
    ],
  },
  {
    source: "src/trust/connection-facts.ts",
    tests: [
      "test/trust/",
      "test/saml/connection-facts.test.ts", // SAML
    ],
  },
  { source: "src/cross-app-access/", tests: agentTests, everyCondition },
  { source: "src/oauth/", tests: [...agentTests, "test/scim-authorization/"], everyCondition },
  { source: "src/scim-authorization/", tests: ["test/scim-authorization/"], everyCondition },
  { source: "src/web/access-token", tests: [...agentTests, "test/web/"], everyCondition },
  { source: "src/web/dpop.ts", tests: agentTests, everyCondition },
  { source: "src/directory/agents.ts", tests: [...agentTests, "test/cli/", "test/admin/"], everyCondition },
  { source: "src/directory/connections.ts", tests: consoleOfConnections, everyCondition },
  {
    source: "src/directory/domains.ts",
    tests: [...consoleOfConnections, "test/web/login.test.ts"],
    everyCondition,
  },
  {
    source: "src/directory/sign-in-tests.ts",
    tests: [...consoleOfConnections, ...testSignIns],
    everyCondition,
  },
  { source: "src/directory/provisioning", tests: [...people, "test/scim/", "test/admin/"], everyCondition },
  { source: "src/directory/password", tests: [...people, "test/web/", "test/cli/"], everyCondition },
  { source: "src/directory/local-accounts.ts", tests: [...people, "test/web/", "test/cli/"], everyCondition },
  {
    source: "src/directory/",
    tests: [
      ...people,
      ...consoleOfPeople,
      "test/admin/access.test.ts",
      "test/admin/provisioning.test.ts",
      "test/admin/shown.test.ts",
      "test/cli/",
      "test/saml/sign-in.test.ts",
      "test/oidc/sign-in.test.ts",
      "test/oidc/takeover.test.ts",
      "test/scim/groups.test.ts",
      "test/scim/names.test.ts",
      "test/scim/roles.test.ts",
      "test/scim/users.test.ts",
      "test/web/account.test.ts",
      "test/web/login.test.ts",
      "test/web/sessions.test.ts",
    ],
    everyCondition,
  },
  ...["grammar", "patch-", "filter-", "match-element", "groups"].map((name) => ({
    source: `packages/scim-server/src/${name}`,
    tests: ["packages/scim-server/test/", "test/scim/"],
    everyCondition,
  })),
  { source: "packages/scim-server/", tests: ["packages/scim-server/test/", "test/scim/", "test/reach/"] },
  { source: "src/scim/", tests: ["test/scim/", "test/reach/"] },
  // SAML {
  {
    source: "packages/saml-policy/",
    tests: ["packages/saml-policy/test/", "test/saml/", "test/universal-logout/saml.test.ts"],
  },
  // SAML }
  { source: "src/store/tenant/inspector.ts", tests: ["test/inspector/", "test/store/"], everyCondition },
  { source: "src/store/tenant/tasks.ts", tests: ["test/tasks/", "test/store/"], everyCondition }, // sample domain
  {
    source: "src/store/tenant/connections.ts",
    tests: [...consoleOfConnections, ...testSignIns, "test/store/"],
    everyCondition,
  },
  {
    source: "src/store/tenant/",
    tests: [
      ...people,
      ...consoleOfPeople,
      "test/admin/activity.test.ts",
      "test/scim/",
      "test/store/",
      "test/web/",
    ],
    everyCondition,
  },
  { source: "src/store/", tests: ["test/store/", "test/scim/", "test/web/"] },
];

/** The tests for a source file. */
export function testsFor(path: string): readonly string[] {
  return rowOf(path)?.tests ?? [`test/${path.split("/")[1]}/`];
}

export function invertsEveryCondition(path: string): boolean {
  return rowOf(path)?.everyCondition ?? false;
}

/** The folder of a file, by which the last table counts. */
export function roomOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** Groups items by key, in their original order. */
export function grouped<T>(all: readonly T[], keyOf: (one: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const one of all) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return [...groups];
}

function rowOf(path: string): Room | undefined {
  return rooms.find(({ source }) => path.startsWith(source));
}
