import { okta } from "./labels.ts";

/** A field of a screen, and whether the reader has to look at it. */
export interface ScreenField {
  label: string;
  /** An example of its content. */
  value: string;
  isMarked?: boolean;
}

/**
 * One of Okta's screens, reduced to what a drawing shows. Those with the name of a guide's picture show the same screen.
 */
interface OktaScreen {
  title: string;
  tabs: readonly string[];
  /** The open tab. */
  tab: string | null;
  /** Whether the org's address, in the menu at the top right, is marked. */
  marksOrg?: boolean;
  fields: readonly ScreenField[];
  /** The button that is marked. */
  button: string | null;
}

const appTabs = [okta.tabs.general, okta.tabs.signOn, okta.tabs.provisioning, okta.tabs.assignments];

/** The screens of a set-up. `app` is the app's name, `field` its own field in the catalog, with its value. */
export function oktaScreens(app: string, field: Pick<ScreenField, "label" | "value">) {
  const { customApp, signOn } = okta;
  return {
    "okta-general-settings": {
      title: okta.catalog.generalSettings,
      tabs: [],
      tab: null,
      fields: [
        { label: okta.catalog.applicationLabel, value: app },
        { ...field, isMarked: true },
      ],
      button: okta.catalog.done,
    },
    "okta-new-oidc": {
      title: okta.catalog.createIntegration,
      tabs: [],
      tab: null,
      fields: [
        { label: customApp.name, value: app },
        { label: customApp.grantType, value: customApp.authorizationCode },
        { label: customApp.signInRedirectUris, value: "https://…/callback", isMarked: true },
        { label: customApp.signOutRedirectUris, value: "https://…/signed-out", isMarked: true },
      ],
      button: okta.buttons.save,
    },
    "okta-new-saml": {
      title: okta.catalog.createIntegration,
      tabs: [],
      tab: null,
      fields: [
        { label: customApp.ssoUrl, value: "https://…/acs", isMarked: true },
        { label: customApp.audience, value: "https://…/metadata", isMarked: true },
        { label: customApp.nameIdFormat, value: customApp.unspecified },
        { label: customApp.username, value: signOn.oktaUsername },
      ],
      button: okta.buttons.next,
    },
    "okta-sign-on-oidc": {
      title: app,
      tabs: appTabs,
      tab: okta.tabs.signOn,
      marksOrg: true,
      fields: [
        { label: signOn.clientId, value: "0oa1a2b3c4d5e6f7g8h9", isMarked: true },
        { label: signOn.clientSecret, value: "••••••••••••••••", isMarked: true },
      ],
      button: null,
    },
    "okta-sign-on-saml": {
      title: app,
      tabs: appTabs,
      tab: okta.tabs.signOn,
      fields: [{ label: signOn.metadataUrl, value: "https://acme.okta.com/…/metadata", isMarked: true }],
      button: null,
    },
    "okta-assignments": {
      title: app,
      tabs: appTabs,
      tab: okta.tabs.assignments,
      fields: [],
      button: okta.assignments.assign,
    },
  } as const satisfies Record<string, OktaScreen>;
}
