/** The shape of the test plan, and how its rows name their tests. */
import { type CaseId, oktaCases } from "./okta-test-plan.ts";

/** An automated test: its file below test/, and the end of its full title without the database engine. */
export interface TestReference {
  file: string;
  title: string;
}

/** A case of the reviewers' tests: what the tester does, what the product answers, and the tests that prove it. */
export interface PlannedCase {
  /** Okta's number, or the name of a journey of the Submission Tester. */
  id: string;
  area: string;
  title: string;
  /** The result that Okta's plan expects, in a few words; null for a journey, whose title says it. */
  expected: string | null;
  /** In Markdown. Okta's labels are bold. */
  step: string;
  /** The status, the body or the behaviour. */
  answer: string;
  /** Okta alone decides this, so no test can show it; null if the tests show everything. */
  inOrgOnly: string | null;
  /** Empty if the case does not apply. */
  tests: readonly TestReference[];
  /** Why the case does not apply; null if it does. */
  notSupported: string | null;
}

/** What a case presupposes. It applies only to integrations that have it. */
export type CaseNeed =
  | "provisioning"
  | "groups"
  | "passwords"
  | "saml"
  | "OAuth 2"
  | "SWA"
  | "profile sourcing";

/** The product's side of one case of Okta's SCIM plan. The number, the title and the section come from okta-test-plan.ts. */
export interface CaseCoverage extends Pick<PlannedCase, "step" | "answer" | "tests"> {
  needs: CaseNeed;
  inOrgOnly?: string;
}

/** The cases of a file, by number. */
export type CaseTable = Partial<Record<CaseId, CaseCoverage>>;

export const test = (file: string, title: string): TestReference => ({ file: `${file}.test.ts`, title });

/** A test that replays one recorded exchange with Okta (test/fixtures/okta/). */
export const replayed = (name: string): TestReference =>
  test("scim/fixtures", `recorded traffic okta ${name}`);

/** A test of Okta's Runscope suites. */
export const suite = (title: string): TestReference => test("scim/okta-spec", `Okta's test suites ${title}`);

/**
 * A test that carries out a case of the plan over HTTP, with an org that the stand-in plays. Its title has the case's number
 * and title before `behaviour`.
 */
export function planTest(file: "setup" | "users" | "groups", id: CaseId, behaviour: string): TestReference {
  const title = oktaCases.find((one) => one.id === id)?.title;
  return test(`scim/okta-plan-${file}`, `${id} ${title} ${behaviour}`);
}
