import assert from "node:assert/strict";
import type { Integration } from "../src/integration.ts";
import { type ManifestFault, problemsOf, refusesEach, remarksOnEach } from "./manifest-faults.ts";
import { png } from "./png.ts";
import { sample } from "./sample.ts";

const { manifest: integration } = sample;
const { variables, description, scim } = integration;
assert.ok(scim);
const extraVariables = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ name: `v${index}`, label: "Value" }));
const withVariable = (name: string, label = "Value") => ({ variables: [...variables, { name, label }] });

const faults: ManifestFault[] = [
  {
    title: "a name of 65 characters",
    change: { displayName: "x".repeat(65) },
    names: "displayName length",
    message: /65 characters.* 64 .*Catalog/,
  },
  { title: "no name", change: { displayName: " " }, names: "displayName required", message: /required/ },
  {
    title: "a description of 1024 characters",
    change: { description: description.padEnd(1024, "x") },
    names: "description length",
    message: /1024 characters.* 1023 /,
  },
  {
    title: "four use cases",
    change: { useCases: ["Automation", "Zero Trust", "Centralized Logging", "Identity Verification"] },
    names: "useCases use-case-count",
    message: /4 entries.* 3 /,
  },
  {
    title: "more categories than five, with those that Okta adds",
    change: { useCases: ["Automation", "Zero Trust", "Centralized Logging", "Identity Verification"] },
    names: "useCases category-count",
    message: /6 categories with Single Sign-On and Lifecycle Management.* 5 .*Use case guidelines/,
  },
  {
    title: "Directory and HR Sync without profile sourcing",
    change: { useCases: ["Directory and HR Sync"] },
    names: "useCases use-case-fits",
    message: /Directory and HR Sync.*profile sourcing/,
  },
  {
    title: "Centralized Logging without an API service",
    change: { useCases: ["Centralized Logging"] },
    names: "useCases use-case-fits",
    message: /System Log/,
  },
  {
    title: "Identity Verification without that capability",
    change: { useCases: ["Identity Verification"] },
    names: "useCases use-case-fits",
    message: /capability/,
  },
  {
    title: "governance without provisioning",
    change: { scim: null },
    names: "useCases use-case-fits",
    message: /Governance.*needs provisioning/,
  },
  {
    title: "a use case that the Wizard does not offer",
    change: { useCases: ["Task lists" as never] },
    names: "useCases use-case-name",
    message: /Task lists/,
  },
  {
    title: "a use case twice",
    change: { useCases: ["Automation", "Automation"] },
    names: "useCases use-case-once",
    message: /twice/,
  },
  {
    title: "no way to reach support",
    change: { customerSupport: { link: null, email: null, phone: null } },
    names: "customerSupport support-contact",
    message: /a link, an e-mail address or a phone number/,
  },
  {
    title: "an invalid support number",
    change: { customerSupport: { link: null, email: null, phone: "call us" } },
    names: "customerSupport.phone phone",
    message: /call us/,
  },
  {
    title: "an invalid support address",
    change: { customerSupport: { link: null, email: "me@", phone: null } },
    names: "customerSupport.email email",
    message: /me@/,
  },
  {
    title: "a support link that runs a script",
    change: { customerSupport: { link: "javascript:alert(1)", email: null, phone: null } },
    names: "customerSupport.link support-link",
    message: /web address/,
  },
  {
    title: "an invalid escalation address",
    change: { escalationEmail: "okta" },
    names: "escalationEmail email",
    message: /"okta"/,
  },
  {
    title: "an http origin",
    change: { origin: "http://app.example.com" },
    names: "origin origin",
    message: /https/,
  },
  {
    title: "an origin on the ISV's own machine",
    change: { origin: "https://localhost" },
    names: "origin origin-public",
    message: /can reach/,
  },
  {
    title: "an origin with a private name",
    change: { origin: "https://app.internal" },
    names: "origin origin-public",
    message: /can reach/,
  },
  {
    title: "an origin that is an IP address",
    change: { origin: "https://10.1.2.3" },
    names: "origin origin-public",
    message: /can reach/,
  },
  {
    title: "an origin with a path",
    change: { origin: "https://app.example.com/app" },
    names: "origin origin",
    message: /nothing else/,
  },
  {
    title: "an origin with a trailing slash",
    change: { origin: "https://app.example.com/" },
    names: "origin origin",
    message: /nothing else/,
  },
  {
    title: "nine variables",
    change: { variables: [...variables, ...extraVariables(8)] },
    names: "variables variable-count",
    message: /9 entries.* 8 /,
  },
  {
    title: "a variable with a capital",
    change: withVariable("orgUrl"),
    names: "variables[1].name variable-name",
    message: /lower-case/,
  },
  {
    title: "a variable that starts with a digit",
    change: withVariable("1st"),
    names: "variables[1].name variable-name",
    message: /a letter first/,
  },
  {
    title: "a variable with a hyphen",
    change: withVariable("sub-domain"),
    names: "variables[1].name variable-name",
    message: /underscores/,
  },
  {
    title: "a variable without a label",
    change: withVariable("site", ""),
    names: "variables[1].label required",
    message: /with the name/,
  },
  {
    title: "a variable twice",
    change: withVariable("connection"),
    names: "variables variable-once",
    message: /twice/,
  },
  {
    title: "variables without the one that the URLs need",
    change: { variables: [{ name: "workspace", label: "Workspace" }] },
    names: "variables variable-used",
    message: /lacks connection/,
  },
];

