import type { User } from "../../src/model.ts";
import type { Message } from "../../src/recording.ts";
import type { PageCase } from "../helpers/every-page.ts";
import { newMessage } from "../helpers/messages.ts";
import type { TestTenant } from "../helpers/people.ts";

// SAML {
const assertion = `<samlp:Response ID="r1" IssueInstant="2026-11-29T20:00:00Z">
  <saml:Assertion ID="a1">
    <saml:Subject>
      <saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">ada@acme.example</saml:NameID>
    </saml:Subject>
    <saml:Conditions NotBefore="2026-11-29T19:55:00Z" NotOnOrAfter="2026-11-29T20:05:00Z">
      <saml:AudienceRestriction>
        <saml:Audience>https://app.example/saml/acme/metadata</saml:Audience>
      </saml:AudienceRestriction>
    </saml:Conditions>
  </saml:Assertion>
</samlp:Response>`;
// SAML }

/** A message of each protocol, with each kind of content. */
const learnedFrom: (Partial<Message> & { step: string })[] = [
  {
    protocol: "oidc",
    step: "Token request of every page",
    request: { head: ["POST https://acme.okta.example/token"], form: { code: "x", grant_type: "code" } },
    response: {
      head: ["200 OK", "Content-Type: application/json"],
      json: { id_token: "x", expires_in: 3600 },
      jwts: [
        { place: "id_token", header: { alg: "RS256" }, claims: { aud: "0oa1", exp: 1795986000, name: null } },
      ],
    },
  },
  // SAML {
  {
    protocol: "saml",
    step: "Response of every page",
    facts: [{ label: "Valid until", value: "2026-11-29T20:05:00Z", at: Date.UTC(2026, 10, 29, 20, 5) }],
    request: { head: ["POST /saml/acme/acs"], form: { RelayState: "/", SAMLResponse: "x" }, xml: assertion },
    response: null,
    verdict: "failed",
    checks: [
      { name: "The form holds a response", verdict: "passed", detail: null, group: "Transport" },
      {
        ...{ name: "Nothing is signed with SHA-1", verdict: "failed", detail: "found rsa-sha1" },
        ...{ group: "Signature of the response", citation: "RFC 9231 §2.3.2", reason: "saml-sha1" },
      },
    ],
  },
  // SAML }
  {
    step: "POST /Users of every page",
    request: {
      head: ["POST /scim/v2/Users", "Authorization: Bearer x"],
      query: { attributes: "userName" },
      json: { userName: "ada@acme.example", active: true, emails: ["one", "two", "three", "four"] },
      isRepeatable: true,
    },
  },
  { protocol: "oidc", step: "Sign-in of every page", request: null, response: null, checks: [] },
];

/** The inspector's pages, for test/helpers/every-page.ts. */
export async function inspectorPages({ store }: TestTenant, owner: User): Promise<PageCase[]> {
  const flow = { kind: "sign-in", keys: ["state"] } as const;
  const route = { from: "product", to: "okta", carried: false } as const;
  await store.inspector.recordUntil(Date.now() + 3_600_000);
  await store.inspector.add(
    [
      newMessage({ protocol: "oidc", step: "Response", response: { head: [], xml: "<a>\n  <b/>\n</a>" } }),
      newMessage({
        verdict: "failed",
        summary: "401 Unauthorized",
        connectionKey: "acme",
        checks: [
          { name: "The token is known", verdict: "passed", detail: null },
          { name: "The signature is valid", verdict: "failed", detail: "expected this, found that" },
        ],
        request: { head: ["POST /x", `Long: ${"x".repeat(600)}`], json: { list: ["y".repeat(300)] } },
      }),
      newMessage({
        protocol: "oidc",
        step: "Authorization request",
        flow,
        route: { ...route, carried: true },
      }),
      newMessage({ protocol: "oidc", step: "Token request", flow, route, verdict: "failed", summary: "401" }),
      ...learnedFrom.map((changes) => newMessage(changes)),
    ],
    12,
  );
  const pages = [
    { name: "the inspector, on", status: 200, path: "/admin/inspector" },
    { name: "the inspector with a filter", status: 200, path: "/admin/inspector?person=ada&verdict=failed" },
    {
      name: "the inspector with a filter that finds nothing",
      status: 200,
      path: "/admin/inspector?person=none",
    },
    { name: "the inspector further back", status: 200, path: "/admin/inspector?before=2" },
    { name: "a flow", status: 200, path: "/admin/inspector/flows/1" },
    { name: "a flow of a failure", status: 200, path: "/admin/inspector/flows/3?message=4" },
    { name: "no such flow", status: 404, path: "/admin/inspector/flows/99" },
    { name: "a message", status: 200, path: "/admin/inspector/1" },
    { name: "a message of a failure", status: 200, path: "/admin/inspector/2" },
    ...learnedFrom.flatMap(({ step }, index) =>
      ["decoded", "sent", "headers"].map((view) => ({
        name: `${step}, ${view}`,
        status: 200,
        path: `/admin/inspector/${index + 5}?view=${view}`,
      })),
    ),
    { name: "no such message", status: 404, path: "/admin/inspector/99" },
  ];
  return pages.map((page) => ({ ...page, as: owner }));
}
