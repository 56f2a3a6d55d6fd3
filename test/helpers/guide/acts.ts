import { brand } from "../../../config/brand.ts";
import * as hands from "./hands.ts";
import { pageOf, type Reader } from "./reader.ts";
import { textOf } from "./screen.ts";
import { labelsIn } from "./text.ts";

/** The reader's act if a text matches. A phrase that returns false does not apply, and neither does its sentence. */
export interface Row {
  pattern: RegExp;
  act(reader: Reader, groups: Readonly<Record<string, string>>, text: string): unknown;
}

const nothing = () => undefined;
const label = String.raw`\*\*(?<label>[^*]+)\*\*`;
const matching = (pattern: string) => new RegExp(pattern, "i");
/** Matches a text in which PRODUCT stands for the product's name. */
const aboutProduct = (pattern: string, flags = "i") =>
  new RegExp(pattern.replace("PRODUCT", brand.productName), flags);
const firstOf = (text: string) => labelsIn(text)[0] ?? "";

/** Where a sentence happens, and when: the phrases before its first verb. */
export const phrases: readonly Row[] = [
  { pattern: /^(back )?in okta|^in the okta admin console/i, act: (reader) => hands.lookAt(reader, "okta") },
  { pattern: /^on your okta dashboard/i, act: (reader) => hands.openDashboard(reader) },
  { pattern: aboutProduct("^(back )?in PRODUCT"), act: (reader) => hands.lookAt(reader, "product") },
  { pattern: /^on the page of (the|your) connection/i, act: nothing }, // where the reader left this window
  {
    pattern: matching(`^on the ${label}`),
    act: (reader, groups) => hands.openTab(reader, groups.label ?? ""),
  },
  {
    pattern: /^in the menu of the person's row/i,
    act: (reader) => hands.openMenuOf(reader, reader.person.login),
  },
  {
    pattern: matching(`^(as|(under|in)( the section)?) ${label}`),
    act: (reader, groups) => hands.under(reader, groups.label ?? ""),
  },
  { pattern: /^if (?<condition>.*)/i, act: (reader, { condition = "" }) => hands.holds(reader, condition) },
  {
    pattern: /^the page of the connection opens/i,
    act: (reader) => textOf(pageOf(reader), "Add the app in Okta"),
  },
  { pattern: /^in the window that opens/i, act: (reader) => hands.lookAtNewWindow(reader) },
  // A purpose: the reader wants all that the guide offers.
  { pattern: /^(to|for) /i, act: nothing },
  { pattern: /^by rule/i, act: () => false }, // the reader has done it for one person
];

function act(verb: string, pattern: RegExp, does: Row["act"]): Row & { verb: string } {
  return { verb, pattern, act: does };
}