const remarks: [string, Partial<Integration>, string][] = [
  [
    "three use cases, which leave no place for the Secure Identity collection",
    {
      useCases: [
        "Identity Governance and Administration (IGA)",
        "Zero Trust",
        "Multifactor Authentication (MFA)",
      ],
    },
    "category-slot",
  ],
  ["Automation, which is for API services", { useCases: ["Automation"] }, "use-case-fits"],
  ["four variables", { variables: [...variables, ...extraVariables(3)] }, "variable-count-advised"],
  ["a variable whose name is likely to be reserved", withVariable("domain"), "variable-reserved"],
  ["a description that names no protocol", { description: "Example is a product." }, "names-capabilities"],
  ["a description that promises SAML without it", { saml: null }, "names-capabilities"],
  [
    "a description that promises entitlements without them",
    { description: `${description} Entitlements.`, scim: { ...scim, entitlements: [] } },
    "names-capabilities",
  ],
  [
    "a description that promises Universal Logout without it",
    { description: `${description} Universal Logout.`, universalLogout: null },
    "names-capabilities",
  ],
  [
    "a description that promises Cross App Access without it",
    { description: `${description} Cross App Access.`, crossAppAccess: null },
    "names-capabilities",
  ],
  ["a description of another product", { displayName: "Another" }, "names-product"],
  [
    "one mailbox for tickets and escalations",
    { escalationEmail: integration.customerSupport.email ?? "" },
    "escalation-mailbox",
  ],
];

describe("the manifest's catalog entry", () => {
  refusesEach(faults);
  remarksOnEach(remarks);

  it("refuses a missing logo, and one in SVG", () => {
    const [missing] = problemsOf({ logo: null });
    assert.equal(missing?.rule, "logo-file");
    assert.match(missing.message, /public/);
    const [drawn] = problemsOf({ logo: Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>") });
    assert.equal(drawn?.rule, "logo-format");
    assert.match(drawn.message, /PNG, GIF or JPEG/);
  });

  it("refuses a logo whose pixels, bytes or format Okta does not accept", () => {
    const logo = Buffer.from(sample.logo ?? []);
    const resized = (width: number, height: number) => png({ width, height });
    const jpeg = Buffer.from("ffd8ffe000040000ffc0000b0800c800c801011100", "hex");
    const pixels = (pixel: (x: number, y: number) => number[]) => (y: number) =>
      Array.from({ length: 200 }, (_, x) => pixel(x, y)).flat();
    const inCorner = (x: number, y: number) => Math.min(x, 199 - x) + Math.min(y, 199 - y) < 40;
    const logos: [Uint8Array, string[]][] = [
      [logo, []],
      [resized(201, 200), ["logo-size"]],
      [resized(244, 244), ["logo-square"]],
      [Buffer.concat([logo, Buffer.alloc(1_000_000)]), ["logo-bytes"]],
      [Buffer.from("GIF89a\xc8\0\xc8\0", "latin1"), ["logo-png"]],
      [jpeg, ["logo-png"]],
      [jpeg.subarray(0, 12), ["logo-format"]],
      [logo.subarray(0, 18), ["logo-format"]],
      [Buffer.alloc(0), ["logo-format"]],
      [png({ colour: 2, line: pixels(() => [1, 2, 3]) }), ["logo-transparent"]],
      [png({ line: pixels(() => [1, 2, 3, 255]) }), ["logo-transparent"]],
      [png({ line: pixels((x, y) => [1, 2, 3, inCorner(x, y) ? 0 : 255]) }), ["logo-transparent"]],
      [logo.subarray(0, 60), ["logo-transparent"]],
    ];
    for (const [bytes, rules] of logos) {
      const found = problemsOf({ logo: bytes }).map(({ rule }) => rule);
      assert.deepEqual(found, rules);
    }
  });

  it("says what is wrong with the background of a logo", () => {
    const [flat] = problemsOf({ logo: png({ colour: 2, line: () => new Array(600).fill(9) }) });
    assert.match(flat?.message ?? "", /^logo has no alpha channel; Okta wants.*Logo guidelines/);
    const [opaque] = problemsOf({ logo: png({ line: () => new Array(800).fill(255) }) });
    assert.match(opaque?.message ?? "", /has an alpha channel, but no transparent pixel/);
  });
});
