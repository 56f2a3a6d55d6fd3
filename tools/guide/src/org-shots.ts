import type { Shot } from "oin-kit/writer/pictures";
import { okta } from "okta-labels/labels";
import { appPath } from "okta-stand-in/admin/console";
import { connectionVariable, integration } from "../../../config/integration.ts";
import { crossAppAccessUrls } from "../../../src/endpoints.ts";
import type { SampleOrg } from "./org.ts";

const note = "Drawing of Okta's screen. Yours may look a little different.";
const button = (label: string) => `button:text-is("${label}")`;
const choiceOf = (id: string) => `.field.check:has(#${id})`;
const copyable = (id: string) => `.copy-value:has(#${id})`;

const switchOf = (id: string) => `.switch:has(#${id})`;

const save = (section: string) => `#${section} ${button(okta.buttons.save)}`;

/** @param edit the section that is being edited. */
function shot(
  name: string,
  path: string,
  more: Pick<Shot, "part" | "marks"> & Partial<Shot>,
  edit = "",
): Shot {
  return {
    name,
    path: `${path}?drawing${edit && `&edit=${edit}`}`,
    html: /<main[\s\S]*<\/main>/,
    note,
    ...more,
  };
}

/** The pictures of Okta's Admin Console. They are drawings, until the ISV replaces them by screenshots of the same names. */
export function shotsOfOrg({ entry, apps, agentId }: SampleOrg): Shot[] {
  const catalog = `/admin/catalog/${entry}`;
  const of = (app: keyof typeof apps, tab: string) => appPath(apps[app], tab);
  return [
    shot("okta-catalog", catalog, {
      part: ".app-head",
      until: "main > section",
      marks: [button(okta.catalog.add)],
    }),
    shot("okta-general-settings", `${catalog}/add`, {
      part: "main > section",
      fill: { [connectionVariable.label]: "acme" },
      marks: ["input[name^=variable]", button(okta.catalog.done)],
    }),
    shot("okta-sign-on-oidc", of("oidc", "/sign-on"), {
      part: ".tabs",
      until: "#settings",
      marks: [copyable("app-id"), copyable("client-secret")],
    }),
    // SAML {
    shot("okta-sign-on-saml", of("saml", "/sign-on"), {
      part: ".tabs",
      until: "#settings",
      // The certificates below are new ones each time.
      html: /id="settings"[\s\S]*?<\/section>/,
      marks: [copyable("metadata-url")],
    }),
    // SAML }
    shot(
      "okta-universal-logout",
      of("oidc", "/sign-on"),
      { part: "#logout", marks: [choiceOf("adminInitiates"), save("logout")] },
      "logout",
    ),
    shot("okta-assignments", of("oidc", "/assign-to-people"), {
      part: "main .page-head",
      until: "main > .sheet-end",
      marks: [`.lines ${button(okta.assignments.assign)}`, button(okta.buttons.done)],
    }),
    shot(
      "okta-entitlement-management",
      of("oidc", ""),
      { part: "#entitlement-management", marks: [choiceOf("enabled"), save("entitlement-management")] },
      "entitlement-management",
    ),
    shot(
      "okta-api-integration",
      of("oidc", "/provisioning/integration"),
      {
        part: ".tabs",
        until: ".with-side",
        marks: [choiceOf("enabled"), "#token", button(okta.provisioning.test), save("integration")],
      },
      "integration",
    ),
    shot(
      "okta-to-app",
      of("provisioning", "/provisioning/to-app"),
      {
        part: ".tabs",
        until: "#to-app",
        marks: [...["createUsers", "updateAttributes", "deactivateUsers"].map(switchOf), save("to-app")],
      },
      "to-app",
    ),
    shot("okta-push-groups", of("provisioning", "/push-groups"), {
      part: ".tabs",
      until: "main > .panel",
      opens: [button(okta.pushGroups.push)],
      marks: [button(okta.pushGroups.push), `.drop a:text-is("${okta.pushGroups.byName}")`],
    }),
    ...shotsOfAgents(of("oidc", "/resource-server"), agentId),
  ];
}

/** The pictures for Cross App Access. */
function shotsOfAgents(resourceServer: string, agentId: string): Shot[] {
  const agent = `/admin/ai-agents/${agentId}`;
  return [
    shot(
      "okta-resource-server",
      resourceServer,
      {
        part: ".tabs",
        until: "#cross-app-access",
        marks: [choiceOf("enabled"), "#issuerUrl", "#tenantId", save("cross-app-access")],
      },
      "cross-app-access",
    ),
    shot("okta-agent-register", "/admin/ai-agents", {
      part: "main > h1",
      until: "main > .panel",
      opens: [button(okta.agents.register)],
      marks: [button(okta.agents.register), `.drop a:text-is("${okta.agents.registerManually}")`],
    }),
    shot("okta-agent-client", `${agent}/client-registration`, {
      part: ".tabs",
      until: "#client-registration",
      marks: [copyable("client-id"), copyable("client-secret")],
    }),
    shot(
      "okta-agent-connection",
      `${agent}/resource-connections`,
      {
        part: "#connection",
        fill: {
          [okta.agents.resourceIndicator]: crossAppAccessUrls(integration.origin).mcpResource,
          [okta.agents.clientIdInApp]: "agent_5f0c2a9e-7b41-4d3a-9c86-1e2f3a4b5c6d",
        },
        marks: ["#appId", "#resources", "#clientId", button(okta.agents.add)],
      },
      "connection",
    ),
    shot("okta-agent-activate", `${agent}/user-access`, {
      part: ".app-head",
      until: "#people",
      opens: [button(okta.buttons.actions)],
      marks: [button(okta.buttons.actions), `.drop button:text-is("${okta.buttons.activate}")`],
    }),
  ];
}
