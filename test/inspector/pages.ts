import type { User } from "../../src/model.ts";
import type { PageCase } from "../helpers/every-page.ts";
import { newMessage } from "../helpers/messages.ts";
import type { TestTenant } from "../helpers/people.ts";

/** The inspector's pages, for test/helpers/every-page.ts. */
export async function inspectorPages({ store }: TestTenant, owner: User): Promise<PageCase[]> {
  const flow = { kind: "sign-in", keys: ["state"] } as const;
  const route = { from: "product", to: "okta", carried: false } as const;
  await store.inspector.recordUntil(Date.now() + 3_600_000);
  await store.inspector.add(
    [
      newMessage({ protocol: "saml", step: "Response", response: { head: [], xml: "<a>\n  <b/>\n</a>" } }),
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
    { name: "no such message", status: 404, path: "/admin/inspector/99" },
  ];
  return pages.map((page) => ({ ...page, as: owner }));
}
