import { clickPath, okta, signOnTab } from "okta-labels/labels";
import { brand } from "../../../../config/brand.ts";
import { type DemoTenant, loginOf } from "../../../../src/demo/tenants.ts";
import { oidcUrls, paths } from "../../../../src/endpoints.ts";
import type { ConnectionType } from "../../../../src/model.ts";
import { type AppInstructions, createIntegration, type GuidedStep } from "./instructions.ts";
import type { Milestones } from "./milestones.ts";
import { samlApp } from "./saml.ts"; // SAML

/** From an empty Integrator org to a person who is signed out everywhere. The page may be public: no secrets in it. */
export function guidedSteps(tenant: DemoTenant, baseUrl: string, done: Milestones): GuidedStep[] {
  return [
    {
      id: "owner",
      title: `Sign in as the owner of ${tenant.name}`,
      actions: [
        "The password is in the terminal. Use another browser, or a private window, for the people of your org.",
      ],
      values: [{ label: "Login name", value: loginOf(tenant.owner, tenant) }],
      link: { label: "Sign in", href: paths.passwordLoginOf(tenant.slug) },
      done: done.ownerSignedIn,
    },
    { id: "app", link: newConnection, done: done.connected, ...appOf[tenant.protocol](tenant, baseUrl) },
    {
      id: "sign-in",
      title: "Sign in from Okta",
      actions: [
        `On the tab ${okta.tabs.assignments} of the app, choose ${okta.assignments.assign}, and assign yourself.`,
        "Open the app’s tile on your Okta dashboard.",
        "Sign out, and start one sign-in from the application.",
      ],
      values: [],
      link: { label: "Start here", href: paths[tenant.protocol](tenant.slug).login },
      done: done.signedIn,
    },
    ...provisioning(baseUrl, done),
    ...ending(baseUrl, done),
  ];
}

const newConnection = { label: "New connection", href: paths.admin.newConnection };

const appOf: Readonly<Record<ConnectionType, AppInstructions>> = {
  oidc: oidcApp,
  saml: samlApp, // SAML
};

function oidcApp({ slug }: DemoTenant, baseUrl: string): ReturnType<AppInstructions> {
  const { redirectUri, postLogoutRedirectUri, initiateLoginUri } = oidcUrls(baseUrl, slug);
  return {
    title: "Create the OpenID Connect app, and connect it",
    actions: [
      `In the Admin Console, choose ${createIntegration}, then “${okta.customApp.oidc}” and “${okta.customApp.webApplication}”.`,
      `Leave “${okta.customApp.authorizationCode}” as the only grant type, and paste the URIs below.`,
      `After saving: ${clickPath(okta.catalog.generalSettings, okta.buttons.edit, okta.customApp.loginInitiatedBy)} “${okta.customApp.eitherOktaOrApp}”, “${okta.customApp.displayIcon}”, “${okta.customApp.redirectToApp}”.`,
      "Enter the client ID and the client secret here, and the Okta domain: click your user name at the top right, then it is in the menu.",
    ],
    values: [
      { label: okta.customApp.name, value: brand.productName },
      { label: okta.customApp.signInRedirectUris, value: redirectUri },
      { label: okta.customApp.signOutRedirectUris, value: postLogoutRedirectUri },
      { label: okta.customApp.initiateLoginUri, value: initiateLoginUri },
    ],
  };
}

function provisioning(baseUrl: string, done: Milestones): GuidedStep[] {
  return [
    {
      id: "token",
      title: "Connect provisioning",
      actions: [
        "Create a provisioning token here.",
        `In Okta, choose ${clickPath(okta.menus.applications, okta.catalog.browse)}, and add “(Header Auth) Governance with SCIM 2.0”: apps of your own that use OpenID Connect cannot provision.`,
        `To assign roles and entitlements as well, now choose ${clickPath(okta.tabs.general, okta.entitlements.section, okta.buttons.edit, okta.entitlements.enable, okta.buttons.save)}. Okta refuses it once provisioning is enabled.`,
        `${clickPath(okta.tabs.provisioning, okta.provisioning.configure, okta.provisioning.enable)}: paste the address, and as ${okta.provisioning.apiToken} the word Bearer, a space and the token. Choose ${okta.provisioning.test}, and save.`,
        `${clickPath(okta.tabs.provisioning, okta.provisioning.toApp, okta.buttons.edit)}: ${okta.provisioning.createUsers}, ${okta.provisioning.updateAttributes}, ${okta.provisioning.deactivateUsers}.`,
      ],
      values: [{ label: okta.provisioning.baseUrl, value: baseUrl + paths.scim }],
      link: { label: "Provisioning", href: paths.admin.provisioning },
      done: done.tokenUsed,
    },
    {
      id: "assign",
      title: "Assign a person",
      actions: [
        "Assign a person to the provisioning app in Okta. Within a minute they appear in the list of people here.",
      ],
      values: [],
      link: { label: "People", href: paths.admin.people },
      done: done.provisioned,
    },
    {
      id: "group",
      title: "Push a group",
      actions: [
        `On the tab ${okta.tabs.pushGroups}, choose ${clickPath(okta.pushGroups.push, okta.pushGroups.byName)}.`,
      ],
      values: [],
      link: { label: "Groups", href: paths.admin.groups },
      done: done.groupPushed,
    },
    {
      id: "role",
      title: "Let the group make administrators",
      actions: [
        "Give the group the role admin here. Its members are administrators from their next click on.",
      ],
      values: [],
      link: { label: "Groups", href: paths.admin.groups },
      done: done.groupMapped,
    },
  ];
}

function ending(baseUrl: string, done: Milestones): GuidedStep[] {
  return [
    {
      id: "deactivate",
      title: "Remove access",
      actions: [
        "Unassign the person from the provisioning app in Okta, while they are signed in here.",
        "Their next click leads to the sign-in page; the account stays, deactivated.",
      ],
      values: [],
      link: { label: "People", href: paths.admin.people },
      done: done.deactivated,
    },
    {
      id: "universal-logout",
      title: "Universal Logout",
      actions: [
        "The org needs Identity Threat Protection or Adaptive MFA.",
        `On the tab ${signOnTab()} of the sign-in app, under ${okta.signOn.logout}, choose ${okta.buttons.edit}, “${okta.signOn.adminInitiatesLogout}”, and paste the endpoint.`,
        `While a person is signed in here: ${clickPath(okta.menus.people, "the person", okta.person.moreActions, okta.person.clearSessions)}, with “${okta.person.includeApps}”.`,
      ],
      values: [{ label: okta.customApp.logoutEndpointUrl, value: baseUrl + paths.globalTokenRevocation }],
      link: { label: "Activity", href: paths.admin.activity },
      done: done.loggedOut,
    },
  ];
}
