import type { ConnectionType } from "../../../../src/model.ts";
import type { ProtocolStory } from "./protocol-story.ts";
import { samlStory } from "./saml.ts"; // SAML

const oidcStory: ProtocolStory = {
  tile: {
    look: "You are signed in, and did not need a password here. The tile sent only the name of the org; the application asked the org who you are, and trusted the answer because the org’s key had signed it.",
    files: ["src/oidc/routes.ts", "src/oidc/relying-party.ts", "src/directory/sign-in.ts"],
  },
  beginning: "src/sso/sign-in.ts",
  arrival: "src/oidc/routes.ts",
  renamed:
    "It is the same account. The application knows the person by a key that never changes (sub), so a new name changes only the name.",
  otherSession: {
    look: "The application asked the org, and the org said who is signed in there now. The browser’s former session has ended; nothing of it is left in the new one.",
    files: ["src/oidc/routes.ts", "src/web/sessions.ts"],
  },
  steps: () => [],
};

export const protocolStories: Readonly<Record<ConnectionType, ProtocolStory>> = {
  oidc: oidcStory,
  saml: samlStory, // SAML
};