/** The reader's acts, by verb. Of the rows with a verb, the first counts whose pattern matches what follows it. */
export const acts: readonly (Row & { verb: string })[] = [
  act("sign in", aboutProduct("^to PRODUCT as a test person"), (reader) => hands.signInAsTester(reader)),
  act("sign in", aboutProduct("^to PRODUCT"), (reader) => hands.visit(reader, "product", "/")),
  act("sign in", /^to okta/i, (reader) => hands.signInAtOkta(reader, pageOf(reader))),
  act("go to", /^(\[|`)(?<url>http[^\]`]+)/, (reader, { url = "" }) => hands.openAddress(reader, url)),
  act("go to", /\*\*/, (reader, _groups, text) => hands.goTo(reader, labelsIn(text))),
  act("open", matching(`^the ${label}.* tab`), (reader, groups) => hands.openTab(reader, groups.label ?? "")),
  act("open", matching(`^the ${label} \\(in some orgs`), (reader, groups) =>
    hands.openTab(reader, groups.label ?? ""),
  ),
  act("open", /^that person/, (reader) => hands.clickOn(reader, hands.nameOf(reader.person))),
  act("open", /^it there under /, (reader, _groups, text) => hands.openGroup(reader, labelsIn(text))),
  act("open", /\*\*/, (reader, _groups, text) => hands.open(reader, firstOf(text))),
  act("click", matching(`^${label} next to each person`), (reader, groups) =>
    hands.clickInRow(reader, groups.label ?? "", reader.person.login),
  ),
  act("click", aboutProduct("^the tile of PRODUCT"), (reader) => hands.clickOn(reader, reader.app)),
  act("click", /\*\*/, (reader, _groups, text) => hands.clickPath(reader, labelsIn(hands.firstChoice(text)))),
  act("search for", /\*\*/, (reader, _groups, text) => hands.search(reader, firstOf(text))),
  act("select", /^it$/, (reader) => hands.clickOn(reader, reader.app)),
  act("select", /^the groups$/, (reader) => hands.choose(reader, reader.group)),
  act("select", /^the values$/, (reader) => hands.chooseValues(reader)),
  act("select", /\*\*/, (reader, _groups, text) => hands.choose(reader, firstOf(text))),
  act("choose", matching(`^a schedule under ${label}`), (reader, groups) =>
    hands.chooseAny(reader, groups.label ?? ""),
  ),
  act("choose", matching(`^${label} and \\*\\*`), async (reader, _groups, text) => {
    for (const one of labelsIn(text)) await hands.choose(reader, one);
  }),
  act("choose", /\*\*/, (reader, _groups, text) => hands.choose(reader, firstOf(text))),
  act("set", new RegExp(`^${label} to \\*\\*(?<value>[^*]+)`), (reader, { label: field = "", value = "" }) =>
    hands.setTo(reader, field, value),
  ),
  act("switch", new RegExp(`^${label} on`), (reader, groups) => hands.tick(reader, groups.label ?? "")),
  // The sentence makes this depend on an owner's wish, which this owner does not have.
  act("enable", / only if an owner also /, nothing),
  act("enable", /\*\*/, (reader, _groups, text) => hands.tickEach(reader, labelsIn(text))),
  act("copy", /\*\*/, (reader, _groups, text) => hands.copy(reader, labelsIn(text))),
  act("enter", /^your work e-mail/i, (reader) => hands.typeIntoOnly(reader, reader.person.email)),
  act("enter", matching(`^a number under ${label}`), (reader, groups) =>
    hands.type(reader, groups.label ?? "", "365"),
  ),
  act("enter", /\*\*/, (reader, _groups, text) => hands.pasteEach(reader, labelsIn(text))),
  act("paste", new RegExp(`^the (?<name>[^*]+?) into ${label}`), (reader, { name = "", label: field = "" }) =>
    hands.pasteInto(reader, name, field),
  ),
  act("paste", /\*\*/, (reader, _groups, text) => hands.pasteEach(reader, labelsIn(text))),
  act("reload", aboutProduct("^PRODUCT: the sign-in page appears"), (reader) =>
    hands.assertSignedOut(reader),
  ),
  act("assign", /^a test person in okta/i, (reader) => hands.assignAnother(reader)),
  act("assign", /^them again: the same account is active again/i, (reader) => hands.assignAgain(reader)),
  act("assign", aboutProduct("^the members to PRODUCT as well"), nothing), // "Assign people" has done it
  act("change", /^their last name in okta/i, (reader) => hands.changeLastName(reader)),
  act("unassign", /^them$/i, (reader) => hands.unassign(reader)),
  act("confirm", /^the matches$/i, (reader) => hands.confirmMatches(reader)),
  // These take no hands: the reader looks, or leaves a value as it is.
  act("leave", new RegExp(`^${label} empty`), (reader, groups) =>
    hands.assertEmpty(reader, groups.label ?? ""),
  ),
  act("leave out", /./, nothing),
  act("keep", /^the .*\*\*/, (reader, _groups, text) => hands.assertFilled(reader, firstOf(text))),
  act("keep", /^it secret/i, nothing),
  act("check", /./, nothing),
  act("compare", /./, nothing),
];

/** Sentences without a verb of the reader's. Those that say what the reader sees now are checked; the others explain. */
export const expectations: readonly Row[] = [
  { pattern: aboutProduct("^you are signed in to PRODUCT"), act: (reader) => hands.assertSignedIn(reader) },
  {
    pattern: /^the page shows what arrived/i,
    act: (reader) => hands.seeInProduct(reader, /understand each other/),
  },
  {
    pattern: aboutProduct("^okta answers that PRODUCT was verified"),
    act: (reader) => textOf(pageOf(reader), /was verified successfully/),
  },
  {
    pattern: matching(`^the ${label} tab appears`),
    act: (reader, groups) => textOf(pageOf(reader), groups.label ?? ""),
  },
  {
    pattern: /^from now on people sign in at `(?<url>[^`]+)/i,
    act: (reader, { url = "" }) => hands.rememberSignIn(reader, url),
  },
  { pattern: /^if something is missing, correct/i, act: nothing }, // The test sign-in works.
  { pattern: /^if you do not see it/i, act: nothing }, // The tab appeared.
  { pattern: /, they appear within seconds/i, act: (reader) => hands.assertInProduct(reader, "Active") },
  {
    pattern: aboutProduct("^it changes in PRODUCT"),
    act: (reader) => hands.assertInProduct(reader, "Active"),
  },
  {
    pattern: aboutProduct("^they are deactivated in PRODUCT"),
    act: (reader) => hands.assertInProduct(reader, "Deactivated"),
  },
  {
    pattern: aboutProduct(
      "^(The|A|An|It|That|This|People|They|Okta|PRODUCT|Entitlements|Passwords|From now on|Both|Do not) ",
      "",
    ),
    act: nothing,
  },
];
