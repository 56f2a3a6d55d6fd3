import { brand } from "../../../../config/brand.ts";
import { attributeStatements } from "../../../../src/demo/attribute-statements.ts";
import { type DemoTenant, loginOf } from "../../../../src/demo/tenants.ts";
import { oidcUrls, paths, samlUrls } from "../../../../src/endpoints.ts";
import type { Milestones } from "./milestones.ts";

/** One step of the set-up. */
export interface GuidedStep {
  id: string;
  title: string;
  /** Instructions in order, with the labels of Okta's screens exactly as Okta writes them. */
  actions: string[];
  /** Values to paste into Okta's fields of these names. */
  values: { label: string; value: string }[];
  /** The page of the application on which the step continues. */
  link: { label: string; href: string } | null;
  done: boolean;
}

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
    tenant.protocol === "oidc" ? oidcApp(tenant, baseUrl, done) : samlApp(tenant, baseUrl, done),
    {
      id: "sign-in",
      title: "Sign in from Okta",
      actions: [
        "On the tab Assignments of the app, choose Assign, and assign yourself.",
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

function oidcApp({ slug }: DemoTenant, baseUrl: string, { connected }: Milestones): GuidedStep {
  const { redirectUri, postLogoutRedirectUri, initiateLoginUri } = oidcUrls(baseUrl, slug);
  return {
    id: "app",
    title: "Create the OpenID Connect app, and connect it",
    actions: [
      "In the Admin Console, choose Applications > Applications > Create App Integration, then “OIDC - OpenID Connect” and “Web Application”.",
      "Leave “Authorization Code” as the only grant type, and paste the URIs below.",
      "After saving: General Settings > Edit > Login initiated by “Either Okta or App”, “Display application icon to users”, “Redirect to app to initiate login (OIDC Compliant)”.",
      "Enter the Okta domain, the client ID and the client secret here.",
    ],
    values: [
      { label: "App integration name", value: brand.productName },
      { label: "Sign-in redirect URIs", value: redirectUri },
      { label: "Sign-out redirect URIs", value: postLogoutRedirectUri },
      { label: "Initiate login URI", value: initiateLoginUri },
    ],
    link: { label: "New connection", href: paths.admin.newConnection },
    done: connected,
  };
}

function samlApp({ slug }: DemoTenant, baseUrl: string, { connected }: Milestones): GuidedStep {
  const { acsUrl, entityId } = samlUrls(baseUrl, slug);
  return {
    id: "app",
    title: "Create the SAML app, and connect it",
    actions: [
      "In the Admin Console, choose Applications > Applications > Create App Integration, then “SAML 2.0”.",
      "Paste the two addresses, leave “Name ID format” and “Application username” as they are, and add the attribute statements.",
      "On the tab Sign On, copy the Metadata URL. Enter it here; the app instance ID (0oa…) is part of the URL of the app’s page.",
    ],
    values: [
      { label: "Single sign-on URL", value: acsUrl },
      { label: "Audience URI (SP Entity ID)", value: entityId },
      ...attributeStatements().map(({ name, expression }) => ({
        label: `Attribute statement ${name}`,
        value: expression,
      })),
    ],
    link: { label: "New connection", href: paths.admin.newConnection },
    done: connected,
  };
}

function provisioning(baseUrl: string, done: Milestones): GuidedStep[] {
  return [
    {
      id: "token",
      title: "Connect provisioning",
      actions: [
        "Create a provisioning token here.",
        "In Okta, choose Applications > Browse App Catalog, and add “(Header Auth) Governance with SCIM 2.0”: apps of your own that use OpenID Connect cannot provision.",
        "Provisioning > Configure API Integration: paste the address, and as API Token the word Bearer, a space and the token. Test API Credentials, and save.",
        "Provisioning > To App > Edit: Create Users, Update User Attributes, Deactivate Users.",
      ],
      values: [{ label: "Base URL", value: baseUrl + paths.scim }],
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
      actions: ["On the tab Push Groups, choose Push Groups > Find groups by name."],
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
        "On the tab Sign On of the sign-in app, under Logout, choose Edit, “Okta system or admin initiates logout”, and paste the endpoint.",
        "While a person is signed in here: Directory > People > the person > More Actions > Clear User Sessions, with “Also include logout enabled apps and Okta API tokens”.",
      ],
      values: [{ label: "Logout endpoint URL", value: baseUrl + paths.globalTokenRevocation }],
      link: { label: "Activity", href: paths.admin.activity },
      done: done.loggedOut,
    },
  ];
}
